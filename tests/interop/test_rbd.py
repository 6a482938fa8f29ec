"""Images of a Ceph cluster: a cluster of one node that the tests start, driven through Cistern and, where it can do the same, through libvirtd."""

import base64
import errno
import json
import subprocess
import threading
import time
import uuid
from contextlib import contextmanager, suppress

import ceph
import libvirt
import pytest

from busy import copy_under_construction
from expect import eventually, raises
from gluster_server import Gluster
from pools import MIB, Pool, volume_xml

OBJECT = 4 * MIB
NAMESPACE = "http://libvirt.org/schemas/storagepool/rbd/1.0"
FAST = {"client_mount_timeout": "3", "rados_mon_op_timeout": "3", "rados_osd_op_timeout": "3"}
USER = "libvirt"
WRONG_KEY = b"\1\0" + bytes(8) + b"\x10\0" + bytes(range(16))      # well formed
WITH_SNAPSHOTS = libvirt.VIR_STORAGE_VOL_DELETE_WITH_SNAPSHOTS
SHRINK = libvirt.VIR_STORAGE_VOL_RESIZE_SHRINK
SPARSE = libvirt.VIR_STORAGE_VOL_DOWNLOAD_SPARSE_STREAM
TRIM = libvirt.VIR_STORAGE_VOL_WIPE_ALG_TRIM


@pytest.fixture(scope="module")
def cluster():
    try:
        made = ceph.Ceph()
    except ceph.Missing as reason:
        pytest.skip(str(reason))
    try:
        made.start()
        made.make_pool("images")
        made.make_pool("others")
        made.make_pool("files", application="cephfs")
        made.key = made.client(USER, "images", "others")
        yield made
    finally:
        made.stop()


def define_secret(conn, value: bytes, usage: str) -> str:
    secret = conn.secretDefineXML(f"<secret private='yes'><uuid>{uuid.uuid4()}</uuid><usage type='ceph'><name>{usage}</name></usage></secret>")
    secret.setValue(value)
    return secret.UUIDString()


@pytest.fixture(scope="module")
def secrets(cluster, server):
    """Secrets of the server under test, by what they are for."""
    conn = libvirt.open(server.uri())
    yield {"right": define_secret(conn, ceph.Ceph.secret(cluster.key), "right"), "wrong": define_secret(conn, WRONG_KEY, "wrong")}
    conn.close()


def xml(name: str, cluster, secret: str | None, *, source="images", options=(), refresh="", port: int | None = None, usage: str | None = None) -> str:
    reference = f"usage='{usage}'" if usage else f"uuid='{secret}'"
    auth = f"<auth type='ceph' username='{USER}'><secret {reference}/></auth>" if secret or usage else ""
    settings = "".join(f"<rbd:option name='{option}' value='{value}'/>" for option, value in dict(options).items())
    return (f"<pool type='rbd' xmlns:rbd='{NAMESPACE}'><name>{name}</name>{refresh}"
            f"<source><host name='{cluster.host}' port='{port or cluster.port}'/><name>{source}</name>{auth}</source>"
            f"{f'<rbd:config_opts>{settings}</rbd:config_opts>' if settings else ''}</pool>")


@contextmanager
def running(conn, document: str):
    pool = conn.storagePoolDefineXML(document)
    try:
        pool.create()
        yield pool
    finally:
        for step in (pool.destroy, pool.undefine):
            with suppress(libvirt.libvirtError):
                step()


@pytest.fixture
def pool(cluster, conn, secrets):
    """A running pool without images."""
    with running(conn, xml("ceph", cluster, secrets["right"])) as made:
        yield made
        made.refresh()
        for volume in sorted(made.listAllVolumes(), key=lambda image: "clone" not in image.name()):
            volume.delete(WITH_SNAPSHOTS)


def names(pool) -> list[str]:
    return sorted(volume.name() for volume in pool.listAllVolumes())


def content(cluster, image: str) -> bytes:
    return subprocess.run(["rbd", "export", "--no-progress", image, "-"], env={"CEPH_CONF": str(cluster.configuration), "PATH": "/usr/bin"},
                          capture_output=True, check=True).stdout


