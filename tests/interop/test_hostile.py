"""Hostile and unlucky clients beside one that behaves: that one is answered, memory stays bounded, and no descriptor is left behind."""

import os
import random
import resource
import socket
import struct
import threading
from contextlib import ExitStack, suppress

import libvirt
import pytest

from expect import eventually
from holdings import Holdings
from pki import Pki
from pools import GIB, KIB, MIB, Pool
from test_sasl import Users
from test_wire_procedures import CALLS, Context
from test_wire_streams import DOWNLOAD, UPLOAD, Stream
from wire import xdr
from wire.client import AUTH_LIST, CALL, CLOSE, CONTINUE, ERROR, HOLE, MAX_LENGTH, OK, OPEN, REMOTE, REPLY, STREAM, Closed, Packet, WireClient

NUM_OF_POOLS, LIST_VOLUMES, LIST_ALL_VOLUMES, WIPE, FEATURE = 71, 92, 282, 165, 60
SECRET_EVENTS = 380
PATIENCE = 60
# What the clients of one test may cost at their most: far less than what they announce, ask for or are sent, well above what the collector leaves lying about.
BOUND = 96 * MIB
MAX_CLIENTS = 5000
NOBODY_READS = (TimeoutError, ConnectionResetError, BrokenPipeError)

pytestmark = pytest.mark.cistern_only("libvirtd's own limits differ")


def packet(procedure: int, payload: bytes = b"", serial: int = 0, **header) -> bytes:
    fields = {"program": REMOTE, "version": 1, "type": CALL, "status": OK} | header
    return Packet(fields["program"], fields["version"], procedure, fields["type"], serial, fields["status"], payload).encode()


OPENING = packet(OPEN, xdr.optional(xdr.string("qemu:///system")) + xdr.u32(0), 1)
HANDSHAKE = packet(AUTH_LIST, serial=0) + OPENING
KEPT_ALIVE = packet(AUTH_LIST, serial=0) + packet(FEATURE, xdr.i32(10), 2) + OPENING


def reset(stream: socket.socket) -> None:
    """Closes without a goodbye."""
    stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    stream.close()


def answered(client: WireClient) -> None:
    assert client.call(NUM_OF_POOLS).i32() >= 0


@pytest.fixture
def beside(server, pool):
    """The client that behaves, and what the server holds before and must hold again after."""
    friend = WireClient(server.connect())
    friend.stream.settimeout(PATIENCE)
    pool.create("warm", 64 * KIB)
    for procedure in (UPLOAD, DOWNLOAD):
        stream = Stream(friend, procedure, pool, "warm")
        stream.abort()
        while stream.receive().status != OK:
            pass
    holdings = Holdings(server)
    friend.holdings = holdings
    yield friend
    answered(friend)
    fresh = WireClient(server.connect())
    answered(fresh)
    fresh.close()
    holdings.assert_bounded(BOUND)
    holdings.assert_descriptors_returned()
    friend.close()


def test_half_frames_that_announce_the_most(server, beside):
    with ExitStack() as ends:
        for number in range(300):
            stream = ends.enter_context(server.connect("tcp" if number % 2 else "unix"))
            stream.sendall(HANDSHAKE + (xdr.u32(MAX_LENGTH) + OPENING[4:])[:number % 40 + 1])
        answered(beside)


def test_clients_that_send_byte_by_byte(server, beside):
    clients = [WireClient(server.connect(transport), open_as=None) for transport in ("unix", "tcp") * 10]
    for at in range(len(KEPT_ALIVE)):
        for client in clients:
            client.send_raw(KEPT_ALIVE[at:at + 1])
        if at % 16 == 0:
            answered(beside)
    for client in clients:
        assert [client.receive().status for _ in range(3)] == [OK] * 3
        client.close()


