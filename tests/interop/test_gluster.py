"""Pools in gluster volumes, against a real glusterd on loopback; libvirtd's own backend is asked the same."""

import json
import os
import re
import subprocess
from contextlib import contextmanager, suppress
from pathlib import Path

import libvirt
import pytest

from busy import copy_under_construction
from expect import eventually, raises
from gluster_server import Gluster
from pools import MIB, Pool, volume_xml

NOTES = 64 << 10         # bytes that a brick's file system may take for what gluster notes on a file

pytestmark = pytest.mark.skipif(not Gluster.usable(), reason="needs root and glusterfs-server")


@pytest.fixture(scope="module")
def gluster():
    with Gluster() as server:
        server.brick = server.volume("vol0")
        server.volume("vol1", start=False)
        yield server


@pytest.fixture
def own_gluster():
    """A server for one test, which may hang or go."""
    with Gluster() as server:
        server.brick = server.volume("own")
        yield server


@contextmanager
def defined(conn, xml: str):
    pool = conn.storagePoolDefineXML(xml)
    try:
        yield pool
    finally:
        for step in (pool.destroy, pool.undefine):
            with suppress(libvirt.libvirtError):
                step()


@contextmanager
def running(conn, xml: str):
    with defined(conn, xml) as pool:
        pool.create()
        yield pool


@pytest.fixture(scope="module")
def shared(server, gluster):
    """The pool that the module's tests share: a connection to the volume takes its time."""
    (gluster.brick / "folder").mkdir()
    connection = libvirt.open(server.uri())
    with running(connection, gluster.pool_xml("shared", "vol0", "/folder")):
        yield gluster.brick / "folder"
    connection.close()


@pytest.fixture
def pool(conn, shared):
    found = conn.storagePoolLookupByName("shared")
    found.folder = shared
    yield found
    for volume in found.listAllVolumes():
        volume.delete()


def qemu_img(*arguments) -> str:
    return subprocess.run(["qemu-img", *map(str, arguments)], check=True, capture_output=True, text=True).stdout


def info(path) -> dict:
    return json.loads(qemu_img("info", "--output=json", path))


def content(path, folder) -> bytes:
    """What a guest sees of an image."""
    raw = folder / "guest"
    qemu_img("convert", "-O", "raw", path, raw)
    return raw.read_bytes()


def upload(conn, volume, data: bytes, offset: int = 0) -> None:
    stream = conn.newStream()
    volume.upload(stream, offset, len(data))
    position = 0

    def source(_, size, __):
        nonlocal position
        piece = data[position:position + size]
        position += len(piece)
        return piece
    stream.sendAll(source, None)
    stream.finish()


def download(conn, volume, offset: int = 0, length: int = 0) -> bytes:
    stream = conn.newStream()
    volume.download(stream, offset, length)
    parts = []
    stream.recvAll(lambda _, piece, __: parts.append(piece) and None, None)
    stream.finish()
    return b"".join(parts)


def outcome(call, *arguments):
    try:
        result = call(*arguments)
        return result if isinstance(result, str) else "done"
    except libvirt.libvirtError as error:
        return error.get_error_code(), error.get_error_domain()