def upload(conn, volume, data: bytes, offset: int = 0) -> None:
    stream = conn.newStream()
    volume.upload(stream, offset, len(data))
    position = iter(range(0, len(data), 200_000))
    stream.sendAll(lambda _stream, _size, _: data[start:start + 200_000] if (start := next(position, None)) is not None else b"", None)
    stream.finish()


def download(conn, volume, sparse: bool = False) -> tuple[bytes, int]:
    """What was received, and how much of it was told to be a hole."""
    received, holes = bytearray(), 0

    def hole(_stream, length, _):
        nonlocal holes
        received.extend(bytes(length))
        holes += length

    stream = conn.newStream()
    volume.download(stream, 0, 0, SPARSE if sparse else 0)
    if sparse:
        stream.sparseRecvAll(lambda _stream, data, _: received.extend(data), hole, None)
    else:
        stream.recvAll(lambda _stream, data, _: received.extend(data), None)
    stream.finish()
    return bytes(received), holes


def pattern(size: int) -> bytes:
    return bytes(range(1, 252)) * (size // 251) + bytes(range(1, 1 + size % 251))


def test_numbers_images_and_their_documents(cluster, conn, pool):
    eventually(lambda: pool.info()[1] > 0)
    state, capacity, allocation, available = pool.info()
    assert state == libvirt.VIR_STORAGE_POOL_RUNNING
    assert capacity >= available > 0
    volume = pool.createXML(volume_xml("disk", 10 * MIB + 512))
    assert volume.path() == volume.key() == "images/disk"
    assert volume.info() == [libvirt.VIR_STORAGE_VOL_NETWORK, 10 * MIB + 512, 0]
    assert "format: 2" in cluster.rbd("info", "images/disk")
    assert "<format type='raw'/>" in volume.XMLDesc()
    upload(conn, volume, pattern(OBJECT + 1))
    assert volume.info()[2] == 2 * OBJECT
    volume.delete()
    assert names(pool) == []
    assert "disk" not in cluster.rbd("ls", "images").split()


def test_the_last_object_counts_as_what_the_image_has_of_it(conn, pool):
    volume = pool.createXML(volume_xml("odd", OBJECT + 5))
    upload(conn, volume, b"x", OBJECT)
    assert volume.info()[2] == 5


def test_allocation_may_be_taken_for_the_capacity(cluster, conn, secrets, pool):
    pool.createXML(volume_xml("disk", 10 * MIB))
    with running(conn, xml("cheap", cluster, secrets["right"], refresh="<refresh><volume allocation='capacity'/></refresh>")) as cheap:
        assert cheap.storageVolLookupByName("disk").info()[1:] == [10 * MIB, 12 * MIB]


def test_options_of_the_document_reach_the_cluster(cluster, conn, secrets, pool):
    with running(conn, xml("shaped", cluster, secrets["right"], options={"rbd_default_order": "23", "rbd_default_features": "1"})) as shaped:
        shaped.createXML(volume_xml("large", 20 * MIB))
        assert shaped.storageVolLookupByName("large").info()[2] == 24 * MIB     # without an object map nobody knows better
    told = cluster.rbd("info", "images/large")
    assert "order 23" in told
    assert "features: layering\n" in told
    pool.refresh()


def test_a_secret_may_be_named_by_its_use(cluster, conn, secrets):
    with running(conn, xml("by-use", cluster, None, usage="right")) as made:
        assert made.isActive()


def test_images_that_others_make_are_seen_without_a_refresh(cluster, conn, pool):
    cluster.rbd("create", "--size", "8", "images/theirs")
    eventually(lambda: names(pool) == ["theirs"])
    cluster.rbd("rename", "images/theirs", "images/renamed")
    eventually(lambda: names(pool) == ["renamed"])
    cluster.rbd("resize", "--size", "16", "images/renamed")
    assert pool.storageVolLookupByName("renamed").info()[1] == 16 * MIB


def test_images_of_other_kinds_are_described_too(cluster, pool):
    cluster.rbd("create", "--size", "8", "--stripe-unit", "65536", "--stripe-count", "4", "images/striped")
    cluster.rbd("create", "--size", "8", "--image-feature", "layering", "images/plain")
    pool.refresh()
    assert {volume.name(): volume.info()[1:] for volume in pool.listAllVolumes()} == {"striped": [8 * MIB, 16 * MIB], "plain": [8 * MIB, 8 * MIB]}


def test_many_images_are_listed(cluster, conn, pool):
    many = 80
    def make(part):
        own = conn.storagePoolLookupByName("ceph")
        for number in range(part, many, 4):
            own.createXML(volume_xml(f"image-{number}", MIB + number * 512))
    makers = [threading.Thread(target=make, args=(part,)) for part in range(4)]
    [maker.start() for maker in makers]
    [maker.join() for maker in makers]
    pool.refresh()
    assert {volume.name(): volume.info()[1] for volume in pool.listAllVolumes()} == {f"image-{number}": MIB + number * 512 for number in range(many)}


def test_bytes_go_in_and_out(cluster, conn, pool):
    volume = pool.createXML(volume_xml("disk", 5 * OBJECT + 777))
    data = pattern(2 * OBJECT + 12345)
    upload(conn, volume, data, 1000)
    whole = bytes(1000) + data + bytes(5 * OBJECT + 777 - 1000 - len(data))
    assert content(cluster, "images/disk") == whole
    assert download(conn, volume) == (whole, 0)
    received, holes = download(conn, volume, sparse=True)
    assert received == whole
    assert holes == 2 * OBJECT + 777
    with raises(libvirt.VIR_ERR_SYSTEM_ERROR, libvirt.VIR_FROM_STREAMS) as failure:
        upload(conn, volume, b"beyond", 5 * OBJECT + 775)
    assert failure.errno == 28


def test_a_hole_that_is_uploaded_is_one(cluster, conn, pool):
    volume = pool.createXML(volume_xml("disk", 3 * OBJECT))
    upload(conn, volume, pattern(3 * OBJECT))
    stream = conn.newStream()
    volume.upload(stream, 0, 3 * OBJECT, libvirt.VIR_STORAGE_VOL_UPLOAD_SPARSE_STREAM)
    stream.send(b"ab")
    stream.sendHole(2 * OBJECT)
    stream.send(b"cd")
    stream.finish()
    expected = b"ab" + bytes(2 * OBJECT) + b"cd" + pattern(3 * OBJECT)[2 * OBJECT + 4:]
    assert content(cluster, "images/disk") == expected
    assert volume.info()[2] == 2 * OBJECT


def test_clones_share_a_snapshot_until_their_source_changes(cluster, conn, pool):
    source = pool.createXML(volume_xml("source", 2 * OBJECT))
    upload(conn, source, pattern(OBJECT))
    first = pool.createXMLFrom(volume_xml("clone-1", 2 * OBJECT), source)
    pool.createXMLFrom(volume_xml("clone-2", 3 * OBJECT), source)
    assert len(snapshots(cluster, "images/source")) == 1
    upload(conn, source, b"changed")
    pool.createXMLFrom(volume_xml("clone-3", 2 * OBJECT), source)
    assert len(snapshots(cluster, "images/source")) == 2
    assert all(name.startswith("libvirt-") for name in snapshots(cluster, "images/source"))
    assert content(cluster, "images/clone-1") == pattern(OBJECT) + bytes(OBJECT)
    assert content(cluster, "images/clone-3")[:7] == b"changed"
    assert pool.storageVolLookupByName("clone-2").info()[1] == 3 * OBJECT
    received, holes = download(conn, first, sparse=True)
    assert (received, holes) == (pattern(OBJECT) + bytes(OBJECT), OBJECT)
    for flags in (0, WITH_SNAPSHOTS):
        with raises(libvirt.VIR_ERR_SYSTEM_ERROR):
            source.delete(flags)
    for number in (1, 2, 3):
        pool.storageVolLookupByName(f"clone-{number}").delete()
    source.delete(WITH_SNAPSHOTS)
    assert names(pool) == []


def snapshots(cluster, image: str) -> list[str]:
    return [line.split()[1] for line in cluster.rbd("snap", "ls", image).splitlines()[1:]]


def test_volumes_are_copied_across_pools(cluster, conn, secrets, pool, tmp_path):
    data = pattern(OBJECT) + bytes(2 * OBJECT) + pattern(OBJECT)
    with Pool(conn, "files", tmp_path / "files") as files, running(conn, xml("others", cluster, secrets["right"], source="others")) as others:
        plain = files.create("plain", len(data), allocation=0)
        with open(plain.path(), "r+b") as file:
            file.write(data[:OBJECT])
            file.seek(3 * OBJECT)
            file.write(data[3 * OBJECT:])
        image = files.api.createXMLFrom(volume_xml("image", len(data), format="qcow2"), plain)
        first = pool.createXMLFrom(volume_xml("from-file", len(data)), plain)
        second = pool.createXMLFrom(volume_xml("from-image", len(data)), image)
        third = others.createXMLFrom(volume_xml("from-pool", len(data)), second)
        back = files.api.createXMLFrom(volume_xml("back", len(data), format="qcow2"), third)
        raw = files.api.createXMLFrom(volume_xml("raw", len(data)), third)
        for volume in (first, second, third):
            assert content(cluster, volume.key()) == data
            assert volume.info()[2] == 2 * OBJECT
        subprocess.run(["qemu-img", "convert", "-f", "qcow2", "-O", "raw", back.path(), tmp_path / "plain"], check=True)
        assert (tmp_path / "plain").read_bytes() == data
        assert download(conn, raw)[0] == data
        third.delete()
        assert others.listAllVolumes() == []
    assert all(".cistern-" not in image for image in cluster.rbd("ls", "images").split())


def test_a_copy_that_fails_leaves_nothing(cluster, conn, pool, tmp_path):
    with Pool(conn, "files", tmp_path / "files") as files:
        broken = files.create("broken", OBJECT, format="qcow2")
        with open(broken.path(), "r+b") as file:
            file.seek(40)
            file.write(b"\xff" * 8)            # where its tables are
        with raises(libvirt.VIR_ERR_INTERNAL_ERROR, libvirt.VIR_FROM_NONE):
            pool.createXMLFrom(volume_xml("copy", OBJECT), broken)
    assert cluster.rbd("ls", "images").split() == []


def test_the_size_is_changed(cluster, pool):
    volume = pool.createXML(volume_xml("disk", OBJECT))
    volume.resize(3 * OBJECT)
    assert volume.info()[1] == 3 * OBJECT
    volume.resize(2 * OBJECT, SHRINK)
    assert "size 8 MiB" in cluster.rbd("info", "images/disk")
    with raises(libvirt.VIR_ERR_INVALID_ARG):
        volume.resize(4 * OBJECT, libvirt.VIR_STORAGE_VOL_RESIZE_ALLOCATE)


def test_wiped_images_read_zeros(cluster, conn, pool):
    volume = pool.createXML(volume_xml("disk", 3 * OBJECT))
    upload(conn, volume, pattern(OBJECT))
    volume.wipe()
    assert content(cluster, "images/disk") == bytes(3 * OBJECT)
    assert volume.info()[2] == 3 * OBJECT
    volume.wipePattern(TRIM)
    assert volume.info()[2] == 0
    with raises(libvirt.VIR_ERR_INVALID_ARG):
        volume.wipePattern(libvirt.VIR_STORAGE_VOL_WIPE_ALG_RANDOM)


def test_pools_of_a_cluster_are_found(cluster, conn, secrets):
    auth = f"<auth type='ceph' username='{USER}'><secret uuid='{secrets['right']}'/></auth>"
    host = f"<host name='{cluster.host}' port='{cluster.port}'/>"
    found = conn.findStoragePoolSources("rbd", f"<source>{host}{auth}</source>", 0)
    assert "<name>images</name>" in found and "<name>others</name>" in found and "<name>files</name>" not in found
    assert found.count(secrets["right"]) == 2 and found.count(f"port='{cluster.port}'") == 2
    with raises(libvirt.VIR_ERR_INVALID_ARG):
        conn.findStoragePoolSources("rbd", None, 0)


def test_a_pool_does_not_outlive_the_server_unless_it_is_autostarted(cluster, own_server):
    conn = libvirt.open(own_server.uri())
    secret = define_secret(conn, ceph.Ceph.secret(cluster.key), "here")
    kept = conn.storagePoolDefineXML(xml("kept", cluster, secret))
    kept.setAutostart(True)
    kept.create()
    conn.storagePoolDefineXML(xml("gone", cluster, secret)).create()
    conn.close()
    own_server.restart()
    conn = libvirt.open(own_server.uri())
    assert not conn.storagePoolLookupByName("gone").isActive()
    eventually(conn.storagePoolLookupByName("kept").isActive)
    conn.close()
    assert cluster.key not in own_server.log_tail()


def test_what_a_killed_server_was_copying_is_removed(cluster, own_server):
    """By the running pool: the cluster takes the killed server for a user of the image for half a minute."""
    conn = libvirt.open(own_server.uri())
    secret = define_secret(conn, ceph.Ceph.secret(cluster.key), "here")
    pool = conn.storagePoolDefineXML(xml("ceph", cluster, secret, source="others"))
    pool.setAutostart(True)
    pool.create()
    with Pool(conn, "files", own_server.root / "files") as files, copy_under_construction(files, pool) as copying:
        copying.expected_to_fail = True
        assert ".cistern-" in cluster.rbd("ls", "others")
        assert names(pool) == ["copy"]      # as one under construction
        own_server.process.kill()
        own_server.process.wait()
    conn.close()
    own_server.start()
    conn = libvirt.open(own_server.uri())
    pool = conn.storagePoolLookupByName("ceph")
    eventually(pool.isActive)
    assert names(pool) == []
    eventually(lambda: ".cistern-" not in cluster.rbd("ls", "others"))
    conn.close()


def block(cluster) -> None:
    """The cluster lets none of the server's connections in any more, as it does with a client that it takes for dead."""
    for session in json.loads(cluster.ceph("tell", "mon.a", "sessions")):
        if session["entity_name"] == f"client.{USER}":
            for address in session["addrs"]["addrvec"]:
                cluster.ceph("osd", "blocklist", "add", f"{address['addr']}/{address['nonce']}")


@pytest.mark.skipif(not Gluster.usable(), reason="needs root and glusterfs-server")
def test_a_volume_goes_from_files_to_ceph_to_gluster(cluster, conn, pool, tmp_path):
    data = pattern(OBJECT) + bytes(2 * OBJECT) + pattern(OBJECT)
    sparse = volume_xml("v", len(data), allocation=0)
    with Gluster() as gluster, Pool(conn, "files", tmp_path / "files") as files:
        brick = gluster.volume("copies")
        with running(conn, gluster.pool_xml("far", "copies")) as far:
            files.file("v").write_bytes(data)
            files.api.refresh()
            image = pool.createXMLFrom(sparse, files.api.storageVolLookupByName("v"))
            far.createXMLFrom(sparse, image)
        assert content(cluster, "images/v") == data == (brick / "v").read_bytes()
        assert (brick / "v").stat().st_blocks * 512 < 3 * OBJECT


def test_a_client_that_was_blocked_connects_anew(cluster, pool):
    volume = pool.createXML(volume_xml("disk", OBJECT))
    block(cluster)
    with raises(libvirt.VIR_ERR_SYSTEM_ERROR) as failure:
        volume.resize(2 * OBJECT)
    assert failure.errno == errno.ESHUTDOWN
    eventually(lambda: answers(pool))
    volume.resize(2 * OBJECT)
    assert names(pool) == ["disk"] and volume.info()[1] == 2 * OBJECT


def test_two_clients_delete_one_image(cluster, server, pool):
    """librbd ends a process that removes one image twice at once."""
    others = [libvirt.open(server.uri()) for _ in range(4)]
    for _ in range(5):
        pool.createXML(volume_xml("disk", 64 * OBJECT))
        volumes = [conn.storagePoolLookupByName(pool.name()).storageVolLookupByName("disk") for conn in others]
        told = []
        deleting = [threading.Thread(target=lambda volume=volume: told.append(deleted(volume))) for volume in volumes]
        for thread in deleting:
            thread.start()
        for thread in deleting:
            thread.join()
        assert told.count(True) >= 1 and names(pool) == []
    for conn in others:
        conn.close()


def deleted(volume) -> bool:
    try:
        volume.delete()
        return True
    except libvirt.libvirtError:
        return False


def test_a_cluster_that_does_not_answer_holds_up_nobody_for_long(cluster, conn, secrets, tmp_path):
    with Pool(conn, "here", tmp_path / "here") as here, running(conn, xml("far", cluster, secrets["right"], options=FAST)) as far:
        volume = far.createXML(volume_xml("disk", OBJECT))
        cluster.freeze()
        try:
            with raises(libvirt.VIR_ERR_SYSTEM_ERROR) as failure:
                far.refresh()
            assert failure.errno == 110
            with raises(libvirt.VIR_ERR_SYSTEM_ERROR):
                far.createXML(volume_xml("other", OBJECT))
            with raises(libvirt.VIR_ERR_SYSTEM_ERROR):
                volume.delete()
            here.create("meanwhile")
            assert here.names() == ["meanwhile"]
            assert names(far) == ["disk"]
        finally:
            cluster.thaw()
        eventually(lambda: answers(far))
        assert names(far) == ["disk"]
        far.storageVolLookupByName("disk").delete()


def answers(pool) -> bool:
    try:
        pool.refresh()
    except libvirt.libvirtError:
        return False
    return True


class Wrong:
    """A pool that cannot start: its document, and whether libvirtd is to be asked too."""

    def __init__(self, name: str, **shape):
        self.name = name
        self.shape = {"options": FAST} | shape


WRONG = [
    Wrong("key", secret="wrong"),
    Wrong("pool", source="nosuchpool"),
    Wrong("secret", secret=str(uuid.uuid4())),
    Wrong("use", secret=None, usage="nosuchuse"),
    Wrong("option", options={"no_such_option": "1"}),
    Wrong("monitor", port=1),
    Wrong("authentication", secret=None),
]


def test_what_is_no_key_goes_nowhere(cluster, server, conn):
    value = b"no key of a cluster at all"
    secret = define_secret(conn, value, "malformed")
    pool = conn.storagePoolDefineXML(xml("malformed", cluster, secret, options=FAST))
    with raises(libvirt.VIR_ERR_SYSTEM_ERROR) as failure:
        pool.create()
    pool.undefine()
    assert base64.b64encode(value).decode() not in failure.message + server.log.read_text(errors="replace")


def outcome(conn, document: str) -> tuple[int, int]:
    """Code and domain of a start that fails; the pool stays inactive."""
    pool = conn.storagePoolDefineXML(document)
    try:
        pool.create()
        pytest.fail("it started")
    except libvirt.libvirtError as error:
        assert not pool.isActive()
        return error.get_error_code(), error.get_error_domain()
    finally:
        pool.undefine()


@pytest.fixture(scope="module")
def judge(cluster, libvirtd):
    """A libvirtd, with its secrets."""
    conn = libvirt.open(libvirtd.uri())
    conn.secrets = {"right": define_secret(conn, ceph.Ceph.secret(cluster.key), "right"), "wrong": define_secret(conn, WRONG_KEY, "wrong")}
    yield conn
    conn.close()


@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: wrong.name)
def test_a_pool_that_cannot_start_says_so_as_libvirtd_does(cluster, conn, secrets, judge, wrong):
    def document(known: dict) -> str:
        shape = dict(wrong.shape)
        secret = shape.pop("secret", "right")
        return xml(f"wrong-{wrong.name}", cluster, known.get(secret, secret), **shape)

    assert outcome(conn, document(secrets)) == outcome(judge, document(judge.secrets))