def test_as_many_connections_as_are_allowed_and_one_more(server, beside, conn):
    """The one too many is not refused: it is served when another has left."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < MAX_CLIENTS + 1000:
        pytest.skip(f"needs {MAX_CLIENTS + 1000} descriptors, {hard} are allowed")
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    try:
        with ExitStack() as ends:
            def connect() -> socket.socket:
                stream = ends.enter_context(socket.socket(socket.AF_UNIX))
                stream.connect(server.unix_path)    # waits for room in the backlog, which a time limit would turn into an error
                stream.settimeout(PATIENCE)
                stream.sendall(HANDSHAKE)
                return stream

            there = 2   # the friend, and the binding's
            clients = [WireClient(connect(), open_as=None) for _ in range(MAX_CLIENTS - there)]
            for client in clients:
                assert [client.receive().status for _ in range(2)] == [OK] * 2
            late = WireClient(connect(), open_as=None)
            answered(beside)
            clients[0].serial = 3
            answered(clients[0])
            late.stream.setblocking(False)
            with pytest.raises(BlockingIOError):
                late.stream.recv(1)
            late.stream.settimeout(PATIENCE)
            clients[0].close()
            assert late.receive().status == OK
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def flooded(server, transport: str, quiet: bytes, most: int) -> None:
    """Strangers come by one transport and never prove who they are; who needs not to is served by another, and their number is bounded."""
    friend = WireClient(server.connect("ro"))
    holdings = Holdings(server)
    with ExitStack() as ends:
        for _ in range(300):
            stream = ends.enter_context(server.connect(transport))
            stream.sendall(quiet)
        eventually(lambda: holdings.descriptors_now() >= holdings.descriptors + most)
        answered(friend)
        other = WireClient(server.connect("ro"))
        answered(other)
        assert holdings.descriptors_now() <= holdings.descriptors + most + 2    # the other, and the one that waits for its turn
        holdings.assert_bounded(BOUND)
        other.close()
    holdings.assert_descriptors_returned()
    answered(friend)
    friend.close()


def test_a_flood_of_clients_that_do_not_authenticate(serve, short_folder):
    users = Users(short_folder / "sasl", "scram-sha-256")
    server = serve({"auth_unix_rw": "sasl", "max_anonymous_clients": 10}, users.environment)
    flooded(server, "unix", packet(AUTH_LIST), 10)
    client = WireClient(server.connect(), open_as=None)
    assert client.call(AUTH_LIST).data == xdr.array([xdr.u32(1)])
    client.close()


def test_a_flood_of_handshakes_that_never_end(serve, short_folder):
    pki = Pki(short_folder / "pki")
    server = serve(pki.server_settings() | {"max_anonymous_clients": 10})
    flooded(server, "tls", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 10)


def send_until_stuck(stream: socket.socket, data: bytes, most: int) -> int:
    """Sends again and again; returns how many bytes the server and the system took before nothing moved any more."""
    stream.settimeout(1)
    taken = 0
    with suppress(*NOBODY_READS):
        while taken < most:
            taken += stream.send(memoryview(data)[taken % len(data):])
    return taken


@pytest.mark.parametrize("procedure, arguments", [(LIST_VOLUMES, xdr.i32(16384)), (LIST_ALL_VOLUMES, xdr.i32(1) + xdr.u32(0))], ids=["names", "all"])
@pytest.mark.parametrize("transport", ["unix", "tcp"])
def test_a_client_that_never_reads_its_replies(server, beside, pool, wire, transport, procedure, arguments):
    """Each call has a long answer, and many come with one read, since what is dropped before them made the server read much at a time: what is not read is not made."""
    for number in range(3000):
        pool.file(f"volume-with-a-long-name-{number:04}").touch()
    pool.api.refresh()
    arguments = xdr.pool(pool.name, pool.uuid) + arguments
    reply = len(beside.call(procedure, arguments).data)
    assert reply > 64 * KIB
    deaf = wire(transport)
    calls = packet(procedure, bytes(64 * KIB), type=REPLY) * 256 + packet(procedure, arguments, 4711) * 10000
    most = 64 * MIB
    taken = send_until_stuck(deaf.stream, calls, most)
    assert taken < most
    answered(beside)
    beside.holdings.assert_bounded(BOUND)
    deaf.stream.settimeout(PATIENCE)
    for _ in range(10):
        assert len(deaf.receive().payload) == reply
    deaf.close()


def test_a_client_that_never_reads_its_downloads(server, beside, pool, wire):
    pool.create("large", GIB, allocation=0)
    deaf = wire()
    for serial in range(100, 132):
        deaf.send(DOWNLOAD, xdr.volume(pool.name, "large") + xdr.u64(0) * 2 + xdr.u32(0), serial=serial)
    assert deaf.receive().status in (OK, CONTINUE)
    answered(beside)
    again = Stream(beside, DOWNLOAD, pool, "warm")
    assert len(b"".join(again.download())) == 64 * KIB
    again.finish()
    again.assert_finished()
    reset(deaf.stream)


def test_a_client_that_lets_events_pile_up_is_closed(server, beside, conn, wire):
    deaf = wire()
    deaf.call(SECRET_EVENTS, xdr.i32(0) + xdr.optional(None))
    document = "<secret ephemeral='yes' private='no'><usage type='volume'><volume>/flood</volume></usage></secret>"

    def is_closed() -> bool:
        for _ in range(200):
            conn.secretDefineXML(document).undefine()
        return "does not read its events" in server.log_tail()

    eventually(is_closed)
    with pytest.raises((Closed, ConnectionResetError)):
        while True:
            deaf.receive()


@pytest.mark.parametrize("leave", [socket.socket.close, reset], ids=["close", "reset"])
@pytest.mark.parametrize("transport", ["unix", "tcp"])
def test_a_client_that_leaves_at_every_byte_of_the_handshake(server, beside, transport, leave):
    for at in range(len(KEPT_ALIVE) + 1):
        stream = server.connect(transport)
        stream.sendall(KEPT_ALIVE[:at])
        leave(stream)
    answered(beside)


@pytest.mark.parametrize("transport", ["unix", "tcp"])
def test_garbage_after_authentication(server, beside, transport):
    for seed in range(100):
        chance = random.Random(seed)
        with server.connect(transport) as stream:
            stream.sendall(HANDSHAKE)
            with suppress(ConnectionResetError, BrokenPipeError):
                stream.sendall(chance.randbytes(chance.randrange(1, 5000)))
                stream.shutdown(socket.SHUT_WR)
                while stream.recv(65536):
                    pass
    answered(beside)


WORDS = (0xFFFFFFFF, 0x80000000, 0x7FFFFFFF, 0x01000000, 0x00400001)


def test_every_word_of_every_calls_arguments_may_be_huge(own_server, tmp_path):
    """Each is a count, a length, a marker, a number or a piece of text to somebody: an answer must come, and nothing be made ready for what was only announced.
    Some of the calls are good ones, and do what they say: hence a server of their own."""
    conn = libvirt.open(own_server.uri())
    holdings = Holdings(own_server)
    for call in (call for call in CALLS if call.number != CLOSE):
        new = tmp_path / str(call.number)
        with Pool(conn, f"altered-{call.number}", new / "pool") as pool:
            pool.create("v")
            client = WireClient(own_server.connect())
            arguments = call.arguments(Context(client, pool, new))
            for at in range(0, len(arguments), 4):
                for word in WORDS:
                    serial = client.send(call.number, arguments[:at] + xdr.u32(word) + arguments[at + 4:])
                    while client.receive().serial != serial:
                        pass
            client.close()
        holdings.assert_bounded(BOUND)
    answered(WireClient(own_server.connect()))
    conn.close()


def test_stream_packets_for_what_is_no_stream(server, beside, pool, wire):
    """For the serial of a call that was answered, of a call that runs, and for an open stream by another procedure's number."""
    client = wire()
    pool.create("v")
    answered_serial = client.send(NUM_OF_POOLS)
    client.reply_to(answered_serial)
    running = client.send(WIPE, xdr.volume(pool.name, "v") + xdr.u32(0))
    stream_serial = client.send(UPLOAD, xdr.volume(pool.name, "warm") + xdr.u64(0) * 2 + xdr.u32(0))
    for procedure, serial in ((NUM_OF_POOLS, answered_serial), (WIPE, running), (DOWNLOAD, stream_serial), (NUM_OF_POOLS, stream_serial), (UPLOAD, 4711)):
        for type, status, payload in ((STREAM, CONTINUE, b"x" * 1000), (HOLE, CONTINUE, xdr.i64(1) + xdr.u32(0)), (STREAM, OK, b""), (STREAM, ERROR, b"")):
            client.send(procedure, payload, type=type, serial=serial, status=status)
    assert {client.receive().serial for _ in range(2)} == {running, stream_serial}
    client.assert_silent()
    client.close()