def test_a_whole_life_through_virsh(virsh, gluster, tmp_path):
    (tmp_path / "pool.xml").write_text(gluster.pool_xml("life", "vol0"))
    virsh.ok("pool-define", tmp_path / "pool.xml")
    try:
        virsh.ok("pool-build", "life")
        virsh.ok("pool-start", "life")
        virsh.ok("vol-create-as", "life", "raw", "4M", "--allocation", "0")
        virsh.ok("vol-create-as", "life", "image", "64M", "--format", "qcow2")
        assert f"gluster://{gluster.host}/vol0/image" in virsh.ok("vol-list", "life")
        (tmp_path / "data").write_bytes(data := os.urandom(3 * MIB))
        virsh.ok("vol-upload", "raw", tmp_path / "data", "--pool", "life", "--offset", "1000")
        assert (gluster.brick / "raw").read_bytes() == bytes(1000) + data + bytes(MIB - 1000)
        virsh.ok("vol-download", "raw", tmp_path / "copy", "--pool", "life", "--offset", "1000", "--length", len(data))
        assert (tmp_path / "copy").read_bytes() == data
        virsh.ok("vol-clone", "raw", "clone", "--pool", "life")
        virsh.ok("vol-resize", "clone", "5M", "--pool", "life")
        assert (gluster.brick / "clone").read_bytes() == bytes(1000) + data + bytes(2 * MIB - 1000)
        virsh.ok("vol-wipe", "raw", "--pool", "life")
        assert (gluster.brick / "raw").read_bytes() == bytes(4 * MIB)
        for volume in ("raw", "image", "clone"):
            virsh.ok("vol-delete", volume, "--pool", "life")
        virsh.ok("pool-refresh", "life")
        assert sorted(path.name for path in gluster.brick.iterdir() if not path.name.startswith(".glusterfs")) in ([], ["folder"])
        virsh.ok("pool-destroy", "life")
        virsh.fails("pool-delete", "life", says="not support")
    finally:
        virsh("pool-destroy", "life")
        virsh.ok("pool-undefine", "life")


def documents(pool) -> dict:
    """Without times that looking changes: of access, and of folders, on which gluster keeps notes."""
    def masked(xml: str) -> str:
        return re.sub(r"<([ac]time)>[0-9.]+<" if "netdir" in xml else r"<(atime)>[0-9.]+<", r"<\1><", xml)
    return {volume.name(): masked(volume.XMLDesc()) for volume in pool.listAllVolumes()}


def fill(folder) -> None:
    """Files of every kind, made through the volume's own client where libvirtd must see them; here on the only brick."""
    (folder / "plain").write_bytes(b"x" * 5000)
    (folder / "odd name, 100% & more").write_bytes(b"")
    (folder / ".hidden").write_bytes(b"")
    (folder / "empty folder").mkdir()
    (folder / "link").symlink_to("plain")
    (folder / "nowhere").symlink_to("nothing")
    qemu_img("create", "-f", "qcow2", folder / "image", "8M")
    qemu_img("create", "-f", "qcow2", "-o", "compat=0.10", folder / "old", "8M")
    qemu_img("create", "-u", "-f", "qcow2", "-b", "image", "-F", "qcow2", folder / "layered", "8M")
    qemu_img("create", "-f", "vmdk", folder / "other", "8M")


def test_volumes_are_those_that_libvirtd_shows(conn, gluster, libvirtd):
    judge = libvirt.open(libvirtd.uri())
    folder = gluster.brick / "all kinds"
    folder.mkdir()
    fill(folder)
    xml = gluster.pool_xml("judged", "vol0", "/all kinds")
    with running(conn, xml) as pool, running(judge, xml) as judged:
        ours, theirs = documents(pool), documents(judged)
        assert set(theirs) >= {"plain", "odd name, 100% & more", ".hidden", "empty folder", "image", "old", "layered", "other"}
        assert ours == theirs
        # Others use the disk below the brick meanwhile.
        changing = r"<uuid>.*?</uuid>|<allocation .*?</allocation>|<available .*?</available>"
        assert re.sub(changing, "", pool.XMLDesc()) == re.sub(changing, "", judged.XMLDesc())
        assert all(of.info()[1] == of.info()[2] + of.info()[3] for of in (pool, judged))
        for volume in pool.listAllVolumes():
            assert judge.storageVolLookupByKey(volume.key()).name() == conn.storageVolLookupByKey(volume.key()).name() == volume.name()
            assert judge.storageVolLookupByPath(volume.path()).name() == conn.storageVolLookupByPath(volume.path()).name() == volume.name()
        assert outcome(judged.storageVolLookupByName("plain").delete, 0) == outcome(pool.storageVolLookupByName("other").delete, 0) == "done"
        assert not (folder / "plain").exists() and not (folder / "other").exists()
        assert outcome(judged.storageVolLookupByName("old").delete, 1) == outcome(pool.storageVolLookupByName("old").delete, 1)
    judge.close()