REQUESTS = {
    "another format": (volume_xml("v", MIB, format="qcow2"), 0),
    "no capacity": (volume_xml("v", 0), 0),
    "metadata": (volume_xml("v", MIB), libvirt.VIR_STORAGE_VOL_CREATE_PREALLOC_METADATA),
    "encrypted": (volume_xml("v", MIB).replace("</volume>", "<target><encryption format='luks'/></target></volume>"), 0),
}


def refusal(step) -> tuple[int, int] | None:
    try:
        step()
    except libvirt.libvirtError as error:
        return error.get_error_code(), error.get_error_domain()
    return None


def test_volumes_are_as_libvirtd_has_them(cluster, conn, secrets, judge):
    refresh = "<refresh><volume allocation='default'/></refresh>"
    with running(conn, xml("ceph", cluster, secrets["right"], refresh=refresh)) as ours, \
            running(judge, xml("ceph", cluster, judge.secrets["right"], refresh=refresh)) as theirs:
        made = ours.createXML(volume_xml("ours", 10 * MIB + 5))
        upload(conn, made, pattern(OBJECT))
        theirs.createXML(volume_xml("theirs", 10 * MIB))
        source = theirs.storageVolLookupByName("theirs")
        theirs.createXMLFrom(volume_xml("their-clone", 10 * MIB), source)
        ours.createXMLFrom(volume_xml("our-clone", 10 * MIB), ours.storageVolLookupByName("theirs"))
        assert len(snapshots(cluster, "images/theirs")) == 1, "each has a snapshot of its own"
        ours.refresh()
        theirs.refresh()
        assert names(ours) == names(theirs) == ["our-clone", "ours", "their-clone", "theirs"]
        for name in names(ours):
            assert ours.storageVolLookupByName(name).XMLDesc() == theirs.storageVolLookupByName(name).XMLDesc(), name
        for what, (document, flags) in REQUESTS.items():
            assert refusal(lambda: ours.createXML(document, flags)) == refusal(lambda: theirs.createXML(document, flags)) is not None, what
        for what in (lambda pool: pool.storageVolLookupByName("theirs").delete(), lambda pool: pool.storageVolLookupByName("theirs").delete(WITH_SNAPSHOTS),
                     lambda pool: pool.storageVolLookupByName("ours").delete(4), lambda pool: pool.delete(), lambda pool: pool.createXML(volume_xml("ours"))):
            assert refusal(lambda: what(ours)) == refusal(lambda: what(theirs)) is not None
        for name in ("our-clone", "their-clone", "theirs", "ours"):
            ours.storageVolLookupByName(name).delete(WITH_SNAPSHOTS)


@pytest.mark.parametrize(("library", "package"), [("librados.so.2", "librados2"), ("librbd.so.1", "librbd1")])
def test_a_library_that_is_missing_is_named_with_its_package(serve, tmp_path, library, package):
    (tmp_path / library).touch()        # found first, and no library
    server = serve({"listen_tcp": 0}, {"LD_LIBRARY_PATH": str(tmp_path)})
    conn = libvirt.open(server.uri())
    pool = conn.storagePoolDefineXML("<pool type='rbd'><name>p</name><source><host name='127.0.0.1' port='1'/><name>p</name></source></pool>")
    with raises(libvirt.VIR_ERR_INTERNAL_ERROR) as failure:
        pool.create()
    assert package in failure.message
    conn.close()


def test_keys_stay_where_they_are(cluster, server, conn, secrets, pool):
    assert cluster.key not in server.log_tail()
    assert cluster.key not in pool.XMLDesc()
    for process in (server.process.pid,):
        for file in ("cmdline", "environ"):
            with open(f"/proc/{process}/{file}", "rb") as shown:
                assert cluster.key.encode() not in shown.read()
