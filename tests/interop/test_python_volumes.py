"""python3-libvirt: every storage volume API on dir pools."""

import os
import socket
import stat
import subprocess

import libvirt
import pytest

from expect import raises
from pools import KIB, MIB, Pool, backing_xml, mask, volume_xml


@pytest.fixture(params=["unix", "tcp"])
def conn(server, request):
    """Both transports for every test of this module."""
    connection = libvirt.open(server.uri(request.param))
    yield connection
    connection.close()


def image_format(path) -> str:
    told = subprocess.run(["qemu-img", "info", path], capture_output=True, text=True, check=True).stdout
    return next(line.split(": ")[1] for line in told.splitlines() if line.startswith("file format"))


def test_a_new_volume_is_listed_by_every_call(pool):
    pool.create("b")
    volume = pool.create("a")
    assert (volume.name(), volume.key(), volume.path()) == ("a", str(pool.file("a")), str(pool.file("a")))
    assert pool.api.numOfVolumes() == 2
    assert sorted(pool.api.listVolumes()) == ["a", "b"]
    assert pool.names() == ["a", "b"]


def test_every_lookup_finds_the_same_volume(conn, pool):
    made = pool.create("v")
    path = str(pool.file("v"))
    for found in (pool.api.storageVolLookupByName("v"), conn.storageVolLookupByKey(path), conn.storageVolLookupByPath(path),
                  conn.storageVolLookupByPath(path.replace("/v", "//v"))):
        assert (found.name(), found.key(), found.path()) == ("v", made.key(), path)
        assert found.storagePoolLookupByVolume().UUIDString() == pool.uuid
    with raises(50) as error:
        pool.api.storageVolLookupByName("nosuch")
    assert "nosuch" in error.message
    with raises(50):
        conn.storageVolLookupByKey("v")


def test_lookups_see_active_pools_only(conn, pool):
    path = pool.create("v").path()
    pool.api.destroy()
    with raises(50):
        conn.storageVolLookupByPath(path)
    with raises(50):
        conn.storageVolLookupByKey(path)


@pytest.mark.parametrize("capacity, allocation", [(MIB, None), (MIB, 0), (MIB, 64 * KIB), (0, None), (1, None), (1000001, None), (MIB, 2 * MIB)])
def test_size_on_disk_and_in_info(pool, capacity, allocation):
    volume = pool.create("v", capacity, allocation=allocation)
    status = pool.file("v").stat()
    assert status.st_size == capacity if allocation != 2 * MIB else status.st_size >= capacity
    assert volume.info() == [libvirt.VIR_STORAGE_VOL_FILE, status.st_size, status.st_blocks * 512]
    assert volume.infoFlags(0) == volume.info()
    assert volume.infoFlags(libvirt.VIR_STORAGE_VOL_GET_PHYSICAL)[2] == status.st_size


@pytest.mark.parametrize("format", ["raw", "qcow2", "qcow", "qed", "vmdk", "vdi", "vpc", "bochs", "cow"])
def test_formats(pool, format):
    made = {"bochs": None, "cow": None}.get(format, format)
    if made is None:
        with raises(1, 0):
            pool.create("v", 8 * MIB, format=format)
        assert pool.names() == [] and not pool.file("v").exists()
        return
    volume = pool.create("v", 8 * MIB, format=format)
    assert image_format(pool.file("v")) == format
    assert volume.info()[1] >= 8 * MIB
    assert f"<format type='{format}'/>" in volume.XMLDesc()
    pool.api.refresh()
    assert f"<format type='{format}'/>" in volume.XMLDesc()


def test_an_iso_volume_is_a_plain_file(pool):
    pool.create("v", MIB, format="iso")
    assert pool.file("v").stat().st_size == MIB


def test_a_directory_volume(pool):
    volume = pool.create("d", 0, format="dir")
    assert pool.file("d").is_dir()
    assert volume.info()[0] == libvirt.VIR_STORAGE_VOL_DIR
    pool.api.refresh()
    xml = pool.api.storageVolLookupByName("d").XMLDesc()
    assert "<volume type='dir'>" in xml and "<format type='dir'/>" in xml
    pool.api.storageVolLookupByName("d").delete()
    assert not pool.file("d").exists()


