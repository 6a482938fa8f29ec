"""Pools on shares of the network: the kernel's own NFS server, versions 3 and 4, and Samba; next to libvirtd on the same shares."""

import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import libvirt
import pytest

from devices import run
from expect import eventually, raises
from pools import MIB, mask, volume_xml
from servers import UNWATCHED
from shares import ADDRESS, DEAD, OWNER, Network, Nfs, Smb
from test_fs_pools import Seen, defined
from transcripts import tool

DISKS = ["256M"]
MODULES = ["nfsd", "nfs", "nfsv3", "nfsv4", "cifs"]
LIMIT = 900

SAFE = {"nodev", "nosuid", "noexec"}
# The same folder as each version names it.
VERSIONS = {"3": "/srv/nfs/open", "4.2": "/open"}


@pytest.fixture(scope="module")
def network():
    Network.come()
    return Network


@pytest.fixture(scope="module")
def nfs(network):
    return Nfs("/dev/ubda")


@pytest.fixture(scope="module")
def smb(network, tmp_path_factory):
    return Smb(tmp_path_factory.mktemp("smb"))


@pytest.fixture(autouse=True)
def nothing_left(nfs):
    """Every test has the open share for itself, and leaves nothing mounted."""
    yield
    Network.come()
    eventually(lambda: subprocess.run(["umount", "-a", "-t", "nfs,nfs4,cifs"], capture_output=True, check=False).returncode == 0)
    run("find", nfs.folder("open"), nfs.folder("squashed"), "-mindepth", "1", "-delete")


def netfs_xml(name: str, target, folder: str = VERSIONS["3"], format: str = "nfs", host: str = ADDRESS, version: str | None = "3",
              options: tuple = (), auth: str = "") -> str:
    protocol = f"<protocol ver='{version}'/>" if version and format in ("nfs", "auto") else ""
    mount_options = "<fs:mount_opts>" + "".join(f"<fs:option name='{option}'/>" for option in options) + "</fs:mount_opts>" if options else ""
    return (f"<pool type='netfs' xmlns:fs='http://libvirt.org/schemas/storagepool/fs/1.0'><name>{name}</name>"
            f"<source><host name='{host}'/><dir path='{folder}'/><format type='{format}'/>{auth}{protocol}</source>"
            f"<target><path>{target}</path></target>{mount_options}</pool>")


@contextmanager
def running(conn, xml: str):
    with defined(conn, xml) as pool:
        pool.build()
        pool.create()
        yield pool


@pytest.fixture
def seen(server):
    return Seen(server)


@pytest.fixture
def reachable(short_folder):
    """A target that other users than root get to."""
    return short_folder / "target"


def names(pool) -> list[str]:
    return sorted(pool.listVolumes())


@pytest.mark.parametrize("transport", ["unix"])
@pytest.mark.parametrize(("format", "version"), [("nfs", "3"), ("nfs", "4.2"), ("auto", "3")])
def test_a_whole_life_through_virsh(virsh, seen, nfs, tmp_path, format, version):
    target = tmp_path / "target"
    (tmp_path / "pool.xml").write_text(netfs_xml("life", target, VERSIONS[version], format, version=version, options=("noatime",)))
    virsh.ok("pool-define", tmp_path / "pool.xml")
    try:
        virsh.ok("pool-build", "life")
        virsh.fails("pool-build", "life", "--overwrite", says="format")
        virsh.ok("pool-start", "life")
        source, options = seen.mount(target)
        assert source == f"{ADDRESS}:{VERSIONS[version]}" and options >= SAFE | {"noatime", f"vers={version}"}
        virsh.ok("vol-create-as", "life", "a", "4M", "--format", "qcow2")
        virsh.ok("vol-create-as", "life", "b", "1M", "--allocation", "0")
        (tmp_path / "data").write_bytes(b"data" * 1000)
        virsh.ok("vol-upload", "b", tmp_path / "data", "--pool", "life")
        virsh.ok("vol-clone", "b", "c", "--pool", "life")
        virsh.ok("vol-resize", "c", "2M", "--pool", "life")
        virsh.ok("vol-wipe", "b", "--pool", "life")
        virsh.ok("vol-delete", "a", "--pool", "life")
        virsh.ok("vol-download", "c", tmp_path / "copy", "--pool", "life")
        assert (tmp_path / "copy").read_bytes()[:4000] == b"data" * 1000
        assert sorted(os.listdir(nfs.folder("open"))) == ["b", "c"]
        virsh.ok("pool-refresh", "life")
        disk = os.statvfs(seen.file(target))
        assert f"<capacity unit='bytes'>{disk.f_blocks * disk.f_frsize}<" in virsh.ok("pool-dumpxml", "life")
        virsh.ok("pool-destroy", "life")
        assert seen.mount(target) is None and not list(target.iterdir())
        virsh.ok("pool-start", "life")
        assert "/c" in virsh.ok("vol-list", "life")
        virsh.ok("pool-destroy", "life")
        virsh.ok("pool-delete", "life")
        assert not target.exists()
    finally:
        virsh("pool-destroy", "life")
        virsh.ok("pool-undefine", "life")