def refused(connection, gluster) -> dict:
    """What a server says to what cannot be."""
    told = {}
    for case, xml in {
        "no such volume": gluster.pool_xml("bad", "none"),
        "a stopped volume": gluster.pool_xml("bad", "vol1"),
        "no such folder": gluster.pool_xml("bad", "vol0", "/none"),
        "a relative folder": gluster.pool_xml("bad", "vol0", "none"),
        "a slash in the name": gluster.pool_xml("bad", "vol0/none"),
    }.items():
        with defined(connection, xml) as pool:
            told[case] = outcome(pool.create)
            assert not pool.isActive()
    with defined(connection, gluster.pool_xml("bad", "vol0")) as pool:
        told["delete pool"] = outcome(pool.delete)
    for case, specification in {"nothing": None, "no host": "<source/>", "two hosts": "<source><host name='a'/><host name='b'/></source>",
                                "nobody": "<source><host name='127.0.0.254'/></source>",
                                "volumes": f"<source><host name='{gluster.host}'/></source>"}.items():
        told[f"find {case}"] = outcome(connection.findStoragePoolSources, "gluster", specification)
    return told


def test_what_is_refused_and_found_as_by_libvirtd(conn, gluster, libvirtd):
    judge = libvirt.open(libvirtd.uri())
    ours, theirs = refused(conn, gluster), refused(judge, gluster)
    judge.close()
    assert ours == theirs
    assert "<name>vol0</name>" in ours["find volumes"]


@pytest.mark.parametrize("offset, length", [(0, 5 * MIB), (1, 3 * MIB), (4095, 2), (MIB - 7, 4 * MIB + 13), (9 * MIB, 3 * MIB)])
def test_every_byte_goes_where_it_belongs(conn, pool, offset, length):
    volume = pool.createXML(volume_xml("raw", 10 * MIB, allocation=0))
    data = os.urandom(length)
    upload(conn, volume, data, offset)
    expected = bytearray(10 * MIB)
    expected[offset:offset + length] = data
    assert (pool.folder / "raw").read_bytes() == expected
    assert download(conn, volume, offset, length) == data and download(conn, volume) == expected
    assert volume.info()[1] == len(expected)


def test_holes_stay_holes(conn, pool):
    volume = pool.createXML(volume_xml("raw", 32 * MIB, allocation=0))
    upload(conn, volume, b"x" * MIB, 8 * MIB)
    stream = conn.newStream()
    volume.download(stream, 0, 0, libvirt.VIR_STORAGE_VOL_DOWNLOAD_SPARSE_STREAM)
    seen = []
    stream.sparseRecvAll(lambda _, piece, __: seen.append(("data", len(piece))) and None, lambda _, length, __: seen.append(("hole", length)), None)
    stream.finish()
    assert sum(length for kind, length in seen if kind == "data") == MIB and sum(length for _, length in seen) == 32 * MIB
    stream = conn.newStream()
    volume.upload(stream, 8 * MIB, 0, libvirt.VIR_STORAGE_VOL_UPLOAD_SPARSE_STREAM)
    stream.sendHole(MIB)
    stream.send(b"end")
    stream.finish()
    assert (pool.folder / "raw").read_bytes()[8 * MIB:9 * MIB + 3] == bytes(MIB) + b"end"
    clone = pool.createXMLFrom(volume_xml("clone", 0, allocation=0), volume)
    assert (pool.folder / "clone").read_bytes() == (pool.folder / "raw").read_bytes()
    assert clone.info()[2] < 4 * MIB


def test_space_is_taken_as_asked_for(pool):
    full = pool.createXML(volume_xml("full", 4 * MIB)).info()
    assert full[1] == 4 * MIB and 0 <= full[2] - 4 * MIB < NOTES
    thin = pool.createXML(volume_xml("thin", 4 * MIB, allocation=0))
    assert thin.info()[1] == 4 * MIB and thin.info()[2] < NOTES
    thin.resize(8 * MIB, libvirt.VIR_STORAGE_VOL_RESIZE_ALLOCATE)
    assert thin.info()[1] == 8 * MIB and 0 <= thin.info()[2] - 8 * MIB < NOTES
    thin.resize(8 * MIB + 512, 0)
    assert thin.info()[1] == 8 * MIB + 512


