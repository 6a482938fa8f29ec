"""Nobody waits for a long call: other calls, keepalive and other volumes go on while one volume is busy."""

import threading

import libvirt
import pytest

from busy import SIZE, busy_volume, paused, volume_under_construction
from expect import raises
from pools import MIB, volume_xml
from wire import xdr
from wire.client import KEEPALIVE, MESSAGE, OK, PING, PONG, Packet

WIPE_PATTERN, HOSTNAME, POOL_INFO, VOLUME_INFO = 259, 59, 87, 98
RANDOM = libvirt.VIR_STORAGE_VOL_WIPE_ALG_RANDOM


def test_calls_on_the_same_connection_overtake_a_long_one(wire, pool):
    client = wire("tcp")
    pool.create("busy", SIZE)
    long_call = client.send(WIPE_PATTERN, xdr.volume(pool.name, "busy") + xdr.u32(RANDOM) + xdr.u32(0))
    with paused(pool.file("busy"), lambda: True):
        for procedure, payload in ((HOSTNAME, b""), (POOL_INFO, xdr.pool(pool.name, pool.uuid)), (VOLUME_INFO, xdr.volume(pool.name, "busy"))):
            client.send(PING, program=KEEPALIVE, type=MESSAGE, serial=0)
            assert client.receive() == Packet(KEEPALIVE, 1, PONG, MESSAGE, 0, OK)
            assert client.call_packet(procedure, payload).status == OK
    client.stream.settimeout(120)
    assert client.reply_to(long_call).status == OK


def test_other_volumes_are_created_and_deleted_while_one_is_busy(pool):
    with busy_volume(pool) as (volume, _):
        other = pool.create("other")
        pool.create("q", MIB, format="qcow2")
        other.resize(2 * MIB)
        other.wipe()
        pool.api.createXMLFrom(volume_xml("copy"), other)
        other.delete()
        assert pool.names() == ["busy", "copy", "q"]
        assert volume.info()[1] == SIZE and volume.XMLDesc() and pool.api.info()[0] == 2


@pytest.mark.parametrize("operation", [
    lambda volume: volume.resize(2 * SIZE), lambda volume: volume.wipe(),
    lambda volume: volume.upload(volume.connect().newStream(), 0, 0),
], ids=["resize", "wipe", "upload"])
def test_a_busy_volume_is_left_alone(pool, operation):
    with busy_volume(pool) as (volume, _):
        with raises(55) as error:
            operation(volume)
        assert "busy" in error.message


CANCELLED = (78, libvirt.VIR_FROM_STORAGE)


@pytest.mark.cistern_only("libvirtd refuses to delete a busy volume; Cistern cancels the work first")
@pytest.mark.parametrize("busy, name", [(busy_volume, "busy"), (volume_under_construction, "new")])
def test_deleting_a_busy_volume_cancels_the_work(server, pool, busy, name):
    other = libvirt.open(server.uri("tcp"))
    with busy(pool) as context:
        call = context[1] if isinstance(context, tuple) else context
        call.expected_to_fail = True
        other.storagePoolLookupByName(pool.name).storageVolLookupByName(name).delete()
        assert name not in pool.names() and not pool.file(name).exists()
        with raises(*CANCELLED):
            call.finish()
    pool.create(name).delete()
    other.close()


def test_a_pool_with_a_busy_volume_does_not_stop(pool):
    with busy_volume(pool):
        with raises(1) as error:
            pool.api.destroy()
        assert pool.name in error.message
        with raises(55):
            pool.api.undefine()
        assert pool.api.isActive()


@pytest.mark.cistern_only("libvirtd refuses to refresh a pool while one of its volumes is busy")
def test_a_pool_with_a_busy_volume_refreshes(pool):
    with busy_volume(pool):
        pool.file("new").touch()
        pool.api.refresh()
        assert pool.names() == ["busy", "new"]
    assert pool.api.storageVolLookupByName("busy").info()[1] == SIZE


def test_a_volume_under_construction_is_seen_and_asked_for_its_size(pool):
    """What virt-manager does for its progress bar, on the connection that creates."""
    with volume_under_construction(pool):
        assert pool.names() == ["new", "source"]
        volume = pool.api.storageVolLookupByName("new")
        for _ in range(3):
            assert volume.info()[0] == libvirt.VIR_STORAGE_VOL_FILE
        for operation in (volume.wipe, lambda: volume.resize(SIZE), lambda: pool.api.createXMLFrom(volume_xml("x"), volume)):
            with raises(55) as error:
                operation()
            assert "new" in error.message
        with raises(1):
            pool.api.destroy()
    assert pool.api.storageVolLookupByName("new").info()[1] == SIZE


def test_ten_clients_change_one_pool(server, pool):
    """Each makes, grows, reads and deletes its own volumes; the list is exact at the end."""
    problems = []

    def client(number: int) -> None:
        try:
            conn = libvirt.open(server.uri("tcp" if number % 2 else "unix"))
            api = conn.storagePoolLookupByName(pool.name)
            for n in range(8):
                volume = api.createXML(volume_xml(f"v{number}-{n}", 4096, allocation=0))
                volume.resize(8192)
                assert volume.info()[1] == 8192
                if n % 4:
                    volume.delete()
            conn.close()
        except Exception as error:
            problems.append(error)

    clients = [threading.Thread(target=client, args=(number,)) for number in range(10)]
    for thread in clients:
        thread.start()
    for thread in clients:
        thread.join(120)
    assert problems == []
    assert pool.names() == sorted(f"v{number}-{n}" for number in range(10) for n in (0, 4))


def test_one_name_is_created_by_one_client_only(server, pool):
    outcomes = []

    def client() -> None:
        conn = libvirt.open(server.uri())
        try:
            conn.storagePoolLookupByName(pool.name).createXML(volume_xml("same"))
            outcomes.append("made")
        except libvirt.libvirtError as error:
            outcomes.append(error.get_error_code())
        conn.close()

    clients = [threading.Thread(target=client) for _ in range(8)]
    for thread in clients:
        thread.start()
    for thread in clients:
        thread.join(60)
    assert sorted(map(str, outcomes)) == ["90"] * 7 + ["made"]