@pytest.mark.parametrize("version", VERSIONS)
def test_both_servers_make_the_same_of_a_share(conn, judge, server, libvirtd, nfs, tmp_path, version):
    xml = netfs_xml("same", tmp_path / "target", VERSIONS[version], version=version, options=("noatime", "actimeo=0"))
    with running(judge, xml) as theirs, running(conn, xml) as ours:
        for format in ("raw", "qcow2", "dir"):
            (theirs if format == "raw" else ours).createXML(volume_xml(format, format=format))
        described = []
        for pool, of in ((theirs, libvirtd), (ours, server)):
            pool.refresh()
            source, options = Seen(of).mount(tmp_path / "target")
            options = {option for option in options if not option.startswith("mountport=")}
            described.append([mask(pool.XMLDesc()), source, options, *(pool.storageVolLookupByName(name).XMLDesc() for name in names(pool))])
        assert described[0] == described[1]
        assert len(described[0]) == 6


def test_what_is_exported_is_found(conn, judge, nfs):
    tool("netfs", "showmount", "showmount", "--no-headers", "--exports", ADDRESS)
    found = conn.findStoragePoolSources("netfs", f"<source><host name='{ADDRESS}'/></source>")
    assert found == judge.findStoragePoolSources("netfs", f"<source><host name='{ADDRESS}'/></source>")
    assert all(f"<dir path='/srv/nfs{folder}'/>" in found for folder in ("", "/open", "/squashed", "/a b"))
    assert found.count("<format type='nfs'/>") == found.count(f"<host name='{ADDRESS}'/>") == 4


def test_where_nothing_can_be_found(conn, judge):
    for connection in (conn, judge):
        with raises(libvirt.VIR_ERR_INVALID_ARG):
            connection.findStoragePoolSources("netfs", None)
        with raises(libvirt.VIR_ERR_CONFIG_UNSUPPORTED):
            connection.findStoragePoolSources("netfs", "<source><host name='a'/><host name='b'/></source>")
        with raises(libvirt.VIR_ERR_OPERATION_FAILED):
            connection.findStoragePoolSources("netfs", f"<source><host name='{DEAD}'/></source>")


@pytest.mark.parametrize("flaw", ["no such share", "no folder", "another version"])
def test_a_share_that_cannot_be_mounted_leaves_the_pool_inactive(conn, judge, seen, nfs, tmp_path, flaw):
    target = tmp_path / "target"
    if flaw != "no folder":
        target.mkdir()
    xml = netfs_xml("bad", target, "/srv/nosuch" if flaw == "no such share" else VERSIONS["3"], version="9" if flaw == "another version" else "3")
    for connection in (judge, conn):
        with defined(connection, xml) as pool:
            with raises(libvirt.VIR_ERR_INTERNAL_ERROR, libvirt.VIR_FROM_NONE) as failure:
                pool.create()
            assert "mount.nfs:" in failure.message
            assert not pool.isActive()
    assert seen.mount(target) is None


def test_a_server_that_does_not_answer_is_not_waited_for_without_end(conn, nfs, tmp_path):
    with defined(conn, netfs_xml("dead", tmp_path / "target", host=DEAD, options=("retry=0",))) as pool:
        pool.build()
        with raises(libvirt.VIR_ERR_INTERNAL_ERROR, libvirt.VIR_FROM_NONE) as failure:
            pool.create()
        assert "mount.nfs:" in failure.message and not pool.isActive()


