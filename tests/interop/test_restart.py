"""What outlives the server: definitions, autostart, active pools; and what a new boot means."""

import os
import signal
import xml.etree.ElementTree as ElementTree

import libvirt
import pytest

from pools import MIB, mask, pool_xml, volume_xml


@pytest.fixture
def restarted(own_server, tmp_path):
    """`before(conn)` runs on the server, which is then ended by the signal and started anew; returns a new connection."""
    connections = []

    def run(before, number=signal.SIGTERM, between=lambda: None):
        connections.append(libvirt.open(own_server.uri()))
        before(connections[-1])
        status = own_server.stop(number)
        assert status == (0 if number == signal.SIGTERM else -number)
        between()
        own_server.start()
        connections.append(libvirt.open(own_server.uri()))
        return connections[-1]

    yield run
    for connection in connections:
        try:
            connection.close()
        except libvirt.libvirtError:
            pass


def state_of(conn) -> dict[str, tuple[int, int, int]]:
    """name: (active, persistent, autostart)"""
    return {pool.name(): (pool.isActive(), pool.isPersistent(), pool.autostart()) for pool in conn.listAllStoragePools()}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_pools_are_as_they_were(restarted, tmp_path, number):
    told = {}

    def before(conn):
        for name in ("on", "passing"):
            (tmp_path / name).mkdir()
        on = conn.storagePoolDefineXML(pool_xml("on", tmp_path / "on"))
        on.create()
        on.createXML(volume_xml("v", 2 * MIB, allocation=0))
        conn.storagePoolDefineXML(pool_xml("off", tmp_path / "off"))
        conn.storagePoolDefineXML(pool_xml("auto", tmp_path / "auto")).setAutostart(1)
        conn.storagePoolCreateXML(pool_xml("passing", tmp_path / "passing")).createXML(volume_xml("w"))
        told.update({pool.name(): (pool.UUIDString(), mask(pool.XMLDesc())) for pool in conn.listAllStoragePools()})

    conn = restarted(before, number)
    assert state_of(conn) == {"on": (1, 1, 0), "off": (0, 1, 0), "auto": (0, 1, 1), "passing": (1, 0, 0)}
    for pool in conn.listAllStoragePools():
        assert (pool.UUIDString(), mask(pool.XMLDesc())) == told[pool.name()]
    assert conn.storagePoolLookupByName("on").storageVolLookupByName("v").info() == [0, 2 * MIB, 0]
    assert conn.storagePoolLookupByName("passing").listVolumes() == ["w"]


def test_autostart_is_for_the_first_start_after_a_boot(restarted, own_server, tmp_path):
    def before(conn):
        for name in ("auto", "passing"):
            (tmp_path / name).mkdir()
        conn.storagePoolDefineXML(pool_xml("off", tmp_path / "off"))
        conn.storagePoolDefineXML(pool_xml("auto", tmp_path / "auto")).setAutostart(1)
        conn.storagePoolDefineXML(pool_xml("gone", tmp_path / "gone")).setAutostart(1)
        conn.storagePoolCreateXML(pool_xml("passing", tmp_path / "passing"))

    conn = restarted(before, between=own_server.forget_run_state)
    assert state_of(conn) == {"off": (0, 1, 0), "auto": (1, 1, 1), "gone": (0, 1, 1)}


@pytest.mark.cistern_only("libvirtd takes every dir pool whose folder is there for active when it starts")
@pytest.mark.parametrize("autostart", [0, 1])
def test_a_stopped_pool_stays_stopped_over_a_restart(restarted, tmp_path, autostart):
    def before(conn):
        pool = conn.storagePoolDefineXML(pool_xml("p", tmp_path))
        pool.setAutostart(autostart)
        pool.create()
        pool.destroy()

    assert state_of(restarted(before)) == {"p": (0, 1, autostart)}