def test_owner_and_mode(pool):
    extra = "<target><permissions><mode>0640</mode><owner>65534</owner><group>65534</group></permissions></target>"
    pool.createXML(volume_xml("owned", MIB, extra=extra))
    status = (pool.folder / "owned").stat()
    assert (status.st_mode & 0o777, status.st_uid, status.st_gid) == (0o640, 65534, 65534)
    pool.createXML(volume_xml("default", MIB))
    assert (pool.folder / "default").stat().st_mode & 0o777 == 0o600


def test_folders(pool):
    volume = pool.createXML(volume_xml("folder", 0, format="dir"))
    assert volume.info()[0] == libvirt.VIR_STORAGE_VOL_NETDIR and (pool.folder / "folder").is_dir()
    (pool.folder / "folder" / "file").write_bytes(b"")
    with raises(libvirt.VIR_ERR_SYSTEM_ERROR):
        volume.delete()
    (pool.folder / "folder" / "file").unlink()
    volume.delete()
    assert not (pool.folder / "folder").exists()


def test_a_qcow2_image_is_made_and_grows(pool, tmp_path):
    volume = pool.createXML(volume_xml("image", 64 * MIB, format="qcow2"))
    image = pool.folder / "image"
    assert info(image)["virtual-size"] == 64 * MIB and info(image)["format-specific"]["data"]["compat"] == "1.1"
    subprocess.run(["qemu-io", "-c", "write -P 7 1M 1M", image], check=True, capture_output=True)
    volume.resize(4 << 30)
    qemu_img("check", image)
    assert info(image)["virtual-size"] == 4 << 30 and volume.info()[1] == 4 << 30
    subprocess.run(["qemu-io", "-c", "read -P 7 1M 1M", "-c", "read -P 0 3G 1M", "-c", "write -P 9 4095M 1M", image], check=True, capture_output=True)
    qemu_img("check", image)
    with raises(libvirt.VIR_ERR_CONFIG_UNSUPPORTED):
        volume.resize(1 << 30, libvirt.VIR_STORAGE_VOL_RESIZE_SHRINK)


def test_an_image_layered_on_another(pool):
    pool.createXML(volume_xml("base", 8 * MIB, format="qcow2"))
    base = pool.storageVolLookupByName("base")
    backing = f"<backingStore><path>{base.path()}</path><format type='qcow2'/></backingStore>"
    volume = pool.createXML(f"<volume><name>top</name><target><format type='qcow2'/></target>{backing}</volume>")
    assert volume.info()[1] == 8 * MIB
    found = info(pool.folder / "top")
    assert found["backing-filename"] == "base" and found["backing-filename-format"] == "qcow2"
    with raises(libvirt.VIR_ERR_CONFIG_UNSUPPORTED):
        pool.createXML(f"<volume><name>bad</name><target><format type='qcow2'/></target>{backing.replace(base.path(), '/etc/passwd')}</volume>")
    with raises(libvirt.VIR_ERR_SYSTEM_ERROR):
        pool.createXML(f"<volume><name>bad</name><target><format type='qcow2'/></target>{backing.replace('base', 'none')}</volume>")