def test_a_share_serves_one_pool(conn, judge, nfs, tmp_path):
    for connection in (conn, judge):
        with defined(connection, netfs_xml("first", tmp_path / "one")):
            with raises(libvirt.VIR_ERR_OPERATION_FAILED):
                connection.storagePoolDefineXML(netfs_xml("second", tmp_path / "two", version=None))
            with defined(connection, netfs_xml("other", tmp_path / "two", "/srv/nfs/squashed")):
                pass


def test_where_root_is_nobody_volumes_belong_to_whom_they_are_asked_for(conn, judge, nfs, reachable):
    owned = f"<target><format type='FORMAT'/><permissions><mode>0640</mode><owner>{OWNER}</owner><group>{OWNER}</group></permissions></target>"
    for connection in (judge, conn):
        with running(connection, netfs_xml("owned", reachable, "/srv/nfs/squashed")) as pool:
            with raises(libvirt.VIR_ERR_SYSTEM_ERROR) as failure:
                pool.createXML(volume_xml("root"))
            assert failure.errno == 13
            for format in ("raw", "qcow2", "dir"):
                pool.createXML(volume_xml(format, extra=owned.replace("FORMAT", format)))
            made = {path.name: path.stat() for path in nfs.folder("squashed").iterdir()}
            assert sorted(made) == ["dir", "qcow2", "raw"]
            assert {(status.st_uid, status.st_mode & 0o777) for status in made.values()} == {(OWNER, 0o640)}
        run("find", nfs.folder("squashed"), "-mindepth", "1", "-delete")


