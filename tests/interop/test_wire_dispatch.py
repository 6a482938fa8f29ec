"""Raw packets: how calls are dispatched, what garbage gets, keepalive, the start and the end of a connection."""

import threading

import pytest

from wire import xdr
from wire.client import (AUTH_LIST, CALL, CALL_WITH_FDS, CLOSE, CONTINUE, ERROR, HOLE, KEEPALIVE, MAX_LENGTH, MESSAGE, OK, OPEN, PING,
                         PONG, REMOTE, REPLY, REPLY_WITH_FDS, STREAM, Closed, Packet)

GET_TYPE, GET_HOSTNAME, FEATURE, NUM_OF_POOLS, LIST_POOLS, LOOKUP_BY_NAME = 3, 59, 60, 71, 72, 84
IS_SECURE, NODE_INFO, DEFINE = 149, 6, 77
RPC = 7


@pytest.fixture(params=["unix", "tcp"])
def client(wire, request):
    return wire(request.param)


def test_the_reply_echoes_the_header_of_the_call(client):
    packet = client.call_packet(AUTH_LIST, serial=0xDEADBEEF)
    assert (packet.program, packet.version, packet.procedure, packet.type, packet.serial, packet.status) == (
        REMOTE, 1, AUTH_LIST, REPLY, 0xDEADBEEF, OK)
    assert packet.payload == xdr.u32(1) + xdr.u32(0)


@pytest.mark.parametrize("header", [
    {"program": 0x12345678}, {"program": 0}, {"version": 2}, {"version": 0}, {"program": KEEPALIVE}, {"program": 0x06900690},
])
def test_an_unknown_program_or_version_is_an_error_reply(client, header):
    packet = client.call_packet(AUTH_LIST, **header)
    assert packet.error().key == (39, RPC)
    assert packet.program == header.get("program", REMOTE) and packet.version == header.get("version", 1)
    client.assert_silent()


@pytest.mark.parametrize("procedure", [0, 99999, 0x7FFFFFFF, -1, -0x80000000])
def test_an_unknown_procedure_is_named_as_the_clients_expect(client, procedure):
    error = client.error(procedure)
    assert (error.key, error.level) == ((39, RPC), 2)
    assert error.message.startswith("unknown procedure")
    assert str(procedure) in error.message
    client.assert_silent()


@pytest.mark.parametrize("status", [ERROR, CONTINUE, 7])
def test_a_call_with_a_status_is_an_error_reply(client, status):
    assert client.error(AUTH_LIST, status=status).key == (39, RPC)
    client.assert_silent()


@pytest.mark.parametrize("payload", [
    b"", b"\0\0", xdr.u32(5) + b"abc", xdr.u32(4194305) + b"abc", xdr.u32(0xFFFFFFFF),
], ids=["empty", "half a word", "short string", "string above its maximum", "huge count"])
def test_an_undecodable_payload_is_an_error_reply(client, payload):
    assert client.error(LOOKUP_BY_NAME, payload).key == (39, RPC)
    client.assert_silent()


def test_bytes_behind_the_arguments_are_ignored(client):
    assert client.call(AUTH_LIST, b"trailing bytes").u32() == 1
    assert client.error(LOOKUP_BY_NAME, xdr.string("no-such") + b"more").key == (49, 18)


def test_padding_may_be_anything_and_a_nul_ends_a_string(client, pool):
    name = pool.name.encode()
    padded = xdr.u32(len(name)) + name + b"\xff" * (-len(name) % 4)
    assert client.call(LOOKUP_BY_NAME, padded).string() == pool.name
    assert client.call(LOOKUP_BY_NAME, xdr.opaque(name + b"\0rest")).string() == pool.name


@pytest.mark.parametrize("marker", [1, 2, 0x01000000, 0xFFFFFFFF])
def test_any_marker_but_zero_means_present(wire, marker):
    client = wire(open_as=None)
    assert client.call(OPEN, xdr.u32(marker) + xdr.string("qemu:///system") + xdr.u32(0)).done()