@pytest.mark.parametrize("source", ["raw", "qcow2"])
@pytest.mark.parametrize("target", ["raw", "qcow2"])
def test_clones_between_kinds_of_pools(conn, pool, tmp_path, source, target):
    """From a folder of this host into the gluster volume, within it, and back."""
    ends = os.urandom(MIB), os.urandom(MIB)
    data = ends[0] + bytes(2 * MIB) + ends[1]
    with Pool(conn, "here", tmp_path / "here") as here:
        original = here.create("original", 4 * MIB, format="raw", allocation=0)
        upload(conn, original, ends[0])
        upload(conn, original, ends[1], 3 * MIB)
        if source == "qcow2":
            original = here.api.createXMLFrom(volume_xml("image", 4 * MIB, format="qcow2"), original)
        there = pool.createXMLFrom(volume_xml("there", 4 * MIB, format=target, allocation=0), original)
        assert info(pool.folder / "there")["format"] == target and there.info()[1] == 4 * MIB
        assert content(pool.folder / "there", tmp_path) == data
        assert there.info()[2] < 4 * MIB
        if target == "qcow2":
            qemu_img("check", pool.folder / "there")
        again = pool.createXMLFrom(volume_xml("again", 4 * MIB, format=source), there)
        assert content(pool.folder / "again", tmp_path) == data
        here.api.createXMLFrom(volume_xml("back", 4 * MIB, format=source), again)
        assert content(here.file("back"), tmp_path) == data


def test_what_cannot_be_made(conn, pool, tmp_path):
    for format in ("vmdk", "qed", "vdi"):
        with raises(libvirt.VIR_ERR_CONFIG_UNSUPPORTED):
            pool.createXML(volume_xml("bad", MIB, format=format))
    pool.createXML(volume_xml("taken", MIB))
    with raises(libvirt.VIR_ERR_STORAGE_VOL_EXIST):
        pool.createXML(volume_xml("taken", MIB))
    with raises(libvirt.VIR_ERR_OPERATION_INVALID):
        pool.createXML(volume_xml("a/b", MIB))
    with raises(libvirt.VIR_ERR_INVALID_ARG):
        pool.createXML(volume_xml("bad", MIB), 2)
    assert sorted(path.name for path in pool.folder.iterdir()) == ["taken"]


def test_wiping(conn, pool):
    volume = pool.createXML(volume_xml("image", 8 * MIB, format="qcow2"))
    size = (pool.folder / "image").stat().st_size
    volume.wipe()
    assert (pool.folder / "image").read_bytes() == bytes(size) and "type='raw'" in volume.XMLDesc()
    upload(conn, volume, os.urandom(4 * MIB))
    volume.wipePattern(libvirt.VIR_STORAGE_VOL_WIPE_ALG_TRIM)
    assert volume.info()[2] < NOTES and (pool.folder / "image").read_bytes() == bytes(4 * MIB)
    with raises(libvirt.VIR_ERR_INVALID_ARG):
        volume.wipePattern(libvirt.VIR_STORAGE_VOL_WIPE_ALG_DOD)


def test_what_others_do_is_seen(pool):
    (pool.folder / "new").write_bytes(b"x")
    eventually(lambda: "new" in pool.listVolumes())
    (pool.folder / "new").unlink()
    eventually(lambda: "new" not in pool.listVolumes())


def connections(server) -> int:
    """Those that the server has to gluster volumes: each has one thread that nothing else has."""
    threads = Path("/proc", str(server.process.pid), "task").glob("*/comm")
    return sum(thread.read_text().startswith("glfs_glfspoll") for thread in threads)


def come_back(gluster) -> None:
    gluster.start()
    gluster.start_bricks("own")


def test_servers_that_go_and_come_back(conn, server, own_gluster, tmp_path):
    with running(conn, own_gluster.pool_xml("lost", "own")) as pool, Pool(conn, "other", tmp_path / "other") as other:
        volume = pool.createXML(volume_xml("raw", MIB))
        before = connections(server)
        for round in range(4):
            own_gluster.kill()
            with raises(libvirt.VIR_ERR_SYSTEM_ERROR) as failure:
                pool.refresh()
            assert "inaccessible" in failure.message
            assert pool.isActive() and pool.listVolumes() == ["raw"]
            other.create(f"works {round}")
            come_back(own_gluster)
            eventually(lambda: outcome(download, conn, volume) == "done")
            upload(conn, volume, data := b"back %d" % round)
            assert (own_gluster.brick / "raw").read_bytes()[:len(data)] == data
        assert connections(server) == before > 0