def test_permissions_of_a_new_volume(pool):
    pool.api.createXML("<volume><name>v</name><capacity>1</capacity><target><permissions><mode>0640</mode></permissions></target></volume>")
    assert stat.S_IMODE(pool.file("v").stat().st_mode) == 0o640
    pool.create("q", MIB, format="qcow2")
    assert stat.S_IMODE(pool.file("q").stat().st_mode) == 0o600


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_owner_of_a_new_volume(pool):
    for name, format in (("v", "raw"), ("q", "qcow2")):
        pool.api.createXML(f"<volume><name>{name}</name><capacity>1048576</capacity><target><format type='{format}'/>"
                           "<permissions><mode>0644</mode><owner>65534</owner><group>65534</group></permissions></target></volume>")
        assert (pool.file(name).stat().st_uid, pool.file(name).stat().st_gid) == (65534, 65534)


@pytest.mark.parametrize("features, compat", [
    ("<compat>1.1</compat>", "1.1"), ("<compat>0.10</compat>", None), ("<features><lazy_refcounts/></features>", "1.1"), ("<compat>1.1</compat><features/>", "1.1"),
])
def test_qcow2_versions_and_features(pool, features, compat):
    pool.api.createXML(volume_xml("v", MIB, extra=f"<target><format type='qcow2'/>{features}</target>"))
    pool.api.refresh()
    xml = pool.api.storageVolLookupByName("v").XMLDesc()
    if compat:
        assert f"<compat>{compat}</compat>" in xml
        assert ("<lazy_refcounts/>" in xml) == ("lazy" in features)
    else:
        assert "<compat>" not in xml and "<features" not in xml


def test_qcow2_cluster_size(pool):
    pool.api.createXML(volume_xml("v", MIB, extra="<target><format type='qcow2'/><clusterSize unit='KiB'>128</clusterSize></target>"))
    pool.api.refresh()
    assert "<clusterSize unit='B'>131072</clusterSize>" in pool.api.storageVolLookupByName("v").XMLDesc()


def test_a_backing_chain(pool):
    pool.create("base", MIB, format="qcow2")
    pool.create("middle", 2 * MIB, format="qcow2", extra=backing_xml(pool.file("base"), "qcow2"))
    top = pool.create("top", 4 * MIB, format="qcow2", extra=backing_xml(pool.file("middle"), "qcow2"))
    pool.api.refresh()
    assert top.info()[1] == 4 * MIB
    xml = top.XMLDesc()
    assert f"<path>{pool.file('middle')}</path>" in xml[xml.index("<backingStore>"):]
    assert "<backingStore>" not in pool.api.storageVolLookupByName("base").XMLDesc()


def test_a_lost_backing_file_is_shown_as_far_as_it_is_known(pool):
    pool.create("base")
    top = pool.create("top", 4 * MIB, format="qcow2", extra=backing_xml(pool.file("base"), "raw"))
    pool.file("base").unlink()
    pool.api.refresh()
    xml = top.XMLDesc()
    assert xml[xml.index("  <backingStore>"):] == (
        "  <backingStore>\n"
        f"    <path>{pool.file('base')}</path>\n"
        "    <format type='raw'/>\n"
        "  </backingStore>\n"
        "</volume>\n")
    assert pool.names() == ["top"]


def test_a_capacity_is_taken_from_the_backing_store(pool):
    pool.create("base", 3 * MIB)
    xml = f"<volume><name>top</name><target><format type='qcow2'/></target>{backing_xml(pool.file('base'), 'raw')}</volume>"
    pool.api.createXML(xml)
    pool.api.refresh()
    assert pool.api.storageVolLookupByName("top").info()[1] == 3 * MIB