@pytest.mark.parametrize("type, program, procedure, status", [
    (REPLY, REMOTE, AUTH_LIST, OK),
    (MESSAGE, REMOTE, AUTH_LIST, OK),
    (MESSAGE, 0x12345678, 1, OK),
    (STREAM, REMOTE, 208, CONTINUE),
    (STREAM, REMOTE, 208, OK),
    (STREAM, REMOTE, 208, ERROR),
    (HOLE, REMOTE, 208, CONTINUE),
    (REPLY_WITH_FDS, REMOTE, AUTH_LIST, OK),
    (7, REMOTE, AUTH_LIST, OK),
    (0xFFFFFFFF, REMOTE, AUTH_LIST, OK),
])
def test_packets_that_nobody_waits_for_are_dropped(client, type, program, procedure, status):
    client.send(procedure, type=type, program=program, status=status, serial=4711)
    client.assert_silent()


@pytest.mark.parametrize("length", [0, 1, 3, 4, 27, MAX_LENGTH + 1, 0x7FFFFFFF, 0xFFFFFFFF])
def test_a_broken_length_closes_the_connection(client, length):
    client.send_raw(xdr.u32(length) + bytes(24))
    client.assert_closed()


@pytest.mark.parametrize("text", [b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(64)])
def test_other_protocols_are_closed(client, text):
    client.send_raw(text)
    client.assert_closed()


def test_the_longest_packet_is_taken(client):
    client.send_raw(xdr.u32(MAX_LENGTH) + Packet(REMOTE, 1, AUTH_LIST, CALL, 77, OK).encode()[4:] + bytes(MAX_LENGTH - 28))
    assert client.reply_to(77).read().u32() == 1


def test_a_packet_may_arrive_byte_by_byte(client):
    data = Packet(REMOTE, 1, AUTH_LIST, CALL, 7, OK).encode()
    for at in range(len(data)):
        client.send_raw(data[at:at + 1])
    assert client.reply_to(7).read().u32() == 1


def test_an_unfinished_packet_hurts_nobody(wire):
    """The half packet waits; another connection is served; then the first one goes on."""
    first, second = wire("tcp"), wire("tcp")
    data = Packet(REMOTE, 1, AUTH_LIST, CALL, 7, OK).encode()
    first.send_raw(data[:20])
    assert second.call(AUTH_LIST).u32() == 1
    first.send_raw(data[20:])
    assert first.reply_to(7).read().u32() == 1


@pytest.mark.parametrize("serial", [0, 5])
def test_a_ping_is_answered_at_any_time_even_before_open(wire, serial):
    client = wire(open_as=None)
    client.send(PING, program=KEEPALIVE, type=MESSAGE, serial=serial)
    pong = client.receive()
    assert pong == Packet(KEEPALIVE, 1, PONG, MESSAGE, 0, OK)
    client.assert_silent()


@pytest.mark.parametrize("procedure, version", [(PONG, 1), (PING, 2), (7, 1)])
def test_other_keepalive_packets_have_no_answer(client, procedure, version):
    client.send(procedure, program=KEEPALIVE, version=version, type=MESSAGE, serial=0)
    client.assert_silent()


def test_many_calls_at_once_all_get_their_reply(client):
    serials = {client.send(GET_HOSTNAME) for _ in range(100)}
    replies = [client.receive() for _ in range(100)]
    assert {packet.serial for packet in replies} == serials
    assert {packet.payload for packet in replies} == {replies[0].payload}
    assert all(packet.status == OK for packet in replies)


def test_calls_and_pings_packed_into_one_write(client):
    calls = b"".join(Packet(REMOTE, 1, GET_TYPE, CALL, serial, OK).encode() for serial in (100, 101, 102))
    client.send_raw(calls + Packet(KEEPALIVE, 1, PING, MESSAGE, 0, OK).encode() + calls.replace(xdr.u32(100), xdr.u32(200), 1)[:28])
    packets = [client.receive() for _ in range(5)]
    assert sorted(packet.serial for packet in packets) == [0, 100, 101, 102, 200]