def test_a_pool_stopped_while_its_servers_are_away(conn, server, own_gluster):
    with running(conn, own_gluster.pool_xml("lost", "own")) as pool:
        before = connections(server)
        own_gluster.kill()
        pool.destroy()
        for _ in range(3):
            with raises(libvirt.VIR_ERR_SYSTEM_ERROR):
                pool.create()
        come_back(own_gluster)
        eventually(lambda: outcome(pool.create) == "done")
        pool.createXML(volume_xml("raw", MIB))
        assert connections(server) <= before + 2    # the first was up, and may be refused for good; the library may give up on the second


def test_servers_that_come_when_the_pool_is_started_again(conn, own_gluster):
    """Nothing answers at first, then the server without the volume's brick."""
    own_gluster.kill()
    with defined(conn, own_gluster.pool_xml("late", "own")) as pool:
        with raises(libvirt.VIR_ERR_SYSTEM_ERROR):
            pool.create()
        come_back(own_gluster)
        own_gluster.kill_bricks()
        with raises(libvirt.VIR_ERR_SYSTEM_ERROR):
            pool.create()
        own_gluster.start_bricks("own")
        eventually(lambda: outcome(pool.create) == "done")
        pool.createXML(volume_xml("raw", MIB))
        assert (own_gluster.brick / "raw").exists()


def test_a_gluster_volume_made_anew(conn, own_gluster):
    with running(conn, own_gluster.pool_xml("anew", "own")) as pool:
        pool.createXML(volume_xml("raw", MIB))
        own_gluster.remove("own")
        own_gluster.volume("own")
        eventually(lambda: outcome(pool.refresh) == "done" and pool.listVolumes() == [])
        pool.createXML(volume_xml("new", MIB))
        assert (own_gluster.brick / "new").exists()


def parts(gluster) -> list[str]:
    return [path.name for path in gluster.brick.iterdir() if ".cistern-" in path.name]


def test_what_a_killed_server_was_copying_is_removed(own_server, own_gluster):
    connection = libvirt.open(own_server.uri())
    pool = connection.storagePoolDefineXML(own_gluster.pool_xml("kept", "own"))
    pool.create()
    with Pool(connection, "here", own_server.root / "here") as here, copy_under_construction(here, pool) as copying:
        copying.expected_to_fail = True
        assert len(parts(own_gluster)) == 1
        own_server.process.kill()
        own_server.process.wait()
    connection.close()
    own_server.start()
    connection = libvirt.open(own_server.uri())
    eventually(lambda: connection.storagePoolLookupByName("kept").listVolumes() == [] and not parts(own_gluster))
    connection.close()


def test_servers_that_hang_hold_up_nobody_else(conn, own_gluster, tmp_path):
    with running(conn, own_gluster.pool_xml("hung", "own")) as pool, Pool(conn, "other", tmp_path / "other") as other:
        pool.createXML(volume_xml("raw", MIB))
        own_gluster.hang()
        try:
            assert outcome(pool.refresh) in ((libvirt.VIR_ERR_SYSTEM_ERROR, libvirt.VIR_FROM_STORAGE), (libvirt.VIR_ERR_OPERATION_TIMEOUT, libvirt.VIR_FROM_STORAGE))
            other.create("works")
            assert pool.listVolumes() == ["raw"]
        finally:
            own_gluster.go_on()
        eventually(lambda: outcome(pool.refresh) == "done")


def test_a_pool_outlives_the_server(own_server, own_gluster):
    connection = libvirt.open(own_server.uri())
    connection.storagePoolDefineXML(own_gluster.pool_xml("kept", "own")).create()
    connection.storagePoolLookupByName("kept").createXML(volume_xml("raw", MIB))
    connection.close()
    own_server.restart()
    connection = libvirt.open(own_server.uri())
    eventually(lambda: connection.storagePoolLookupByName("kept").isActive())
    assert connection.storagePoolLookupByName("kept").listVolumes() == ["raw"]
    connection.close()