def test_a_later_definition_of_an_active_pool_is_kept_beside_the_live_one(restarted, tmp_path):
    def before(conn):
        (tmp_path / "a").mkdir()
        pool = conn.storagePoolDefineXML(pool_xml("p", tmp_path / "a"))
        pool.create()
        conn.storagePoolDefineXML(pool_xml("p", tmp_path / "b", identity=pool.UUIDString()))

    pool = restarted(before).storagePoolLookupByName("p")
    assert f"<path>{tmp_path}/a</path>" in pool.XMLDesc()
    assert f"<path>{tmp_path}/b</path>" in pool.XMLDesc(libvirt.VIR_STORAGE_XML_INACTIVE)
    pool.destroy()
    assert f"<path>{tmp_path}/b</path>" in pool.XMLDesc()


def test_an_undefined_pool_does_not_come_back(restarted, own_server, tmp_path):
    def before(conn):
        pool = conn.storagePoolDefineXML(pool_xml("p", tmp_path))
        pool.setAutostart(1)
        pool.undefine()
        conn.storagePoolCreateXML(pool_xml("t", tmp_path)).destroy()

    assert state_of(restarted(before)) == {}
    assert [file for _, _, files in os.walk(own_server.config_folder) for file in files if file.startswith(("p.", "t."))] == []


def test_files_are_laid_out_as_libvirt_does(restarted, own_server, tmp_path):
    def before(conn):
        pool = conn.storagePoolDefineXML(pool_xml("p", tmp_path))
        pool.setAutostart(1)
        pool.create()
        config, link = own_server.config_folder / "p.xml", own_server.config_folder / "autostart" / "p.xml"
        assert config.stat().st_mode & 0o777 == 0o600
        assert ElementTree.parse(config).getroot().findtext("name") == "p"
        assert config.read_text().startswith("<!--")
        assert link.is_symlink() and os.path.isabs(os.readlink(link))
        state = own_server.state_folder / "p.xml"
        root = ElementTree.parse(state).getroot()
        assert (root.tag, root.findtext("pool/name")) == ("poolstate", "p")
        pool.destroy()
        assert not state.exists()
        pool.setAutostart(0)
        assert not os.path.lexists(link)

    restarted(before)


def test_files_made_by_hand_are_read_and_broken_ones_are_left_out(restarted, own_server, tmp_path):
    def between():
        folder = own_server.config_folder
        (folder / "good.xml").write_text(pool_xml("good", tmp_path / "g"))
        (folder / "broken.xml").write_text("<pool type='dir'><name>broken")
        (folder / "other.xml").write_text(pool_xml("misnamed", tmp_path / "m"))
        (folder / "not-xml").write_text(pool_xml("not-xml", tmp_path / "n"))

    def before(conn):
        conn.storagePoolDefineXML(pool_xml("kept", tmp_path / "kept"))

    assert state_of(restarted(before, between=between)) == {"good": (0, 1, 0), "kept": (0, 1, 0)}


def test_a_pool_whose_folder_went_away_is_inactive(restarted, tmp_path):
    def before(conn):
        for name in ("p", "t"):
            (tmp_path / name).mkdir()
        conn.storagePoolDefineXML(pool_xml("p", tmp_path / "p")).create()
        conn.storagePoolCreateXML(pool_xml("t", tmp_path / "t"))

    def between():
        (tmp_path / "p").rmdir()
        (tmp_path / "t").rmdir()

    assert state_of(restarted(before, between=between)) == {"p": (0, 1, 0)}


def test_a_sigterm_under_load_ends_in_time(own_server, tmp_path):
    """Open connections, event registrations and an open stream do not hold the server up."""
    conn = libvirt.open(own_server.uri("tcp"))
    pool = conn.storagePoolCreateXML(pool_xml("p", tmp_path))
    stream = conn.newStream()
    pool.createXML(volume_xml("v")).upload(stream, 0, 0)
    stream.send(b"x" * 100000)
    idle = [own_server.connect("unix") for _ in range(10)]
    assert own_server.stop() == 0
    own_server.start()
    for connection in idle:
        connection.close()
    again = libvirt.open(own_server.uri())
    assert state_of(again) == {"p": (1, 0, 0)}
    again.close()


@pytest.mark.cistern_only("libvirtd's folders cannot be shared by two instances without sharing the sockets too")
def test_two_servers_do_not_share_one_state(own_server):
    second = own_server.twin()
    try:
        assert second.wait(20) != 0
    finally:
        second.kill()
        second.wait()
    assert own_server.is_alive()