def test_calls_before_open_are_refused(wire):
    client = wire(open_as=None)
    for procedure in (GET_TYPE, NUM_OF_POOLS, NODE_INFO, GET_HOSTNAME):
        assert client.error(procedure).key == (1, RPC)
    assert client.error(DEFINE, xdr.string("<pool/>") + xdr.u32(0)).key == (1, RPC)
    assert client.error(FEATURE, xdr.i32(14)).key == (1, RPC)
    assert client.call(FEATURE, xdr.i32(10)).i32() == 1
    assert client.call(OPEN, xdr.optional(xdr.string("")) + xdr.u32(0)).done()
    assert client.call(GET_TYPE).string() == "QEMU"


@pytest.mark.parametrize("uri, type", [("qemu:///system", "QEMU"), ("qemu:///session", "QEMU"), ("storage:///system", "storage"), ("", "QEMU")])
def test_open_accepts_these_uris(wire, uri, type):
    assert wire(open_as=uri).call(GET_TYPE).string() == type


@pytest.mark.parametrize("uri, key", [("qemu:///bogus", (1, 0)), ("bogus:///system", (5, 0)), ("storage:///bogus", (1, 0))])
def test_open_refuses_these_uris_and_may_be_tried_again(wire, uri, key):
    client = wire(open_as=None)
    assert client.error(OPEN, xdr.optional(xdr.string(uri)) + xdr.u32(0)).key == key
    assert client.error(GET_TYPE).key == (1, RPC)
    client.call(OPEN, xdr.optional(xdr.string("qemu:///system")) + xdr.u32(0))


def test_open_takes_unknown_flags_but_not_a_second_time(wire):
    client = wire(flags=0xFE)
    assert client.error(OPEN, xdr.optional(xdr.string("qemu:///system")) + xdr.u32(0)).key == (1, RPC)
    client.assert_silent()


def test_features(wire):
    client = wire("tcp")
    answers = {feature: client.call(FEATURE, xdr.i32(feature)).i32() for feature in (9, 10, 14, 15, 99, -1)}
    assert answers == {9: 1, 10: 1, 14: 1, 15: 1, 99: 0, -1: 0}


@pytest.mark.parametrize("opened", [True, False])
def test_close_is_answered_then_the_server_closes(wire, opened):
    client = wire() if opened else wire(open_as=None)
    assert client.call(CLOSE).done()
    client.assert_closed()


def test_a_call_behind_close_does_not_keep_the_connection(wire):
    """Replies come in any order, so the call may still be answered."""
    client = wire()
    close, behind = (Packet(REMOTE, 1, procedure, CALL, serial, OK).encode() for procedure, serial in ((CLOSE, 50), (GET_TYPE, 51)))
    client.send_raw(close + behind)
    seen = set()
    with pytest.raises((Closed, ConnectionResetError)):
        while True:
            seen.add(client.receive().serial)
    assert 50 in seen


def test_a_unix_socket_is_secure(wire):
    assert wire("unix").call(IS_SECURE).i32() == 1


def test_connections_that_only_connect_are_no_burden(server, wire):
    idle = [server.connect("tcp") for _ in range(15)]
    assert wire("tcp").call(AUTH_LIST).u32() == 1
    for stream in idle:
        stream.close()


def test_a_flood_of_garbage_leaves_the_server_serving(server, wire):
    def garbage(seed: int) -> None:
        for n in range(20):
            with server.connect("tcp") as stream:
                try:
                    stream.sendall(bytes((seed * 31 + n * 7 + i) % 256 for i in range(500)))
                except OSError:
                    pass

    threads = [threading.Thread(target=garbage, args=(seed,)) for seed in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wire().call(AUTH_LIST).u32() == 1


def test_fds_cannot_come_over_tcp(wire):
    """Without descriptors behind it the call is either refused or its connection is ended: it is never served."""
    client = wire("tcp")
    client.send(AUTH_LIST, xdr.u32(1), type=CALL_WITH_FDS, serial=9)
    client.stream.shutdown(1)
    try:
        packet = client.receive()
    except (Closed, ConnectionResetError):
        return
    assert packet.status == ERROR