@pytest.mark.parametrize("end", ["finish", "abort"])
@pytest.mark.parametrize("procedure", [UPLOAD, DOWNLOAD])
def test_stream_packets_behind_the_end_of_a_stream(server, beside, pool, wire, procedure, end):
    client = wire()
    stream = Stream(client, procedure, pool, "warm")
    getattr(stream, end)()
    for status, payload in ((CONTINUE, b"x" * 1000), (OK, b""), (ERROR, b""), (CONTINUE, b"y" * MIB)):
        stream.send(payload, status)
    stream.hole(100)
    while stream.receive().status != OK:
        pass
    client.assert_silent()
    client.close()
    assert b"x" not in pool.file("warm").read_bytes()


@pytest.mark.parametrize("leave", [socket.socket.close, reset], ids=["close", "reset"])
@pytest.mark.parametrize("transport", ["unix", "tcp"])
def test_an_upload_that_stops_half_way(server, beside, pool, wire, transport, leave):
    """In the middle of a packet: what came whole may be written, the volume is free again."""
    pool.create("v", 4 * MIB)
    for _ in range(20):
        client = wire(transport)
        stream = Stream(client, UPLOAD, pool, "v")
        stream.send(b"x" * 100000)
        client.send_raw(packet(UPLOAD, b"y" * 100000, stream.serial, type=STREAM, status=CONTINUE)[:50000])
        leave(client.stream)
    again = Stream(beside, UPLOAD, pool, "v")
    again.send(b"z" * 1000)
    again.finish()
    again.assert_finished()
    content = pool.file("v").read_bytes()
    assert len(content) == 4 * MIB and content[:1000] == b"z" * 1000 and b"y" not in content


def test_clients_that_leave_while_their_calls_run(server, beside, pool):
    """Each leaves right behind its calls: what was begun ends one way or the other, and whole."""
    def hurry(number: int) -> None:
        for turn in range(10):
            stream = server.connect("tcp" if turn % 2 else "unix")
            volume = f"<volume><name>v{number}-{turn}</name><capacity>{MIB}</capacity></volume>"
            stream.sendall(HANDSHAKE + packet(93, xdr.pool(pool.name, pool.uuid) + xdr.string(volume) + xdr.u32(0), 3)
                           + packet(WIPE, xdr.volume(pool.name, f"v{number}-{turn}") + xdr.u32(0), 4))
            reset(stream)

    threads = [threading.Thread(target=hurry, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
        assert not thread.is_alive()
    answered(beside)

    def whole() -> bool:
        """Calls may still begin: what is looked at must be one moment's."""
        names = pool.names()
        try:
            sizes = {entry.name: entry.stat().st_size for entry in os.scandir(pool.path)}
        except FileNotFoundError:
            return False
        return names == sorted(sizes) == pool.names() and set(sizes.values()) <= {MIB, 64 * KIB}

    eventually(whole)