@pytest.mark.cistern_only("libvirtd copies as root alone")
def test_where_root_is_nobody_volumes_are_cloned_and_deleted_too(conn, nfs, reachable):
    owned = f"<target><permissions><mode>0644</mode><owner>{OWNER}</owner><group>{OWNER}</group></permissions></target>"
    there = nfs.folder("squashed") / "source"
    there.write_bytes(b"data" * (MIB // 4))
    os.chown(there, OWNER, OWNER)
    with running(conn, netfs_xml("owned", reachable, "/srv/nfs/squashed")) as pool:
        source = pool.storageVolLookupByName("source")
        copy = pool.createXMLFrom(volume_xml("copy", extra=owned), source)
        made = nfs.folder("squashed") / "copy"
        assert made.read_bytes() == b"data" * (MIB // 4) and made.stat().st_uid == OWNER
        assert copy.info()[1] == MIB
        copy.delete()
        assert os.listdir(nfs.folder("squashed")) == ["source"]


def test_a_share_in_use_is_not_stopped(conn, seen, nfs, tmp_path):
    with running(conn, netfs_xml("busy", tmp_path / "target")) as pool:
        volume = pool.createXML(volume_xml("v"))
        with open(seen.file(volume.path()), "rb"), raises(libvirt.VIR_ERR_INTERNAL_ERROR, libvirt.VIR_FROM_NONE) as failure:
            pool.destroy()
        assert "busy" in failure.message
        assert pool.isActive() and names(pool) == ["v"]
        pool.destroy()
        assert seen.mount(tmp_path / "target") is None


@pytest.mark.cistern_only("libvirtd goes on in the folder beneath")
def test_a_mount_that_went_makes_the_pool_inaccessible_until_it_is_back(conn, nfs, tmp_path):
    target = tmp_path / "target"
    with running(conn, netfs_xml(UNWATCHED, target)) as pool:
        pool.createXML(volume_xml("v"))
        run("umount", target)
        with raises(libvirt.VIR_ERR_SYSTEM_ERROR) as failure:
            pool.createXML(volume_xml("w"))
        assert "not mounted" in failure.message and not list(target.iterdir())
        assert pool.isActive() and names(pool) == ["v"]
        run("mount", "-o", "nfsvers=3", f"{ADDRESS}:{VERSIONS['3']}", target)
        pool.createXML(volume_xml("w"))
        assert sorted(os.listdir(nfs.folder("open"))) == ["v", "w"]


def test_what_others_do_on_the_server_is_seen_on_refresh(conn, nfs, tmp_path):
    with running(conn, netfs_xml("others", tmp_path / "target", options=("actimeo=1",))) as pool:
        pool.createXML(volume_xml("v"))
        (nfs.folder("open") / "v").unlink()
        (nfs.folder("open") / "w").write_bytes(bytes(MIB))
        eventually(lambda: pool.refresh() or names(pool) == ["w"])


@pytest.mark.cistern_only("libvirtd looks when it is asked")
def test_what_others_do_on_the_server_is_seen_without_a_refresh(conn, nfs, tmp_path):
    with running(conn, netfs_xml("others", tmp_path / "target", options=("actimeo=1",))) as pool:
        (nfs.folder("open") / "w").write_bytes(bytes(MIB))
        eventually(lambda: names(pool) == ["w"])


@pytest.mark.cistern_only("libvirtd waits for the storage without end, and so do its other pools")
def test_a_network_that_went_holds_up_nobody_and_comes_back(conn, network, nfs, tmp_path):
    (tmp_path / "local").mkdir()
    local_xml = f"<pool type='dir'><name>local</name><target><path>{tmp_path}/local</path></target></pool>"
    with running(conn, netfs_xml("far", tmp_path / "target", version="3")) as pool, running(conn, local_xml) as local:
        volume = pool.createXML(volume_xml("v"))
        network.go()
        with ThreadPoolExecutor() as calls:     # each waits for as long as the server is patient
            creation, deletion = calls.submit(pool.createXML, volume_xml("w")), calls.submit(volume.delete)
            local.createXML(volume_xml("near"))
            local.refresh()
            assert not creation.done() and not deletion.done()
            with pytest.raises(libvirt.libvirtError) as failure:
                creation.result()
            assert failure.value.get_error_code() in (libvirt.VIR_ERR_OPERATION_TIMEOUT, libvirt.VIR_ERR_SYSTEM_ERROR)
            with pytest.raises(libvirt.libvirtError):
                deletion.result()
        assert pool.isActive() and names(pool) == ["v"] and volume.info()[1] == MIB
        network.come()
        (nfs.folder("open") / "new").write_bytes(b"x")
        eventually(lambda: "new" in names(pool))
        pool.createXML(volume_xml("after"))
        assert set(names(pool)) >= {"after", "new", "v"}


@pytest.mark.cistern_only("libvirtd waits for the storage without end")
@pytest.mark.parametrize("version", VERSIONS)
def test_a_pool_can_be_stopped_when_its_server_does_not_answer(conn, seen, network, nfs, tmp_path, version):
    with running(conn, netfs_xml("far", tmp_path / "target", VERSIONS[version], version=version)) as pool:
        pool.createXML(volume_xml("v"))
        run("sync", "-f", tmp_path / "target")
        network.go()
        pool.destroy()
        assert not pool.isActive() and seen.mount(tmp_path / "target") is None


# Changes a file through memory, and goes when told to: nobody but the kernel knows that it is to be written back.
WRITER = """
import ctypes, os, sys
map = ctypes.CDLL(None).mmap
map.restype = ctypes.c_void_p
file = os.open(sys.argv[1], os.O_RDWR)
memory = map(None, ctypes.c_size_t(8192), 3, 1, file, ctypes.c_long(0))
os.close(file)
ctypes.memmove(memory, b"precious" * 1000, 8000)
print("changed", flush=True)
sys.stdin.readline()
os._exit(0)
"""


@pytest.mark.cistern_only("libvirtd waits for the storage without end")
def test_what_is_not_written_back_when_a_pool_is_stopped_is_not_thrown_away(conn, network, nfs, tmp_path):
    target = tmp_path / "target"
    with running(conn, netfs_xml("far", target)) as pool:
        pool.createXML(volume_xml("v"))
        writer = subprocess.Popen([sys.executable, "-c", WRITER, target / "v"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert writer.stdout.readline() == "changed\n"
        network.go()
        assert not (nfs.folder("open") / "v").read_bytes().startswith(b"precious")
        print(file=writer.stdin, flush=True)
        assert writer.wait(60) == 0
        try:
            pool.destroy()
        except libvirt.libvirtError as failure:
            assert failure.get_error_code() == libvirt.VIR_ERR_OPERATION_TIMEOUT and "umount" in failure.get_error_message()
            assert pool.isActive()
        network.come()
        eventually(lambda: (nfs.folder("open") / "v").read_bytes().startswith(b"precious" * 1000), 300)


@pytest.mark.cistern_only("a new libvirtd has a new mount namespace here")
@pytest.mark.parametrize("stays", [True, False])
def test_a_restarted_server_goes_by_what_is_mounted(own_server, nfs, tmp_path, stays):
    seen, target = Seen(own_server), tmp_path / "target"
    conn = libvirt.open(own_server.uri())
    pool = conn.storagePoolDefineXML(netfs_xml("kept", target))
    pool.build()
    pool.create()
    pool.createXML(volume_xml("v"))
    conn.close()
    own_server.stop()
    if not stays:
        run("umount", target)
    own_server.start()
    conn = libvirt.open(own_server.uri())
    pool = conn.storagePoolLookupByName("kept")
    assert pool.isActive() == stays
    if not stays:
        pool.create()
    assert names(pool) == ["v"]
    pool.destroy()
    assert seen.mount(target) is None
    conn.close()


def test_guests_share_with_samba(conn, judge, server, libvirtd, smb, tmp_path):
    found = []
    for connection, of in ((judge, libvirtd), (conn, server)):
        with running(connection, netfs_xml("guest", tmp_path / "target", "open", "cifs")) as pool:
            source, options = Seen(of).mount(tmp_path / "target")
            assert source == f"//{ADDRESS}/open" and options >= SAFE | {"sec=none"}
            pool.createXML(volume_xml("v"))
            assert os.path.getsize(smb.shared / "v") == MIB
            # The client takes its time to learn what the server has allocated.
            volume = re.sub("<allocation.*", "", mask(pool.storageVolLookupByName("v").XMLDesc()))
            found.append((mask(pool.XMLDesc()), volume))
            pool.storageVolLookupByName("v").delete()
        with raises(libvirt.VIR_ERR_INTERNAL_ERROR, libvirt.VIR_FROM_NONE) as failure, \
                defined(connection, netfs_xml("closed", tmp_path / "target", "closed", "cifs")) as closed:
            closed.create()
        assert "mount error(13)" in failure.message
    assert found[0] == found[1]


@pytest.fixture
def secret(conn, smb):
    """Makes a secret with a value; returns how a source names it."""
    made = []

    def make(value: str, xml: str = "<secret ephemeral='yes' private='yes'/>") -> str:
        made.append(conn.secretDefineXML(xml))
        made[-1].setValue(value.encode())
        return f"<auth type='chap' username='{smb.USER}'><secret uuid='{made[-1].UUIDString()}'/></auth>"

    yield make
    for each in made:
        each.undefine()


@pytest.mark.cistern_only("libvirtd is a guest whatever the document says")
def test_a_user_shares_with_samba(conn, seen, server, smb, secret, tmp_path):
    with running(conn, netfs_xml("user", tmp_path / "target", "closed", "cifs", auth=secret(smb.PASSWORD))) as pool:
        options = seen.mount(tmp_path / "target")[1]
        assert f"username={smb.USER}" in options and not any("pass" in option for option in options)
        pool.createXML(volume_xml("v", format="qcow2"))
        assert (smb.shared / "v").owner() == smb.USER
        pool.refresh()
        assert "type='qcow2'" in pool.storageVolLookupByName("v").XMLDesc()
        pool.storageVolLookupByName("v").delete()
        assert not list(server.state_folder.parent.rglob("*.credentials"))
        assert smb.PASSWORD not in server.log.read_text()


@pytest.mark.cistern_only("libvirtd is a guest whatever the document says")
def test_a_wrong_password_is_no_way_in_and_is_not_told(conn, server, smb, secret, tmp_path):
    with defined(conn, netfs_xml("user", tmp_path / "target", "closed", "cifs", auth=secret("sesame, open"))) as pool:
        pool.build()
        with raises(libvirt.VIR_ERR_INTERNAL_ERROR, libvirt.VIR_FROM_NONE) as failure:
            pool.create()
    assert "mount error(13)" in failure.message and "sesame" not in failure.message
    assert not list(server.state_folder.parent.rglob("*.credentials"))
    assert "sesame" not in server.log.read_text()
