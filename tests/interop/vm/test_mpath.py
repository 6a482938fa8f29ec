"""Pools of multipath devices: units of scsi_debug that two hosts see, beside libvirtd on the same ones."""

import os
import re
import subprocess
from contextlib import contextmanager
from pathlib import Path

import libvirt
import pytest

import judging
import transcripts
from devices import remove_module, run, scsi_debug, settle
from expect import eventually, raises
from judging import agree, describe
from pools import MIB, Pool

MODULES = ["dm-multipath", "dm-service-time"]
SIZE = 32 * MIB
CONFIGURATION = """defaults {
    user_friendly_names yes
    find_multipaths no
    no_path_retry fail
}
"""
XML = "<pool type='mpath'><name>paths</name><source/><target><path>/dev/mapper</path></target></pool>"


@pytest.fixture(scope="module")
def scsi():
    """Two hosts that see the same two units."""
    Path("/etc/multipath.conf").write_text(CONFIGURATION)
    with scsi_debug(dev_size_mb=SIZE // MIB, max_luns=2, add_host=2, vpd_use_hostno=0) as made:
        yield made


@pytest.fixture(scope="module")
def daemon(scsi):
    """multipathd, which has made a map of each unit."""
    with open("/tmp/multipathd.log", "wb") as log:
        process = subprocess.Popen(["/sbin/multipathd", "-d", "-s"], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        eventually(lambda: len(maps()) == 2 and len(paths(maps()[0])) == 2)
        settle()
        yield process
    finally:
        process.terminate()
        process.wait()
        settle()
        run("multipath", "-F")


@pytest.fixture
def pool(conn, daemon):
    with judging.pool(conn, XML) as made:
        yield made


def maps() -> list[str]:
    """Names of the maps."""
    return sorted(line.split()[0] for line in run("dmsetup", "ls", "--target", "multipath").splitlines() if "(" in line)


def device(name: str) -> str:
    """The kernel's name of a map."""
    return next(file.parts[-3] for file in Path("/sys/block").glob("dm-*/dm/name") if file.read_text().strip() == name)


def paths(name: str) -> list[str]:
    return sorted(entry.name for entry in Path(f"/sys/block/{device(name)}/slaves").iterdir())


def names(pool) -> list[str]:
    return sorted(volume.name() for volume in pool.listAllVolumes())


@contextmanager
def linear(name: str, disk: str):
    """A device of another kind."""
    run("dmsetup", "create", name, "--table", f"0 8192 linear {disk} 0")
    settle()
    try:
        yield
    finally:
        run("dmsetup", "remove", "--retry", name)


def test_a_pool_of_nothing(conn, judge):
    """Before there is a map the pool runs and is empty."""
    assert not maps()

    def look(connection):
        with judging.pool(connection, XML) as pool:
            return pool.info(), describe(pool)
    assert agree(conn, judge, look) == ([libvirt.VIR_STORAGE_POOL_RUNNING, 0, 0, 0], {})


def test_a_map_made_by_hand_is_listed_too(conn, judge, scsi):
    run("dmsetup", "create", "byhand", "--table", f"0 {SIZE // 512} multipath 0 0 1 1 service-time 0 1 1 {numbers(scsi.disks()[0])} 1")
    settle()
    try:
        def look(connection):
            with judging.pool(connection, XML) as pool:
                return sorted(volume.path() for volume in pool.listAllVolumes())
        assert "/dev/mapper/byhand" in agree(conn, judge, look)
    finally:
        run("dmsetup", "remove", "--retry", "byhand")


def numbers(disk: str) -> str:
    """Major and minor number of a disk."""
    return Path(f"/sys/class/block/{Path(disk).name}/dev").read_text().strip()


def test_the_tree_for_the_unit_tests(daemon):
    with linear("other", f"/dev/mapper/{maps()[1]}"):
        transcripts.tree("mpath", "two-maps", "block/dm-*", "block/dm-*/dm/name", "block/dm-*/dm/uuid", "block/sd*", "block/dm-*/slaves/*")
        transcripts.tool("mpath", "dmsetup-table", "dmsetup", "table")
    transcripts.tool("mpath", "dmsetup-status", "dmsetup", "status", maps()[0])


def test_maps_are_described_as_libvirtd_does(conn, judge, daemon):
    def look(connection):
        with judging.pool(connection, XML) as pool:
            return re.sub("<uuid>.*</uuid>", "", pool.XMLDesc()), pool.info(), describe(pool)
    with linear("other", f"/dev/mapper/{maps()[1]}"):
        _, info, volumes = agree(conn, judge, look)
    assert info == [libvirt.VIR_STORAGE_POOL_RUNNING, 2 * SIZE, 2 * SIZE, 0]
    assert sorted(path for _, path, _, _ in volumes.values()) == [f"/dev/mapper/{name}" for name in maps()]
    assert all(re.fullmatch(r"dm-\d+", name) for name in volumes)


def test_partitions_of_maps_are_not_listed(conn, judge, daemon):
    whole = f"/dev/mapper/{maps()[0]}"
    run("parted", "-s", whole, "mklabel", "msdos", "mkpart", "primary", "1MiB", "8MiB")
    settle()
    run("kpartx", "-a", whole)
    settle()
    try:
        def look(connection):
            with judging.pool(connection, XML) as pool:
                return describe(pool)
        assert len(agree(conn, judge, look)) == 2
    finally:
        run("kpartx", "-d", whole)
        run("wipefs", "-a", whole)
        settle()


def test_there_is_one_pool_of_them(conn, judge):
    def define(connection):
        with judging.pool(connection, XML):
            connection.storagePoolDefineXML(XML.replace("paths", "again")).undefine()
    assert agree(conn, judge, define).startswith("error")


def test_what_maps_cannot_do(conn, judge, daemon):
    def attempt(call):
        def within(connection):
            with judging.pool(connection, XML) as pool:
                call(pool, pool.listAllVolumes()[0])
        return within
    volume = f"<volume><name>new</name><capacity>{MIB}</capacity></volume>"
    for call in (lambda pool, _: pool.createXML(volume), lambda pool, unit: pool.createXMLFrom(volume, unit), lambda _, unit: unit.delete(),
                 lambda _, unit: unit.resize(2 * SIZE)):
        assert agree(conn, judge, attempt(call)).startswith("error")


def test_a_whole_life_through_virsh(virsh, conn, daemon, tmp_path):
    data = os.urandom(3 * MIB)
    (tmp_path / "data").write_bytes(data)
    virsh.ok("pool-define-as", "life", "mpath", "--target", "/dev/mapper")
    try:
        virsh.ok("pool-start", "life")
        name = device(maps()[0])
        path = virsh.ok("vol-path", name, "--pool", "life").strip()
        assert path == f"/dev/mapper/{maps()[0]}"
        virsh.ok("vol-upload", path, tmp_path / "data", "--offset", "4096")
        assert Path(path).read_bytes()[4096:4096 + len(data)] == data
        virsh.ok("vol-download", path, tmp_path / "copy", "--offset", "4096", "--length", len(data))
        assert (tmp_path / "copy").read_bytes() == data
        with Pool(conn, "folder", tmp_path / "pool") as folder:
            (tmp_path / "v.xml").write_text(f"<volume><name>v</name><capacity>{SIZE}</capacity></volume>")
            virsh.ok("vol-create-from", "folder", tmp_path / "v.xml", name, "--inputpool", "life")
            assert folder.file("v").read_bytes() == Path(path).read_bytes()
        virsh.ok("vol-wipe", path)
        assert not any(Path(path).read_bytes())
        virsh.ok("pool-destroy", "life")
    finally:
        virsh("pool-destroy", "life")
        virsh.ok("pool-undefine", "life")


def test_a_pool_with_a_lost_path_is_degraded_and_works(pool, daemon):
    name = maps()[0]
    volume = next(volume for volume in pool.listAllVolumes() if volume.path() == f"/dev/mapper/{name}")
    before = describe(pool)[volume.name()][:3]
    run("multipathd", "fail", "path", paths(name)[0])
    try:
        transcripts.tool("mpath", "dmsetup-status-one-failed", "dmsetup", "status", name)
        eventually(lambda: pool.info()[0] == libvirt.VIR_STORAGE_POOL_DEGRADED)
        pool.refresh()
        assert describe(pool)[volume.name()][:3] == before
        volume.wipe()
    finally:
        run("multipathd", "reinstate", "path", paths(name)[0])
    eventually(lambda: pool.info()[0] == libvirt.VIR_STORAGE_POOL_RUNNING)


def test_a_map_whose_paths_are_all_lost(conn, pool, daemon):
    name = maps()[0]
    lost = paths(name)
    volume = next(volume for volume in pool.listAllVolumes() if volume.path() == f"/dev/mapper/{name}")
    for path in lost:
        run("multipathd", "fail", "path", path)
    try:
        transcripts.tool("mpath", "dmsetup-status-all-failed", "dmsetup", "status", name)
        with raises(libvirt.VIR_ERR_SYSTEM_ERROR):
            volume.wipe()
        pool.refresh()
        assert len(names(pool)) == 2
    finally:
        for path in lost:
            run("multipathd", "reinstate", "path", path)
    volume.wipe()


def test_maps_come_and_go_by_themselves(pool, scsi, daemon):
    name = maps()[1]
    gone = device(name)
    run("multipathd", "remove", "map", name)
    eventually(lambda: names(pool) == sorted({"dm-0", "dm-1"} - {gone}))
    run("multipathd", "reconfigure")
    eventually(lambda: len(names(pool)) == 2)


def test_a_pool_outlives_the_server(own_server, daemon):
    connection = libvirt.open(own_server.uri())
    before = describe(connection.storagePoolCreateXML(XML))
    connection.close()
    own_server.restart()
    connection = libvirt.open(own_server.uri())
    pool = connection.storagePoolLookupByName("paths")
    assert pool.isActive() and describe(pool) == before
    pool.destroy()
    connection.close()