def test_copies_of_every_kind(pool):
    data = os.urandom(MIB)
    pool.create("raw")
    pool.file("raw").write_bytes(data)
    source = pool.api.storageVolLookupByName("raw")
    plain = pool.api.createXMLFrom(volume_xml("plain", 2 * MIB), source)
    assert pool.file("plain").read_bytes() == data + bytes(MIB)
    assert plain.info()[1] == 2 * MIB
    smaller = pool.api.createXMLFrom(volume_xml("smaller", 1), source)
    assert smaller.info()[1] == MIB and pool.file("smaller").read_bytes() == data
    unsaid = pool.api.createXMLFrom("<volume><name>unsaid</name></volume>", source)
    assert unsaid.info()[1] == MIB
    image = pool.api.createXMLFrom(volume_xml("image", format="qcow2"), source)
    assert image_format(pool.file("image")) == "qcow2" and image.info()[1] == MIB
    back = pool.api.createXMLFrom(volume_xml("back", format="raw"), image)
    assert pool.file("back").read_bytes() == data and back.info()[1] == MIB


def test_a_copy_of_a_sparse_volume_stays_sparse(pool):
    source = pool.create("v", 64 * MIB, allocation=0)
    with open(pool.file("v"), "r+b") as file:
        file.seek(MIB)
        file.write(b"d" * 4096)
    pool.api.createXMLFrom(volume_xml("w", 64 * MIB, allocation=0), source)
    assert pool.file("w").read_bytes() == pool.file("v").read_bytes()
    assert pool.file("w").stat().st_blocks * 512 <= 2 * MIB


def test_a_copy_from_another_pool(conn, pool, tmp_path):
    source = pool.create("v")
    pool.file("v").write_bytes(b"x" * MIB)
    with Pool(conn, "second", tmp_path / "second") as second:
        copy = second.api.createXMLFrom(volume_xml("v"), source)
        assert second.file("v").read_bytes() == b"x" * MIB
        assert copy.storagePoolLookupByVolume().name() == "second"


def test_a_copy_of_a_pool_that_stopped(conn, pool, tmp_path):
    source = pool.create("v")
    with Pool(conn, "second", tmp_path / "second") as second:
        pool.api.destroy()
        with raises(55):
            second.api.createXMLFrom(volume_xml("w"), source)
        assert second.names() == []


def test_delete(pool):
    volume = pool.create("v")
    assert volume.delete() == 0
    assert not pool.file("v").exists() and pool.names() == []
    for operation in (volume.info, volume.XMLDesc, volume.path, volume.delete, volume.wipe, lambda: volume.resize(1)):
        with raises(50) as error:
            operation()
        assert "v" in error.message


def test_a_file_lost_behind_the_servers_back(unwatched):
    volume = unwatched.create("v")
    unwatched.file("v").unlink()
    with raises(50):
        volume.info()
    with raises(50):
        volume.XMLDesc()
    assert unwatched.names() == ["v"]
    assert volume.path() == str(unwatched.file("v"))
    assert volume.delete() == 0


def test_info_follows_the_file(pool):
    volume = pool.create("v", MIB, allocation=0)
    with open(pool.file("v"), "r+b") as file:
        file.write(b"x" * 8192)
    assert volume.info()[2] == 8192
    os.truncate(pool.file("v"), 5 * MIB)
    assert volume.info()[1] == 5 * MIB


@pytest.mark.parametrize("before, capacity, flags, after", [
    (MIB, 2 * MIB, "", 2 * MIB), (MIB, 1, "DELTA", MIB + 1), (MIB, 5, "SHRINK", 5), (MIB, 5, "SHRINK DELTA", MIB - 5),
    (MIB, 2 * MIB, "SHRINK DELTA", 0), (MIB, 2 * MIB, "ALLOCATE", 2 * MIB), (MIB, MIB, "", MIB),
])
def test_resize(pool, before, capacity, flags, after):
    volume = pool.create("v", before, allocation=0)
    volume.resize(capacity, sum(getattr(libvirt, f"VIR_STORAGE_VOL_RESIZE_{flag}") for flag in flags.split()))
    status = pool.file("v").stat()
    assert (status.st_size, volume.info()[1]) == (after, after)
    assert volume.info()[2] == status.st_blocks * 512 == (after if "ALLOCATE" in flags else 0)


def test_resize_of_qcow2_in_both_directions(pool):
    volume = pool.create("q", MIB, format="qcow2")
    volume.resize(4 * MIB)
    assert volume.info()[1] == 4 * MIB
    volume.resize(2 * MIB, libvirt.VIR_STORAGE_VOL_RESIZE_SHRINK)
    pool.api.refresh()
    assert pool.api.storageVolLookupByName("q").info()[1] == 2 * MIB


