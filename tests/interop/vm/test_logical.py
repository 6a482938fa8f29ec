"""Volume groups of LVM: what stock clients do with them, next to libvirtd and to LVM's own tools."""

import os
import subprocess
import threading
from contextlib import contextmanager, suppress
from pathlib import Path

import libvirt
import pytest

from devices import run, scsi_debug, settle
from encryption import PASSPHRASE, encryption_xml, make_secret, patiently
from expect import eventually, raises
from lvm import OVERWRITE, built, group_numbers, pool_xml, remove, reported, shown, thin_pool, volume_xml
from pools import MIB, Pool, mask
from transcripts import tool
from virsh import Virsh

MEMORY = 3072
LIMIT = 1800
MODULES = ["loop", "dm-mod", "dm-snapshot", "dm-thin-pool", "dm-mirror", "dm-raid"]

NO_OVERWRITE = libvirt.VIR_STORAGE_POOL_BUILD_NO_OVERWRITE
DEGRADED, INACCESSIBLE = libvirt.VIR_STORAGE_POOL_DEGRADED, libvirt.VIR_STORAGE_POOL_INACCESSIBLE
REFLINK = libvirt.VIR_STORAGE_VOL_CREATE_REFLINK
SHRINK, ALLOCATE = libvirt.VIR_STORAGE_VOL_RESIZE_SHRINK, libvirt.VIR_STORAGE_VOL_RESIZE_ALLOCATE
EXTENT = 4 * MIB


@pytest.fixture(scope="module")
def scsi():
    with scsi_debug(dev_size_mb=128, per_host_store=1, add_host=4, lbpu=1) as made:
        yield made


@pytest.fixture(scope="module")
def disks(scsi):
    """Those of the shared group."""
    return scsi.disks()[:2]


@pytest.fixture
def spare(scsi):
    """Empty ones for one test."""
    return scsi.disks()[2:4]


@pytest.fixture(scope="module")
def connection(server):
    opened = libvirt.open(server.uri())
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def shared(connection, disks):
    """One group for all tests that leave nothing behind in it."""
    with built(connection, "vg", disks) as pool:
        yield pool


@pytest.fixture
def vg(shared):
    yield shared
    subprocess.run(["lvremove", "-f", "-y", "vg"], capture_output=True, check=False)
    shared.refresh()


@pytest.fixture
def sh(server, tmp_path):
    return Virsh(server.uri(), tmp_path)


def names(pool) -> list[str]:
    return sorted(pool.listVolumes())


