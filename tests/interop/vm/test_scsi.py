"""Pools of a SCSI host's units: disks of scsi_debug, beside libvirtd on the same ones."""

import os
import re
from contextlib import suppress
from pathlib import Path

import libvirt
import pytest

import judging
import transcripts
from devices import run, scsi_debug, settle
from expect import eventually, raises
from judging import agree, describe
from pools import MIB, Pool

DISKS = ["8M"]      # whose link is in /dev/disk/by-path
SIZE = 32 * MIB


def scsi_xml(adapter: str, target: str = "/dev/disk/by-id", name: str = "units") -> str:
    return f"<pool type='scsi'><name>{name}</name><source><adapter {adapter}/></source><target><path>{target}</path></target></pool>"


def parent_xml(address: str, unique: int) -> str:
    return (f"<pool type='scsi'><name>units</name><source><adapter type='scsi_host'><parentaddr unique_id='{unique}'><address {address}/>"
            "</parentaddr></adapter></source><target><path>/dev/disk/by-id</path></target></pool>")


def host(number: int) -> str:
    return f"type='scsi_host' name='scsi_host{number}'"


@pytest.fixture(scope="module")
def scsi():
    """Two hosts with three units each, and no two units the same."""
    with scsi_debug(dev_size_mb=SIZE // MIB, max_luns=3, add_host=2, per_host_store=1) as made:
        yield made


@pytest.fixture
def number(scsi):
    return scsi.hosts[0]


@pytest.fixture
def units(conn, number):
    with judging.pool(conn, scsi_xml(host(number))) as made:
        yield made


def unit(number: int, lun: int) -> Path:
    return Path(f"/sys/bus/scsi/devices/{number}:0:0:{lun}")


def rescan(number: int) -> None:
    Path(f"/sys/class/scsi_host/host{number}/scan").write_text("- - -")
    settle()


def names(pool) -> list[str]:
    return sorted(volume.name() for volume in pool.listAllVolumes())


def test_tools_and_trees_for_the_unit_tests(scsi):
    transcripts.tree("scsi", "two-hosts", "class/scsi_host/host*", "class/scsi_host/host*/unique_id", "class/scsi_host/host*/scan",
                     "bus/scsi/devices/*", *(f"bus/scsi/devices/*:*/{file}" for file in ("type", "vendor", "model", "vpd_pg80", "vpd_pg83", "block/*")))
    for disk in scsi.disks():
        serial = transcripts.tool("scsi", f"scsi_id-{Path(disk).name}", "/lib/udev/scsi_id", "--replace-whitespace", "--whitelisted", "--device", disk)
        assert serial.stdout.strip()


@pytest.mark.parametrize("target", ["/dev", "/dev/disk/by-id"])
@pytest.mark.parametrize("adapter", ["name='host{}'", "name='scsi_host{}'", "type='scsi_host' name='scsi_host{}'"])
def test_units_are_described_as_libvirtd_does(conn, judge, number, adapter, target):
    def look(connection):
        with judging.pool(connection, scsi_xml(adapter.format(number), target)) as pool:
            document = re.sub("<uuid>.*</uuid>", "", pool.XMLDesc())
            volumes = describe(pool)
            if target == "/dev":
                return document, pool.info(), volumes
            # Which of a unit's links is taken is chance on libvirtd: the first that the folder gives.
            assert all(path.startswith("/dev/disk/by-id/") for _, path, _, _ in volumes.values())
            return document, pool.info(), {name: (key, os.path.realpath(path), info) for name, (key, path, info, _) in volumes.items()}
    _, info, volumes = agree(conn, judge, look)
    assert info == [libvirt.VIR_STORAGE_POOL_RUNNING, 3 * SIZE, 3 * SIZE, 0]
    assert sorted(volumes) == [f"unit:0:0:{lun}" for lun in range(3)]


def test_keys_are_what_scsi_id_tells(units):
    for name in names(units):
        volume = units.storageVolLookupByName(name)
        assert volume.key() == run("/lib/udev/scsi_id", "--replace-whitespace", "--whitelisted", "--device", volume.path())


@pytest.mark.parametrize("adapter, target", [
    (host(99), "/dev/disk/by-id"), ("name='adapter1'", "/dev/disk/by-id"), ("name='scsi_host'", "/dev"), (None, "/tmp"), (None, "/devices"),
    (None, "/dev/disk/by-nothing"),
])
def test_pools_that_cannot_start(conn, judge, number, adapter, target):
    def start(connection):
        pool = connection.storagePoolDefineXML(scsi_xml(adapter or host(number), target))
        try:
            pool.create()
        finally:
            with suppress(libvirt.libvirtError):
                pool.destroy()
            pool.undefine()
    assert agree(conn, judge, start).startswith("error")


def test_an_address_without_a_host(conn, judge):
    def start(connection):
        pool = connection.storagePoolDefineXML(parent_xml("domain='0x0000' bus='0x00' slot='0x1f' function='0x2'", 1))
        try:
            pool.create()
        finally:
            pool.undefine()
    assert agree(conn, judge, start).startswith("error")


@pytest.mark.parametrize("one, other", [("name='host{0}'", "type='scsi_host' name='scsi_host{0}'"), ("name='host{0}'", "name='fc_host{0}'"),
                                        ("name='host{0}'", "name='host{1}'"), ("name='nonsense'", "name='nonsense'")])
def test_two_pools_of_one_host(conn, judge, scsi, one, other):
    def define(connection):
        first = connection.storagePoolDefineXML(scsi_xml(one.format(*scsi.hosts)))
        try:
            connection.storagePoolDefineXML(scsi_xml(other.format(*scsi.hosts), name="again")).undefine()
            return "defined"
        finally:
            first.undefine()
    agree(conn, judge, define)


def test_what_units_cannot_do(conn, judge, number):
    def attempt(call):
        def within(connection):
            with judging.pool(connection, scsi_xml(host(number))) as pool:
                call(pool, pool.storageVolLookupByName("unit:0:0:0"))
        return within
    volume = f"<volume><name>new</name><capacity>{MIB}</capacity></volume>"
    for call in (lambda pool, _: pool.createXML(volume), lambda pool, unit: pool.createXMLFrom(volume, unit), lambda _, unit: unit.delete(),
                 lambda _, unit: unit.resize(MIB), lambda _, unit: unit.resize(2 * SIZE), lambda _, unit: unit.wipePattern(libvirt.VIR_STORAGE_VOL_WIPE_ALG_ZERO, 1)):
        assert agree(conn, judge, attempt(call)).startswith("error")


def test_a_whole_life_through_virsh(virsh, conn, number, tmp_path):
    data = os.urandom(3 * MIB)
    (tmp_path / "data").write_bytes(data)
    virsh.ok("pool-define-as", "life", "scsi", "--adapter-name", f"scsi_host{number}", "--target", "/dev/disk/by-id")
    try:
        virsh.ok("pool-start", "life")
        assert "unit:0:0:2" in virsh.ok("vol-list", "life")
        path = virsh.ok("vol-path", "unit:0:0:1", "--pool", "life").strip()
        assert virsh.ok("vol-pool", path).strip() == "life"
        virsh.ok("vol-upload", "unit:0:0:1", tmp_path / "data", "--pool", "life", "--offset", "4096")
        assert Path(path).read_bytes()[4096:4096 + len(data)] == data
        virsh.ok("vol-download", "unit:0:0:1", tmp_path / "copy", "--pool", "life", "--offset", "4096", "--length", len(data))
        assert (tmp_path / "copy").read_bytes() == data
        virsh.fails("vol-upload", "unit:0:0:1", tmp_path / "data", "--pool", "life", "--offset", str(SIZE - MIB))
        with Pool(conn, "folder", tmp_path / "pool") as folder:
            virsh.ok("vol-create-from", "folder", write(tmp_path / "v.xml", f"<volume><name>v</name><capacity>{SIZE}</capacity></volume>"), "unit:0:0:1",
                     "--inputpool", "life")
            assert folder.file("v").read_bytes() == Path(path).read_bytes()
        virsh.ok("vol-wipe", "unit:0:0:1", "--pool", "life")
        assert not any(Path(path).read_bytes())
        virsh.ok("pool-destroy", "life")
        virsh.ok("pool-autostart", "life")
        virsh.ok("pool-start", "life")
        virsh.ok("pool-destroy", "life")
    finally:
        virsh("pool-destroy", "life")
        virsh.ok("pool-undefine", "life")


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def test_a_unit_that_went_comes_back_at_the_refresh(units, number):
    (unit(number, 1) / "delete").write_text("1")
    settle()
    eventually(lambda: names(units) == ["unit:0:0:0", "unit:0:0:2"])
    units.refresh()
    assert names(units) == ["unit:0:0:0", "unit:0:0:1", "unit:0:0:2"]


def test_units_come_and_go_by_themselves(units, number, events):
    seen = events(units)
    (unit(number, 1) / "delete").write_text("1")
    eventually(lambda: names(units) == ["unit:0:0:0", "unit:0:0:2"])
    assert seen.get(timeout=30) == ("refresh", "units")
    rescan(number)
    eventually(lambda: names(units) == ["unit:0:0:0", "unit:0:0:1", "unit:0:0:2"])


def test_a_unit_that_is_offline_is_not_listed_and_the_others_are(conn, judge, number):
    """libvirtd does not start the pool."""
    state = unit(number, 1) / "state"
    state.write_text("offline\n")
    try:
        def look(connection):
            with judging.pool(connection, scsi_xml(host(number), "/dev")) as pool:
                return names(pool)
        assert judging.outcome(look, conn) == ["unit:0:0:0", "unit:0:0:2"]
        assert judging.outcome(look, judge) == "error 38 of domain 18"
    finally:
        state.write_text("running\n")


def test_a_host_that_went(scsi, conn, virsh, tmp_path):
    scsi.add_host()
    gone = scsi.hosts[-1]
    with judging.pool(conn, scsi_xml(host(gone))) as pool:
        assert len(names(pool)) == 3
        scsi.add_host(-1)
        eventually(lambda: raised(pool.refresh) == libvirt.VIR_ERR_SYSTEM_ERROR)
        assert pool.isActive()
        with raises(libvirt.VIR_ERR_SYSTEM_ERROR):
            conn.storageVolLookupByPath(pool.listAllVolumes()[0].path()).wipe()
        pool.destroy()


def raised(call) -> int | None:
    try:
        call()
        return None
    except libvirt.libvirtError as error:
        return error.get_error_code()


def test_an_upload_to_a_unit_that_goes_meanwhile_fails(conn, units, number):
    stream = conn.newStream()
    units.storageVolLookupByName("unit:0:0:2").upload(stream, 0, 0)
    (unit(number, 2) / "delete").write_text("1")
    with pytest.raises(libvirt.libvirtError):
        for _ in range(SIZE // MIB):
            stream.send(bytes(MIB))
        stream.finish()
    units.refresh()
    assert "unit:0:0:2" in names(units)


def test_a_pool_outlives_the_server(own_server, number):
    connection = libvirt.open(own_server.uri())
    pool = connection.storagePoolCreateXML(scsi_xml(host(number)))
    before = describe(pool)
    connection.close()
    own_server.restart()
    connection = libvirt.open(own_server.uri())
    pool = connection.storagePoolLookupByName("units")
    assert pool.isActive() and describe(pool) == before
    pool.destroy()
    connection.close()


def test_a_pool_starts_when_its_host_comes(own_server, scsi):
    late = scsi.hosts[-1] + 1       # the kernel gives the lowest number that is free
    connection = libvirt.open(own_server.uri())
    connection.storagePoolDefineXML(scsi_xml(host(late))).setAutostart(1)
    connection.close()
    own_server.stop()
    own_server.forget_run_state()
    own_server.start()
    connection = libvirt.open(own_server.uri())
    pool = connection.storagePoolLookupByName("units")
    assert not pool.isActive()
    scsi.add_host()
    try:
        assert scsi.hosts[-1] == late
        eventually(pool.isActive)
        assert len(names(pool)) == 3
        pool.destroy()
    finally:
        scsi.add_host(-1)
        connection.close()


def test_units_without_a_link_are_not_listed(conn, number):
    """scsi_debug's units have no place on a bus: there is no link by path."""
    with judging.pool(conn, scsi_xml(host(number), "/dev/disk/by-path")) as pool:
        assert names(pool) == [] and pool.info()[1] == 0


def test_cd_roms_are_units_too(conn, judge):
    with scsi_debug(ptype=5, dev_size_mb=8) as cd:
        def look(connection):
            with judging.pool(connection, scsi_xml(host(cd.hosts[0]), "/dev")) as pool:
                return describe(pool)
        agree(conn, judge, look)
