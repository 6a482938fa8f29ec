"""Raw packets of events and of the server's own keepalive."""

import socket

import pytest

from wire import xdr
from wire.client import KEEPALIVE, MESSAGE, OK, PING, REMOTE, REPLY, Packet

FEATURE, AUTOSTART, REFRESH_POOL, DESTROY, CREATE = 60, 90, 83, 80, 78
REGISTER, DEREGISTER, LIFECYCLE, REFRESHED = 368, 369, 370, 373
KEEPALIVE_FEATURE = 10
# Seconds; libvirt's default, after which a silent client is asked whether it is still there.
KEEPALIVE_INTERVAL = 5


def pool_handle(pool) -> bytes:
    return xdr.pool(pool.name, pool.uuid)


def register(client, event: int, pool=None) -> int:
    return client.call(REGISTER, xdr.i32(event) + xdr.optional(pool and pool_handle(pool))).i32()


def call_with_events(client, procedure: int, payload: bytes, count: int) -> list[Packet]:
    """Sends a call; returns the events around its reply, which may come before or behind it."""
    serial = client.send(procedure, payload)
    packets = [client.receive() for _ in range(count + 1)]
    replies = [packet for packet in packets if packet.type == REPLY]
    assert [(packet.serial, packet.status) for packet in replies] == [(serial, OK)]
    return [packet for packet in packets if packet.type == MESSAGE]


def test_lifecycle_and_refresh_packets(wire, pool):
    client = wire()
    lifecycle, refresh = register(client, 0), register(client, 1)
    packet, = call_with_events(client, REFRESH_POOL, pool_handle(pool) + xdr.u32(0), 1)
    assert (packet.program, packet.version, packet.procedure, packet.status) == (REMOTE, 1, REFRESHED, OK)
    assert packet.payload == xdr.i32(refresh) + pool_handle(pool)
    packet, = call_with_events(client, DESTROY, pool_handle(pool), 1)
    assert packet.procedure == LIFECYCLE
    assert packet.payload == xdr.i32(lifecycle) + pool_handle(pool) + xdr.i32(3) + xdr.i32(0)
    client.assert_silent()


def test_one_packet_for_each_registration(wire, pool):
    client = wire()
    numbers = {register(client, 1), register(client, 1, pool)}
    assert len(numbers) == 2 and min(numbers) >= 0
    packets = call_with_events(client, REFRESH_POOL, pool_handle(pool) + xdr.u32(0), 2)
    assert {xdr.Reader(packet.payload).i32() for packet in packets} == numbers


def test_the_same_registration_twice_is_refused(wire, pool):
    client = wire()
    register(client, 0)
    assert client.error(REGISTER, xdr.i32(0) + xdr.optional(None)).key == (8, 0)
    register(client, 0, pool)
    assert client.error(REGISTER, xdr.i32(0) + xdr.optional(pool_handle(pool))).key == (8, 0)


@pytest.mark.parametrize("event", [2, -1, 1000])
def test_an_unknown_event_is_refused(wire, event):
    assert wire().error(REGISTER, xdr.i32(event) + xdr.optional(None)).key == (1, 7)


def test_a_callback_is_known_until_it_is_deregistered(wire, pool):
    client = wire()
    number = register(client, 1)
    assert client.call(DEREGISTER, xdr.i32(number)).done()
    assert client.error(DEREGISTER, xdr.i32(number)).key == (1, 7)
    assert client.call(REFRESH_POOL, pool_handle(pool) + xdr.u32(0)).done()
    client.assert_silent()
    register(client, 1)


def test_events_go_to_read_only_clients_and_to_nobody_else(wire, pool):
    listener, other, actor = wire("ro"), wire(), wire()
    register(listener, 1)
    assert actor.call(REFRESH_POOL, pool_handle(pool) + xdr.u32(0)).done()
    assert listener.receive().procedure == REFRESHED
    other.assert_silent()


def test_a_client_that_never_reads_its_events_hurts_nobody(wire, pool):
    deaf, actor = wire("tcp"), wire()
    register(deaf, 1)
    for _ in range(300):
        assert actor.call(REFRESH_POOL, pool_handle(pool) + xdr.u32(0)).done()


def test_the_server_pings_silent_clients_that_can_answer_and_only_those(wire):
    """Asking for feature 10 says that a client understands keepalive; others would take a PING for a reply."""
    able, unable = wire("tcp"), wire("tcp")
    assert able.call(FEATURE, xdr.i32(KEEPALIVE_FEATURE)).i32() == 1
    able.stream.settimeout(KEEPALIVE_INTERVAL * 3)
    assert able.receive() == Packet(KEEPALIVE, 1, PING, MESSAGE, 0, OK)
    unable.stream.settimeout(0.5)
    with pytest.raises(socket.timeout):
        unable.receive()