def fill(path, size: int, seed: int = 1) -> bytes:
    data = bytes((seed * (index >> 8) + index) & 0xFF for index in range(4096)) * (size // 4096)
    with open(path, "r+b" if Path(path).exists() else "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    return data


def content(path, size: int | None = None) -> bytes:
    run("blockdev", "--flushbufs", path)
    with open(path, "rb") as file:
        return file.read() if size is None else file.read(size)


def zeros(data: bytes) -> bool:
    return not any(data)


def test_a_whole_life_through_virsh(sh, spare, tmp_path):
    (tmp_path / "pool.xml").write_text(pool_xml("life", spare))
    sh.ok("pool-define", tmp_path / "pool.xml")
    try:
        sh.fails("pool-start", "life", says="cannot find logical volume group name 'life'")
        sh.ok("pool-build", "life")
        sh.fails("pool-build", "life", "--no-overwrite", says="LVM2_member")
        sh.ok("pool-start", "life")
        assert "running" in sh.ok("pool-info", "life")
        sh.ok("vol-create-as", "life", "a", "10000K")
        assert "<extent start='0' end='12582912'/>" in sh.ok("vol-dumpxml", "a", "life")
        sh.ok("vol-create-as", "life", "sparse", "64M", "--allocation", "8M")
        sh.ok("vol-create-as", "life", "snap", "8M", "--backing-vol", "a")
        listed = sh.ok("vol-list", "life", "--details")
        assert [line.split() for line in listed.splitlines()[2:]] == [
            ["a", "/dev/life/a", "block", "12.00", "MiB", "12.00", "MiB"],
            ["snap", "/dev/life/snap", "block", "12.00", "MiB", "8.00", "MiB"],
            ["sparse", "/dev/life/sparse", "block", "64.00", "MiB", "8.00", "MiB"]]
        assert "<path>/dev/life/a</path>" in sh.ok("vol-dumpxml", "snap", "life").split("<backingStore>")[1]
        sh.fails("vol-delete", "a", "life", says="'snap'")
        sh.ok("vol-delete", "snap", "life")
        data = fill(tmp_path / "data", 12 * MIB)
        sh.ok("vol-upload", "a", tmp_path / "data", "--pool", "life")
        sh.ok("vol-clone", "a", "b", "--pool", "life")
        sh.ok("vol-download", "b", tmp_path / "copy", "--pool", "life")
        assert (tmp_path / "copy").read_bytes() == data
        sh.ok("vol-resize", "b", "20M", "--pool", "life")
        sh.ok("vol-wipe", "b", "--pool", "life")
        assert zeros(content("/dev/life/b"))
        sh.ok("vol-delete", "a", "life")
        sh.ok("pool-refresh", "life")
        size, free = group_numbers("life")
        assert f"<capacity unit='bytes'>{size}<" in (described := sh.ok("pool-dumpxml", "life"))
        assert f"<available unit='bytes'>{free}<" in described
        sh.ok("pool-destroy", "life")
        assert not Path("/dev/life").exists()
        sh.ok("pool-start", "life")
        assert names_of(sh, "life") == ["b", "sparse"]
        sh.ok("pool-destroy", "life")
        sh.ok("pool-delete", "life")
        assert "life" not in run("vgs", "--noheadings", "-o", "vg_name") and not set(spare) & set(run("pvs", "--noheadings", "-o", "pv_name").split())
    finally:
        sh("pool-destroy", "life")
        sh.ok("pool-undefine", "life")
        remove("life", spare)


def names_of(sh, pool: str) -> list[str]:
    return sorted(line.split()[0] for line in sh.ok("vol-list", pool).splitlines()[2:])


def test_volumes_of_every_kind_are_shown_as_libvirtd_shows_them(vg, judge, disks):
    run("lvcreate", "--name", "plain", "-L", "8M", "vg")
    run("lvcreate", "--name", "parts", "-l", "2", "vg", disks[0])
    run("lvextend", "-l", "+2", "vg/parts", disks[1])
    run("lvcreate", "--type", "striped", "-i2", "--name", "stripes", "-L", "16M", "vg")
    run("lvcreate", "--type", "mirror", "-m1", "--alloc", "anywhere", "--name", "mirrored", "-L", "4M", "vg")
    run("lvcreate", "--type", "raid1", "-m1", "--name", "raid", "-L", "4M", "vg")
    run("lvcreate", "--name", "snap", "-L", "4M", "-s", "vg/plain")
    run("lvcreate", "--name", "of-nothing", "-L", "4M", "--type", "snapshot", "--virtualsize", "32M", "vg")
    run("lvcreate", "--name", "inactive", "-L", "4M", "vg")
    thin_pool("vg", size="8M")
    run("lvcreate", "--name", "thin", "--type", "thin", "--thinpool", "tp", "--virtualsize", "100M", "vg")
    fill("/dev/vg/thin", MIB)
    with shown(judge, vg) as other:
        run("lvchange", "-an", "vg/inactive")
        tool("logical", "report", "lvm", *report_argv("vg"))
        for pool in (vg, other):
            pool.refresh()
        assert names(other) == ["mirrored", "of-nothing", "parts", "plain", "raid", "snap", "stripes"]
        assert names(vg) == sorted([*names(other), "thin"])
        assert vg.info() == other.info()
        for name in names(other):
            assert mask(vg.storageVolLookupByName(name).XMLDesc()) == mask(other.storageVolLookupByName(name).XMLDesc())
            assert vg.storageVolLookupByName(name).info() == other.storageVolLookupByName(name).info()
            assert vg.storageVolLookupByName(name).key() == other.storageVolLookupByName(name).key()
        ours, theirs = (mask(pool.XMLDesc()) for pool in (vg, other))
        assert ours.replace("".join(f"    <device path='{disk}'/>\n" for disk in disks), "") == theirs


def report_argv(group: str) -> list[str]:
    """The report that the server reads."""
    return ["fullreport", "--reportformat", "json", "--units", "b", "--nosuffix",
            "--configreport", "vg", "-o", "vg_name,vg_size,vg_free,vg_extent_size,vg_missing_pv_count",
            "--configreport", "pv", "-S", "pv_size=0", "--configreport", "pvseg", "-S", "pvseg_size=0", "--configreport", "lv", "-S", "lv_size=0",
            "--configreport", "seg", "-o", "lv_name,lv_uuid,lv_attr,lv_size,origin,pool_lv,data_percent,segtype,chunk_size,seg_size,devices", group]


CREATED = {
    "rounded and owned": volume_xml("v", 10000 * 1024, target="<permissions><mode>0640</mode><owner>65534</owner><group>7</group></permissions>"),
    "sparse": volume_xml("v", 64 * MIB, 8 * MIB),
    "with nothing": volume_xml("v", 8 * MIB, 0),
    "a snapshot": volume_xml("v", 8 * MIB, backing="/dev/vg/base"),
}


def test_volumes_are_created_as_libvirtd_creates_them(vg, judge):
    vg.createXML(volume_xml("base", 8 * MIB))
    with shown(judge, vg) as other:
        for kind, xml in CREATED.items():
            theirs, ours = (created(pool, xml) for pool in (other, vg))
            assert theirs == ours, kind


def created(pool, xml: str) -> tuple:
    """What a volume is when it has been created; it is deleted again."""
    pool.refresh()
    volume = pool.createXML(xml)
    told = reported("vg")["v"]
    told["lv_attr"] = told["lv_attr"][:5]       # what follows says who has it open at the moment
    found = mask(volume.XMLDesc()).replace(volume.key(), "KEY"), volume.info(), pool.info()[1:], told
    volume.delete()
    return found


def outcome(call, *arguments) -> tuple:
    try:
        call(*arguments)
    except libvirt.libvirtError as error:
        return error.get_error_code(), error.get_error_domain()
    return (0, 0)


REFUSED = {
    "no capacity": lambda pool: pool.createXML("<volume><name>x</name><capacity>0</capacity></volume>"),
    "a snapshot without capacity": lambda pool: pool.createXML("<volume><name>x</name><backingStore><path>/dev/vg/v</path></backingStore></volume>"),
    "too large": lambda pool: pool.createXML(volume_xml("x", 1 << 40)),
    "a name that is taken": lambda pool: pool.createXML(volume_xml("v", 4 * MIB)),
    "a name that LVM refuses": lambda pool: pool.createXML(volume_xml("x y", 4 * MIB)),
    "a name that LVM keeps for itself": lambda pool: pool.createXML(volume_xml("x_mlog", 4 * MIB)),
    "a backing store that is not there": lambda pool: pool.createXML(volume_xml("x", 4 * MIB, backing="/dev/vg/nosuch")),
    "a sparse snapshot": lambda pool: pool.createXML(volume_xml("x", 8 * MIB, 4 * MIB, backing="/dev/vg/v")),
    "encryption other than LUKS": lambda pool: pool.createXML(volume_xml(
        "x", 4 * MIB, target="<encryption format='qcow'><secret type='passphrase' uuid='ad1a08ab-5171-45a4-8b2c-5bd3e1e0fbd1'/></encryption>")),
    "LUKS without a secret": lambda pool: pool.createXML(volume_xml(
        "x", 4 * MIB, target="<encryption format='luks'><secret type='passphrase' uuid='ad1a08ab-5171-45a4-8b2c-5bd3e1e0fbd1'/></encryption>")),
    "flags of creating": lambda pool: pool.createXML(volume_xml("x", 4 * MIB), 64),
    "flags of deleting": lambda pool: pool.storageVolLookupByName("v").delete(1),
    "flags of wiping": lambda pool: pool.storageVolLookupByName("v").wipe(1),
    "an unknown algorithm": lambda pool: pool.storageVolLookupByName("v").wipePattern(10),
    "building while it runs": lambda pool: pool.build(),
    "shrinking without the flag": lambda pool: pool.storageVolLookupByName("v").resize(4 * MIB),
    "a volume that is not there": lambda pool: pool.storageVolLookupByName("nosuch"),
}


def test_what_is_refused_is_refused_as_by_libvirtd(vg, judge):
    vg.createXML(volume_xml("v", 8 * MIB))
    with shown(judge, vg) as other:
        ours, theirs = ({case: outcome(call, pool) for case, call in REFUSED.items()} for pool in (vg, other))
        assert ours == theirs
    assert names(vg) == ["v"] == list(reported("vg"))


def test_failures_carry_what_the_tool_said(vg):
    with raises(libvirt.VIR_ERR_INTERNAL_ERROR, libvirt.VIR_FROM_NONE) as failure:
        vg.createXML(volume_xml("x", 1 << 40))
    assert "insufficient free space" in failure.message and "lvcreate --name x -L 1073741824K vg --yes" in failure.message


def test_groups_are_found_as_by_libvirtd(vg, connection, judge):
    assert connection.findStoragePoolSources("logical", None) == judge.findStoragePoolSources("logical", None)
    tool("logical", "pvs", "pvs", "--reportformat", "json", "-o", "pv_name,vg_name")


@pytest.mark.parametrize("there", ["ext4", "another group", "nothing"])
def test_only_an_empty_device_is_built_on_unless_it_may_be_overwritten(connection, judge, spare, there):
    device = spare[0]
    if there == "ext4":
        run("mkfs.ext4", "-q", device)
    elif there == "another group":
        run("pvcreate", device)
    pools = [conn.storagePoolDefineXML(pool_xml("built", [device])) for conn in (connection, judge)]
    try:
        flags = (NO_OVERWRITE, 0, NO_OVERWRITE | OVERWRITE, 16)
        if there != "nothing":
            assert [outcome(pools[0].build, flag) for flag in flags] == [outcome(pools[1].build, flag) for flag in flags]
            assert run("blkid", "-p", "-o", "value", "-s", "TYPE", device) == ("ext4" if there == "ext4" else "LVM2_member")
        pools[0].build(OVERWRITE if there != "nothing" else NO_OVERWRITE)
        pools[0].create()
        assert pools[0].listVolumes() == []
        pools[0].destroy()
        pools[0].delete()
        assert device not in run("pvs", "--noheadings", "-o", "pv_name")
    finally:
        with suppress(libvirt.libvirtError):
            pools[0].destroy()
        for pool in pools:
            pool.undefine()
        remove("built", [device])


def test_what_cannot_be_built_leaves_nothing(connection, judge, spare):
    run("mkfs.ext4", "-q", spare[1])
    run("vgcreate", "taken", spare[0])
    cases = [("nosuch", ["/dev/nosuch"], NO_OVERWRITE), ("nosuch", ["/dev/nosuch"], OVERWRITE), ("none", [], OVERWRITE)]
    try:
        for name, devices, flags in cases:
            found = []
            for conn in (connection, judge):
                pool = conn.storagePoolDefineXML(pool_xml(name, devices))
                found.append(outcome(pool.build, flags))
                pool.undefine()
            assert found[0] == found[1] != (0, 0), (name, devices, flags)
        run("vgremove", "-f", "taken")
        run("pvremove", spare[0])
        pool = connection.storagePoolDefineXML(pool_xml("second", spare))
        with raises(libvirt.VIR_ERR_STORAGE_POOL_BUILT):
            pool.build(NO_OVERWRITE)
        pool.undefine()
        assert run("blkid", "-p", "-o", "value", "-s", "TYPE", spare[1]) == "ext4"
        assert spare[0] not in run("pvs", "--noheadings", "-o", "pv_name")
        Path("/mnt/used").mkdir(exist_ok=True)
        run("mount", spare[1], "/mnt/used")
        pool = connection.storagePoolDefineXML(pool_xml("third", spare))
        with raises(libvirt.VIR_ERR_OPERATION_INVALID) as failure:
            pool.build(OVERWRITE)
        pool.undefine()
        assert "/mnt/used" in failure.message
        run("umount", "/mnt/used")
    finally:
        remove("taken", spare)


def test_a_pool_that_is_not_on_its_devices_does_not_start(connection, judge, vg, spare):
    for devices in ([], [spare[0]]):
        name = "vg" if devices else "nosuch"
        other = judge.storagePoolDefineXML(pool_xml("other", devices, name))
        ours = connection.storagePoolDefineXML(pool_xml("other", devices, name))
        assert outcome(ours.create) == outcome(other.create) == (libvirt.VIR_ERR_CONFIG_UNSUPPORTED, libvirt.VIR_FROM_STORAGE)
        ours.undefine()
        other.undefine()


def test_sparse_volumes_are_thin_where_there_is_a_thin_pool(vg, tmp_path):
    thin_pool("vg", "small", "8M")
    thin_pool("vg", "roomy", "48M")
    vg.refresh()
    assert names(vg) == []
    thin = vg.createXML(volume_xml("thin", 100 * MIB, 0))
    assert thin.info() == [libvirt.VIR_STORAGE_VOL_BLOCK, 100 * MIB, 0]
    assert reported("vg")["thin"]["pool_lv"] == "roomy"
    assert not {"<source>", "<backingStore>"} & set(thin.XMLDesc().split())
    vg.createXML(volume_xml("asked", 20 * MIB, backing="/dev/vg/small"))
    assert reported("vg")["asked"]["pool_lv"] == "small"
    fill("/dev/vg/thin", 10 * MIB)
    vg.refresh()
    assert thin.info()[2] == 10 * MIB
    # A snapshot of a thin volume stands by itself.
    snapshot = vg.createXML(volume_xml("snap", 100 * MIB, backing="/dev/vg/thin"))
    assert snapshot.info()[2] == 10 * MIB and reported("vg")["snap"]["segtype"] == "thin"
    before = content("/dev/vg/thin", 10 * MIB)
    thin.delete()
    assert content("/dev/vg/snap", 10 * MIB) == before
    vg.destroy()
    vg.create()
    assert names(vg) == ["asked", "snap"]
    # Its size changes without its content.
    snapshot = vg.storageVolLookupByName("snap")
    snapshot.resize(200 * MIB)
    assert snapshot.info()[1:] == [200 * MIB, 10 * MIB]
    snapshot.resize(40 * MIB, SHRINK)
    assert snapshot.info()[1:] == [40 * MIB, 10 * MIB] and content("/dev/vg/snap", 10 * MIB) == before
    with raises(libvirt.VIR_ERR_OPERATION_UNSUPPORTED):
        snapshot.resize(44 * MIB, ALLOCATE)


def test_volumes_change_their_size(vg):
    volume = vg.createXML(volume_xml("v", 8 * MIB))
    data = fill("/dev/vg/v", 8 * MIB)
    free = vg.info()[3]
    volume.resize(10 * MIB + 1)
    assert volume.info()[1:] == [12 * MIB] * 2 and vg.info()[3] == free - EXTENT == group_numbers("vg")[1]
    assert content("/dev/vg/v", 8 * MIB) == data
    assert volume.XMLDesc().count("<extent") == 1
    volume.resize(4 * MIB, libvirt.VIR_STORAGE_VOL_RESIZE_DELTA | ALLOCATE)
    assert volume.info()[1:] == [16 * MIB] * 2
    volume.resize(16 * MIB)
    with raises(libvirt.VIR_ERR_INVALID_ARG):
        volume.resize(4 * MIB)
    volume.resize(4 * MIB - 1, SHRINK)
    assert volume.info()[1:] == [4 * MIB] * 2 and content("/dev/vg/v") == data[:4 * MIB]
    volume.resize(4 * MIB - 2, SHRINK)
    with raises(libvirt.VIR_ERR_OPERATION_FAILED):
        volume.resize(1 << 40, ALLOCATE)
    with raises(libvirt.VIR_ERR_INTERNAL_ERROR, libvirt.VIR_FROM_NONE) as failure:
        volume.resize(1 << 40)
    assert "Insufficient free space" in failure.message
    snapshot = vg.createXML(volume_xml("snap", 4 * MIB, backing="/dev/vg/v"))
    with raises(libvirt.VIR_ERR_NO_SUPPORT):
        snapshot.resize(64 * MIB)
    with raises(libvirt.VIR_ERR_INTERNAL_ERROR, libvirt.VIR_FROM_NONE) as failure:
        volume.resize(32 * MIB)
    assert "origin" in failure.message


def test_a_copy_within_the_group_is_a_copy_or_a_thin_snapshot(vg):
    source = vg.createXML(volume_xml("source", 8 * MIB))
    data = fill("/dev/vg/source", 8 * MIB)
    thin_pool("vg", size="40M")
    vg.createXMLFrom(volume_xml("full", 0), source)
    assert content("/dev/vg/full") == data and reported("vg")["full"]["segtype"] == "linear"
    thin = vg.createXMLFrom(volume_xml("thin", 12 * MIB, 0), source)
    assert reported("vg")["thin"]["segtype"] == "thin" and content("/dev/vg/thin") == data + bytes(4 * MIB)
    assert thin.info()[1:] == [12 * MIB, 8 * MIB]
    used = reported("vg")["tp"]["data_percent"]
    vg.createXMLFrom(volume_xml("snap", 0, 0), thin)
    vg.createXMLFrom(volume_xml("larger", 16 * MIB), thin, REFLINK)
    found = reported("vg")
    assert found["snap"]["origin"] == found["larger"]["origin"] == "thin" and found["tp"]["data_percent"] == used
    assert content("/dev/vg/larger") == data + bytes(8 * MIB)
    fill("/dev/vg/thin", 12 * MIB, seed=7)
    assert content("/dev/vg/snap") == data + bytes(4 * MIB)
    with raises(libvirt.VIR_ERR_SYSTEM_ERROR):
        vg.createXMLFrom(volume_xml("x", 0), source, REFLINK)
    assert "x" not in names(vg) and "x" not in reported("vg")


def test_volumes_are_copied_from_and_to_folders(vg, connection, tmp_path):
    with Pool(connection, "folder", tmp_path / "folder") as folder:
        raw = folder.create("raw", 12 * MIB, allocation=0)
        with open(folder.file("raw"), "r+b") as file:
            file.seek(4 * MIB)
            file.write(b"data" * MIB)
        expected = folder.file("raw").read_bytes()
        folder.api.createXMLFrom("<volume><name>image</name><capacity>0</capacity><target><format type='qcow2'/></target></volume>", raw)
        for name in ("raw", "image"):
            vg.createXMLFrom(volume_xml(f"of-{name}", 0), folder.api.storageVolLookupByName(name))
            assert content(f"/dev/vg/of-{name}") == expected
        # A sparse copy takes what the data take, where there is a thin pool, and never what could overflow.
        vg.createXMLFrom(volume_xml("no-pool", 0, 4 * MIB), raw)
        assert reported("vg")["no-pool"]["segtype"] == "linear" and content("/dev/vg/no-pool") == expected
        thin_pool("vg", size="16M")
        thin = vg.createXMLFrom(volume_xml("thin", 0, 4 * MIB), raw)
        assert thin.info()[1:] == [12 * MIB, 4 * MIB] and content("/dev/vg/thin") == expected
        thin = vg.createXMLFrom(volume_xml("unpacked", 0, 4 * MIB), folder.api.storageVolLookupByName("image"))
        assert thin.info()[1:] == [12 * MIB, 4 * MIB] and content("/dev/vg/unpacked") == expected
        folder.api.createXMLFrom("<volume><name>back</name><capacity>0</capacity></volume>", vg.storageVolLookupByName("of-image"))
        assert folder.file("back").read_bytes() == expected
        folder.api.createXMLFrom("<volume><name>packed</name><capacity>0</capacity><target><format type='qcow2'/></target></volume>", thin)
        run("qemu-img", "convert", "-O", "raw", folder.file("packed"), tmp_path / "unpacked")
        assert (tmp_path / "unpacked").read_bytes() == expected


def test_a_copy_that_fails_leaves_nothing(vg, connection, tmp_path):
    with Pool(connection, "folder", tmp_path / "folder") as folder:
        folder.file("broken").write_bytes(b"QFI\xfb" + (3).to_bytes(4, "big") + bytes(96))
        folder.api.refresh()
        free = vg.info()[3]
        source = folder.api.storageVolLookupByName("broken")
        with pytest.raises(libvirt.libvirtError):
            vg.createXMLFrom(volume_xml("x", 4 * MIB), source)
        assert names(vg) == [] and reported("vg") == {} and vg.info()[3] == free


def test_streams_carry_the_device(vg, sh, tmp_path):
    vg.createXML(volume_xml("v", 8 * MIB))
    data = fill(tmp_path / "data", 8 * MIB)
    sh.ok("vol-upload", "v", tmp_path / "data", "--pool", "vg", "--sparse")
    assert content("/dev/vg/v") == data
    sh.ok("vol-download", "v", tmp_path / "copy", "--pool", "vg", "--sparse")
    assert (tmp_path / "copy").read_bytes() == data
    (tmp_path / "part").write_bytes(data[:MIB])
    sh.ok("vol-upload", "v", tmp_path / "part", "--pool", "vg", "--offset", MIB, "--length", MIB)
    assert content("/dev/vg/v", 2 * MIB) == data[:MIB] * 2
    sh.ok("vol-download", "v", tmp_path / "part", "--pool", "vg", "--offset", MIB, "--length", 4096)
    assert (tmp_path / "part").read_bytes() == data[:4096]
    (tmp_path / "long").write_bytes(data * 2)
    sh.fails("vol-upload", "v", tmp_path / "long", "--pool", "vg")


@pytest.fixture
def secret(connection):
    made = make_secret(connection, "/dev/vg/locked")
    yield made
    made.undefine()


def test_encrypted_volumes(vg, connection, secret, tmp_path):
    element = encryption_xml(f"uuid='{secret.UUIDString()}'")
    locked = patiently(vg.createXML)(volume_xml("locked", 8 * MIB, target=element))
    assert content("/dev/vg/locked", 6) == b"LUKS\xba\xbe" and locked.info()[1] == 12 * MIB
    vg.refresh()
    assert f"<secret type='passphrase' uuid='{secret.UUIDString()}'/>" in locked.XMLDesc()
    (tmp_path / "key").write_text(PASSPHRASE)
    key = f"secret,id=key,file={tmp_path / 'key'}"
    data = fill(tmp_path / "data", 8 * MIB)
    run("qemu-img", "convert", "-n", "--object", key, "--image-opts", "--target-image-opts", f"driver=raw,file.filename={tmp_path / 'data'}",
        "driver=luks,file.filename=/dev/vg/locked,key-secret=key")
    vg.createXMLFrom(volume_xml("open", 0), locked)
    assert content("/dev/vg/open", 8 * MIB) == data
    if not os.environ.get("EXHAUSTIVE"):
        return      # each LUKS header is computed for as long as a fast machine takes seconds for
    patiently(vg.createXMLFrom)(volume_xml("again", 0, target=element), vg.storageVolLookupByName("open"))
    run("qemu-img", "convert", "-O", "raw", "--object", key, "--image-opts", "driver=luks,file.filename=/dev/vg/again,key-secret=key", tmp_path / "out")
    assert (tmp_path / "out").read_bytes()[:8 * MIB] == data


@pytest.mark.parametrize("user", ["a mount", "a process", "a loop device", "device-mapper"])
def test_a_volume_in_use_is_not_deleted(vg, user):
    volume = vg.createXML(volume_xml("v", 8 * MIB))
    with used(user) as name:
        with raises(libvirt.VIR_ERR_OPERATION_INVALID) as failure:
            volume.delete()
        assert name in failure.message and names(vg) == ["v"]
        if user == "a mount":
            with raises(libvirt.VIR_ERR_OPERATION_INVALID):
                volume.resize(4 * MIB, SHRINK)
            with raises(libvirt.VIR_ERR_INTERNAL_ERROR, libvirt.VIR_FROM_NONE) as failure:
                vg.destroy()
            assert "in use" in failure.message and vg.isActive() and names(vg) == ["v"]
    volume.delete()
    assert names(vg) == []


@contextmanager
def used(how: str):
    """Something that uses /dev/vg/v, and what the server calls it."""
    if how == "a mount":
        run("mkfs.ext4", "-q", "/dev/vg/v")
        Path("/mnt/v").mkdir(exist_ok=True)
        run("mount", "/dev/vg/v", "/mnt/v")
        try:
            yield "/mnt/v"
        finally:
            run("umount", "/mnt/v")
    elif how == "a process":
        with open("/dev/vg/v", "rb"):
            yield f"process {os.getpid()}"
    elif how == "a loop device":
        device = run("losetup", "-f", "--show", "/dev/vg/v")
        try:
            yield device
        finally:
            run("losetup", "-d", device)
    else:
        run("dmsetup", "create", "above", "--table", "0 8192 linear /dev/vg/v 0")
        try:
            yield "/dev/mapper/above"
        finally:
            run("dmsetup", "remove", "above")


def test_wiping_overwrites_everything_and_fills_nothing(vg):
    thin_pool("vg", size="20M")
    plain = vg.createXML(volume_xml("plain", 16 * MIB))
    data = fill("/dev/vg/plain", 16 * MIB)
    thin = vg.createXML(volume_xml("thin", 64 * MIB, 0))
    fill("/dev/vg/thin", 12 * MIB)
    vg.createXMLFrom(volume_xml("kept", 0, 0), thin)
    thin.wipe()
    assert zeros(content("/dev/vg/thin")) and not zeros(content("/dev/vg/kept", 12 * MIB))
    assert thin.info()[2] == 0 and float(reported("vg")["tp"]["data_percent"]) == 60
    run("lvremove", "-f", "vg/kept", "vg/thin", "vg/tp")
    vg.refresh()
    sparse = vg.createXML(volume_xml("sparse", 64 * MIB, 8 * MIB))
    fill("/dev/vg/sparse", 4 * MIB)
    used = reported("vg")["sparse"]["data_percent"]
    sparse.wipe()
    assert zeros(content("/dev/vg/sparse")) and reported("vg")["sparse"]["data_percent"] == used
    # A snapshot's own blocks are overwritten; what is its origin's stays.
    snapshot = vg.createXML(volume_xml("snap", 8 * MIB, backing="/dev/vg/plain"))
    fill("/dev/vg/snap", 4 * MIB, seed=9)
    used = reported("vg")["snap"]["data_percent"]
    snapshot.wipe()
    assert content("/dev/vg/snap") == bytes(4 * MIB) + data[4 * MIB:] and reported("vg")["snap"]["data_percent"] == used
    assert content("/dev/vg/plain") == data
    # The snapshot could not keep what is overwritten in its origin.
    with raises(libvirt.VIR_ERR_OPERATION_FAILED) as failure:
        plain.wipe()
    assert "'snap'" in failure.message and content("/dev/vg/plain") == data
    for volume in (sparse, snapshot):
        with raises(libvirt.VIR_ERR_ARGUMENT_UNSUPPORTED):
            volume.wipePattern(libvirt.VIR_STORAGE_VOL_WIPE_ALG_RANDOM)
    snapshot.delete()
    plain.wipe()
    assert zeros(content("/dev/vg/plain"))


def test_a_snapshot_that_overflowed_can_be_deleted(vg):
    sparse = vg.createXML(volume_xml("full", 64 * MIB, 4 * MIB))
    with suppress(OSError):
        fill("/dev/vg/full", 16 * MIB)
    vg.refresh()
    assert names(vg) == ["full"] and reported("vg")["full"]["lv_attr"][4] == "I"
    sparse.delete()
    assert reported("vg") == {}


def test_what_others_do_is_seen(vg, events, connection):
    seen = events(None)
    run("lvcreate", "--name", "outside", "-L", "8M", "vg")
    eventually(lambda: names(vg) == ["outside"] and vg.info()[3] == group_numbers("vg")[1])
    eventually(lambda: not seen.empty())
    run("lvextend", "-L", "16M", "vg/outside")
    eventually(lambda: vg.storageVolLookupByName("outside").info()[1] == 16 * MIB)
    run("lvremove", "-f", "vg/outside")
    eventually(lambda: names(vg) == [])
    volume = vg.createXML(volume_xml("v", 4 * MIB))
    run("lvremove", "-f", "vg/v")
    with suppress(libvirt.libvirtError):
        volume.delete()
    eventually(lambda: names(vg) == [])


def test_a_lock_that_is_held_is_waited_for(vg):
    local = Path("/etc/lvm/lvmlocal.conf")
    before = local.read_text() if local.exists() else ""
    local.write_text("global { wait_for_locks = 0 }\n")
    try:
        with locked("vg"):
            assert "Can't get lock" in tool("logical", "locked", "lvs", "vg", status=5).stderr
            with raises(libvirt.VIR_ERR_INTERNAL_ERROR, libvirt.VIR_FROM_NONE) as failure:
                vg.createXML(volume_xml("v", 4 * MIB))
            assert "Can't get lock" in failure.message
        with locked("vg") as holder:
            threading.Timer(1, holder.terminate).start()
            vg.createXML(volume_xml("v", 4 * MIB))
        assert list(reported("vg")) == ["v"] == names(vg)
    finally:
        local.write_text(before)


@contextmanager
def locked(group: str):
    """Somebody holds LVM's lock of a group."""
    lock = f"/run/lock/lvm/V_{group}"
    with subprocess.Popen(["flock", "-o", lock, "sleep", "600"]) as holder:
        try:
            eventually(lambda: subprocess.run(["flock", "-n", lock, "true"], check=False).returncode != 0)
            yield holder
        finally:
            holder.terminate()


@pytest.mark.parametrize("stays", [True, False])
def test_a_restarted_server_goes_by_what_is_active(own_server, spare, stays):
    conn = libvirt.open(own_server.uri())
    try:
        for name, device in (("kept", spare[0]), ("empty", spare[1])):
            pool = conn.storagePoolDefineXML(pool_xml(name, [device]))
            pool.build(OVERWRITE)
            pool.create()
        key = conn.storagePoolLookupByName("kept").createXML(volume_xml("v", 4 * MIB)).key()
        conn.close()
        own_server.stop()
        if not stays:
            run("vgchange", "-an", "kept")
        own_server.start()
        conn = libvirt.open(own_server.uri())
        kept, empty = map(conn.storagePoolLookupByName, ("kept", "empty"))
        assert kept.isActive() == stays and empty.isActive()
        if not stays:
            kept.create()
        assert kept.storageVolLookupByName("v").key() == key
        for pool in (kept, empty):
            pool.destroy()
            pool.delete()
    finally:
        conn.close()
        for name, device in (("kept", spare[0]), ("empty", spare[1])):
            remove(name, [device])


def test_a_device_that_goes_takes_only_its_part_of_the_pool(connection, sh, scsi, spare):
    scsi.add_host(1)
    lost = next(disk for disk in scsi.disks() if disk not in spare and not run("lsblk", "-no", "NAME", disk).count("\n") and disk == scsi.disks()[-1])
    with built(connection, "hurt", [spare[0], lost]) as pool:
        run("lvcreate", "--name", "whole", "-L", "8M", "hurt", spare[0])
        run("lvcreate", "--name", "broken", "-L", "8M", "hurt", lost)
        pool.refresh()
        assert pool.info()[0] == libvirt.VIR_STORAGE_POOL_RUNNING
        scsi.add_host(-1)
        eventually(lambda: pool.info()[0] == DEGRADED)
        tool("logical", "report-missing", "lvm", *report_argv("hurt"))
        assert "degraded" in sh.ok("pool-info", "hurt")
        assert names(pool) == ["broken", "whole"] and pool.isActive()
        assert len(content("/dev/hurt/whole")) == 8 * MIB
        with raises(libvirt.VIR_ERR_INTERNAL_ERROR, libvirt.VIR_FROM_NONE) as failure:
            pool.createXML(volume_xml("new", 4 * MIB))
        assert "PVs are missing" in failure.message
        pool.storageVolLookupByName("whole").delete()
        pool.destroy()
        assert pool.info()[0] == libvirt.VIR_STORAGE_POOL_INACTIVE
        run("vgreduce", "--removemissing", "--force", "hurt")


def test_a_group_that_goes_makes_its_pool_inaccessible(connection, scsi):
    scsi.add_host(1)
    lost = scsi.disks()[-1]
    with built(connection, "gone", [lost]) as pool:
        pool.createXML(volume_xml("v", 8 * MIB))
        scsi.add_host(-1)
        eventually(lambda: pool.info()[0] == INACCESSIBLE)
        assert pool.isActive() and names(pool) == ["v"]
        with raises(libvirt.VIR_ERR_SYSTEM_ERROR) as failure:
            pool.createXML(volume_xml("w", 4 * MIB))
        assert "inaccessible" in failure.message
        with raises(libvirt.VIR_ERR_SYSTEM_ERROR):
            pool.refresh()
        pool.destroy()
        assert not pool.isActive()
        with raises(libvirt.VIR_ERR_CONFIG_UNSUPPORTED):
            pool.create()
    subprocess.run(["dmsetup", "remove", "-f", "gone-v"], capture_output=True, check=False)
