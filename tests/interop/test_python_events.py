"""python3-libvirt: pool events through an event loop."""

import queue

import libvirt
import pytest

from expect import raises
from pools import Pool, pool_xml, volume_xml

LIFECYCLE, REFRESH = libvirt.VIR_STORAGE_POOL_EVENT_ID_LIFECYCLE, libvirt.VIR_STORAGE_POOL_EVENT_ID_REFRESH
DEFINED, UNDEFINED, STARTED, STOPPED, CREATED, DELETED = range(6)


def drain(seen: queue.Queue, conn, folder) -> list:
    """What was seen up to the events of a pool made for that purpose: nothing else can be under way."""
    conn.storagePoolDefineXML(pool_xml("fence", folder / "fence")).undefine()
    events = []
    while (event := seen.get(timeout=20)) != ("lifecycle", "fence", UNDEFINED, 0):
        if event[1] != "fence":
            events.append(event)
    return events


def test_every_step_of_a_pools_life_is_told_in_order(conn, events, tmp_path):
    seen = events()
    pool = conn.storagePoolDefineXML(pool_xml("p", tmp_path / "p"))
    pool.build()
    pool.create()
    pool.refresh()
    pool.destroy()
    pool.delete()
    pool.undefine()
    assert drain(seen, conn, tmp_path) == [
        ("lifecycle", "p", DEFINED, 0), ("lifecycle", "p", CREATED, 0), ("lifecycle", "p", STARTED, 0), ("refresh", "p"),
        ("lifecycle", "p", STOPPED, 0), ("lifecycle", "p", DELETED, 0), ("lifecycle", "p", UNDEFINED, 0)]


def test_a_transient_pool_tells_of_its_start_and_stop(conn, events, tmp_path):
    seen = events()
    (tmp_path / "p").mkdir()
    conn.storagePoolCreateXML(pool_xml("p", tmp_path / "p")).destroy()
    assert drain(seen, conn, tmp_path) == [("lifecycle", "p", STARTED, 0), ("lifecycle", "p", STOPPED, 0)]


def test_what_makes_no_event(conn, events, unwatched, tmp_path):
    seen = events()
    unwatched.api.setAutostart(1)
    unwatched.api.setAutostart(0)
    volume = unwatched.create("v")
    volume.resize(2 << 20)
    volume.wipe()
    unwatched.api.createXMLFrom(volume_xml("w"), volume)
    volume.delete()
    with raises(55):
        unwatched.api.create()
    assert drain(seen, conn, tmp_path) == []


@pytest.mark.cistern_only("libvirtd leaves it to a refresh to tell clients of each other's volumes")
def test_volumes_that_a_client_makes_and_deletes_are_told_to_the_others(conn, events, pool):
    seen = events()
    volume = pool.create("v")
    assert seen.get(timeout=20) == ("refresh", pool.name)
    volume.delete()
    assert seen.get(timeout=20) == ("refresh", pool.name)


def test_a_failed_start_makes_no_event(conn, events, tmp_path):
    with Pool(conn, "p", tmp_path / "p", start=False) as pool:
        pool.path.rmdir()
        seen = events()
        with raises(38, 0):
            pool.api.create()
        assert drain(seen, conn, tmp_path) == []


def test_a_redefinition_is_told_as_defined(conn, events, pool, tmp_path):
    seen = events()
    conn.storagePoolDefineXML(pool_xml(pool.name, pool.path, identity=pool.uuid))
    assert drain(seen, conn, tmp_path) == [("lifecycle", pool.name, DEFINED, 0)]


@pytest.mark.libvirtd_only("Cistern keeps a pool whose folder is gone, as inaccessible")
def test_a_failed_refresh_stops_the_pool(conn, events, pool, tmp_path):
    seen = events()
    pool.path.rename(tmp_path / "moved")
    with raises(38, 0):
        pool.api.refresh()
    assert drain(seen, conn, tmp_path) == [("lifecycle", pool.name, STOPPED, 0)]