@pytest.mark.parametrize("algorithm", range(9))
def test_wipe_patterns(pool, algorithm):
    volume = pool.create("v", 32 * KIB)
    pool.file("v").write_bytes(b"secret!!" * 4096)
    assert volume.wipePattern(algorithm) == 0
    wiped = pool.file("v").read_bytes()
    assert len(wiped) == 32 * KIB and b"secret!!" not in wiped
    if algorithm == libvirt.VIR_STORAGE_VOL_WIPE_ALG_ZERO:
        assert wiped == bytes(32 * KIB)


def test_wipe_covers_what_is_allocated(pool):
    volume = pool.create("v", MIB)
    pool.file("v").write_bytes(os.urandom(MIB))
    assert volume.wipe() == 0
    assert pool.file("v").read_bytes() == bytes(MIB)


def test_refresh_finds_what_is_in_the_folder(pool):
    for name in ("plain", ".hidden", "with blank", "ümlaut"):
        pool.file(name).write_bytes(b"x" * 100)
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", pool.file("image"), "5M"], check=True)
    pool.file("folder").mkdir()
    pool.file("link").symlink_to("plain")
    pool.file("dangling").symlink_to("nowhere")
    pool.file("loop").symlink_to("loop")
    os.mkfifo(pool.file("fifo"))
    bound = socket.socket(socket.AF_UNIX)
    there = os.getcwd()
    os.chdir(pool.path)
    bound.bind("socket")
    os.chdir(there)
    bound.close()
    pool.file("control\x01").write_bytes(b"")
    pool.api.refresh()
    assert pool.names() == sorted(["plain", ".hidden", "with blank", "ümlaut", "image", "folder", "link"])
    assert pool.api.storageVolLookupByName("image").info()[1] == 5 * MIB
    assert pool.api.storageVolLookupByName("link").info()[1] == 100
    assert pool.api.storageVolLookupByName("folder").info()[0] == libvirt.VIR_STORAGE_VOL_DIR


def test_a_truncated_image_is_still_listed(pool):
    pool.file("half").write_bytes(b"QFI\xfb\0\0\0\x03" + bytes(20))
    pool.file("good").write_bytes(b"x")
    pool.api.refresh()
    assert "good" in pool.names()


def test_an_empty_pool_and_one_with_many_volumes(pool):
    assert pool.names() == [] and pool.api.listVolumes() == [] and pool.api.numOfVolumes() == 0
    for number in range(2000):
        pool.file(f"{number:05}").touch()
    pool.api.refresh()
    assert pool.api.numOfVolumes() == 2000
    assert pool.names() == [f"{number:05}" for number in range(2000)]
    assert len(pool.api.listVolumes()) == 2000


def test_pool_numbers_follow_creation_and_deletion(pool):
    """To 100 MiB: others write to the same file system."""
    def allocated() -> int:
        _, capacity, allocation, available = pool.api.info()
        assert capacity == allocation + available
        return allocation

    before = allocated()
    volume = pool.create("v", 512 * MIB)
    assert abs(allocated() - before - 512 * MIB) < 100 * MIB
    volume.delete()
    assert abs(allocated() - before) < 100 * MIB


def test_names_may_hold_what_a_file_name_may(pool):
    for name in ("with blank", "a&amp;b", "ü", "-dash", "a'b", "#%", "n" * 255):
        volume = pool.create(name)
        plain = name.replace("&amp;", "&")
        assert volume.name() == plain and pool.file(plain).exists()
        assert pool.api.storageVolLookupByName(plain).path() == str(pool.file(plain))


def test_the_xml_of_a_volume_can_be_used_to_create_another(pool):
    pool.create("v", 3 * MIB, allocation=0)
    xml = pool.api.storageVolLookupByName("v").XMLDesc().replace("<name>v<", "<name>w<")
    assert mask(pool.api.createXML(xml).XMLDesc()).replace("/w<", "/v<").replace("<name>w<", "<name>v<") == mask(
        pool.api.storageVolLookupByName("v").XMLDesc())