@pytest.mark.cistern_only("libvirtd stops a pool whose folder is gone")
def test_a_pool_whose_folder_is_gone_stays_and_comes_back(conn, events, pool, tmp_path):
    pool.create("v")
    seen = events()
    pool.path.rename(tmp_path / "moved")
    with pytest.raises(libvirt.libvirtError) as error:
        pool.api.refresh()
    assert error.value.get_error_code() == 38
    assert pool.api.isActive() == 1 and pool.names() == ["v"]
    (tmp_path / "moved").rename(pool.path)
    pool.api.refresh()
    assert pool.names() == ["v"]
    assert all(kind == "refresh" for kind, *_ in drain(seen, conn, tmp_path))


def test_a_filter_lets_one_pool_through(conn, events, pool, tmp_path):
    with Pool(conn, "other", tmp_path / "other") as other:
        seen = events(pool.api)
        other.api.refresh()
        other.api.destroy()
        pool.api.refresh()
        assert seen.get(timeout=20) == ("refresh", pool.name)
        assert seen.empty()


def test_events_reach_every_connection(server, events, pool, tmp_path, conn):
    second = libvirt.open(server.uri("tcp"))
    seen_by_second = queue.Queue()
    number = second.storagePoolEventRegisterAny(None, REFRESH, lambda _, of, to: to.put(of.name()), seen_by_second)
    seen = events()
    pool.api.refresh()
    assert seen.get(timeout=20) == ("refresh", pool.name)
    assert seen_by_second.get(timeout=20) == pool.name
    second.storagePoolEventDeregisterAny(number)
    second.close()


def test_nothing_follows_a_deregistration(conn, events, pool, tmp_path):
    gone = queue.Queue()
    number = conn.storagePoolEventRegisterAny(None, REFRESH, lambda _, of, to: to.put(of.name()), gone)
    pool.api.refresh()
    assert gone.get(timeout=20) == pool.name
    conn.storagePoolEventDeregisterAny(number)
    seen = events()
    pool.api.refresh()
    assert seen.get(timeout=20) == ("refresh", pool.name)
    assert gone.empty()


def test_callbacks_with_and_without_a_filter_are_both_called(conn, pool):
    seen = queue.Queue()
    numbers = [conn.storagePoolEventRegisterAny(of, REFRESH, lambda _, __, tag: seen.put(tag), tag)
               for of, tag in ((None, "every"), (pool.api, "one"))]
    pool.api.refresh()
    assert {seen.get(timeout=20), seen.get(timeout=20)} == {"every", "one"}
    with raises(8, libvirt.VIR_FROM_NONE):
        conn.storagePoolEventRegisterAny(pool.api, REFRESH, lambda *_: None, None)
    for number in numbers:
        conn.storagePoolEventDeregisterAny(number)


def test_an_unknown_event_and_an_unknown_callback(conn):
    with pytest.raises(libvirt.libvirtError):
        conn.storagePoolEventRegisterAny(None, 7, lambda *_: None, None)
    with pytest.raises((libvirt.libvirtError, KeyError)):
        conn.storagePoolEventDeregisterAny(4711)


@pytest.mark.parametrize("register, deregister", [
    (lambda conn: conn.domainEventRegisterAny(None, libvirt.VIR_DOMAIN_EVENT_ID_LIFECYCLE, lambda *_: None, None), "domainEventDeregisterAny"),
    (lambda conn: conn.domainEventRegisterAny(None, libvirt.VIR_DOMAIN_EVENT_ID_DEVICE_REMOVED, lambda *_: None, None), "domainEventDeregisterAny"),
    (lambda conn: conn.networkEventRegisterAny(None, libvirt.VIR_NETWORK_EVENT_ID_LIFECYCLE, lambda *_: None, None), "networkEventDeregisterAny"),
    (lambda conn: conn.nodeDeviceEventRegisterAny(None, libvirt.VIR_NODE_DEVICE_EVENT_ID_UPDATE, lambda *_: None, None), "nodeDeviceEventDeregisterAny"),
    (lambda conn: conn.secretEventRegisterAny(None, libvirt.VIR_SECRET_EVENT_ID_LIFECYCLE, lambda *_: None, None), "secretEventDeregisterAny"),
])
def test_events_of_other_objects_are_accepted(conn, register, deregister):
    getattr(conn, deregister)(register(conn))


def test_the_close_callback(conn):
    conn.registerCloseCallback(lambda *_: None, None)
    conn.unregisterCloseCallback()
