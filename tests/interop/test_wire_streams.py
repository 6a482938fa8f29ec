"""Raw packets of upload and download streams: order, end, abort, holes, limits."""

import os

import pytest

from pools import KIB, MIB
from wire import xdr
from wire.client import AUTH_LIST, CONTINUE, ERROR, HOLE, KEEPALIVE, MESSAGE, OK, PING, PONG, REPLY, STREAM, Packet

UPLOAD, DOWNLOAD, VOLUME_INFO = 208, 209, 98
SPARSE = 1
STREAMS = 38
LARGEST_CHUNK = 262120


class Stream:
    """One upload or download on a raw connection."""

    def __init__(self, client, procedure, pool, volume, offset=0, length=0, flags=0):
        self.client = client
        self.procedure = procedure
        self.early = []
        self.serial = client.send(procedure, xdr.volume(pool.name, volume) + xdr.u64(offset) + xdr.u64(length) + xdr.u32(flags))
        while (packet := client.receive()).type != REPLY:
            self.early.append(packet)   # libvirtd's first data may overtake its reply
        assert packet.serial == self.serial and packet.read().done()

    def send(self, data=b"", status=CONTINUE) -> None:
        self.client.send(self.procedure, data, type=STREAM, serial=self.serial, status=status)

    def hole(self, length, flags=0) -> None:
        self.client.send(self.procedure, xdr.i64(length) + xdr.u32(flags), type=HOLE, serial=self.serial, status=CONTINUE)

    def finish(self) -> None:
        self.send(status=OK)

    def abort(self) -> None:
        self.send(status=ERROR)

    def receive(self) -> Packet:
        packet = self.early.pop(0) if self.early else self.client.receive()
        assert (packet.procedure, packet.serial) == (self.procedure, self.serial), packet
        assert packet.type in (STREAM, HOLE), packet
        return packet

    def assert_finished(self) -> None:
        packet = self.receive()
        assert (packet.type, packet.status, packet.payload) == (STREAM, OK, b"")

    def download(self) -> list:
        """All parts up to the empty packet: bytes, or the length of a hole."""
        parts = []
        while True:
            packet = self.receive()
            assert packet.status == CONTINUE, packet.error()
            if packet.type == HOLE:
                reader = xdr.Reader(packet.payload)
                parts.append(reader.i64())
                assert reader.u32() == 0 and reader.done()
            elif not packet.payload:
                return parts
            else:
                assert len(packet.payload) <= LARGEST_CHUNK
                parts.append(packet.payload)


@pytest.fixture(params=["unix", "tcp"])
def client(wire, request):
    return wire(request.param)


def fill(pool, name, data) -> None:
    pool.create(name, len(data))
    pool.file(name).write_bytes(data)


def test_an_upload_writes_each_packet_where_the_last_one_ended(client, pool):
    pool.create("v")
    stream = Stream(client, UPLOAD, pool, "v", offset=10)
    for data in (b"a", b"bc" * 1000, b"d" * LARGEST_CHUNK):
        stream.send(data)
    stream.finish()
    stream.assert_finished()
    want = b"a" + b"bc" * 1000 + b"d" * LARGEST_CHUNK
    assert pool.file("v").read_bytes()[10:10 + len(want)] == want


def test_an_upload_packet_may_be_as_large_as_any(client, pool):
    data = os.urandom(8 * MIB)
    pool.create("v", len(data))
    stream = Stream(client, UPLOAD, pool, "v")
    stream.send(data)
    stream.finish()
    stream.assert_finished()
    assert pool.file("v").read_bytes() == data


def test_a_download_ends_with_an_empty_packet_and_a_confirmed_finish(client, pool):
    data = os.urandom(MIB + 13)
    fill(pool, "v", data)
    stream = Stream(client, DOWNLOAD, pool, "v")
    assert b"".join(stream.download()) == data
    stream.finish()
    stream.assert_finished()
    client.assert_silent()


@pytest.mark.parametrize("offset, length, start, end", [
    (0, 10, 0, 10), (5, 0, 5, 1000), (990, 100, 990, 1000), (1000, 0, 1000, 1000), (5000, 10, 1000, 1000),
])
def test_a_download_of_a_part(client, pool, offset, length, start, end):
    data = os.urandom(1000)
    fill(pool, "v", data)
    stream = Stream(client, DOWNLOAD, pool, "v", offset, length)
    assert b"".join(stream.download()) == data[start:end]
    stream.finish()
    stream.assert_finished()


def test_an_upload_beyond_its_length_fails_with_no_space(client, pool):
    pool.create("v")
    stream = Stream(client, UPLOAD, pool, "v", length=1000)
    stream.send(b"x" * 1001)
    error = stream.receive().error()
    assert (error.key, error.int1) == ((38, STREAMS), 28)
    for _ in range(3):
        stream.send(b"more that was queued")
    stream.finish()
    client.assert_silent()


def test_an_upload_of_exactly_its_length_succeeds(client, pool):
    pool.create("v")
    stream = Stream(client, UPLOAD, pool, "v", length=1000)
    stream.send(b"x" * 600)
    stream.send(b"x" * 400)
    stream.finish()
    stream.assert_finished()


@pytest.mark.parametrize("sent", [0, 100000])
def test_an_aborted_upload_is_confirmed(client, pool, sent):
    pool.create("v")
    stream = Stream(client, UPLOAD, pool, "v")
    if sent:
        stream.send(bytes(sent))
    stream.abort()
    stream.assert_finished()
    client.assert_silent()


def test_an_aborted_download_is_confirmed_behind_what_was_queued(client, pool):
    fill(pool, "v", os.urandom(20 * MIB))
    stream = Stream(client, DOWNLOAD, pool, "v")
    assert stream.receive().status == CONTINUE
    stream.abort()
    received = 0
    while (packet := stream.receive()).status == CONTINUE:
        received += len(packet.payload)
    assert (packet.type, packet.status, packet.payload) == (STREAM, OK, b"")
    assert received < 20 * MIB
    client.assert_silent()


def test_a_finish_of_the_client_before_the_end_of_a_download_is_confirmed(client, pool):
    fill(pool, "v", os.urandom(20 * MIB))
    stream = Stream(client, DOWNLOAD, pool, "v")
    stream.finish()
    while (packet := stream.receive()).status == CONTINUE:
        pass
    assert (packet.type, packet.status, packet.payload) == (STREAM, OK, b"")
    client.assert_silent()


def test_a_sparse_upload_makes_holes(client, pool):
    pool.create("v", 10 * MIB, allocation=0)
    stream = Stream(client, UPLOAD, pool, "v", flags=SPARSE)
    stream.hole(MIB)
    stream.send(b"d" * 4096)
    stream.hole(9 * MIB - 4096)
    stream.finish()
    stream.assert_finished()
    assert pool.file("v").read_bytes() == bytes(MIB) + b"d" * 4096 + bytes(9 * MIB - 4096)
    assert pool.file("v").stat().st_blocks * 512 <= 64 * KIB


def test_an_upload_that_is_only_a_hole_sets_the_size(client, pool):
    pool.create("v", 0)
    stream = Stream(client, UPLOAD, pool, "v", flags=SPARSE)
    stream.hole(1000000)
    stream.finish()
    stream.assert_finished()
    assert pool.file("v").stat().st_size == 1000000


@pytest.mark.cistern_only("libvirtd only extends the file: a hole sent over data leaves the data behind it")
def test_a_hole_over_data_reads_as_zeros(client, pool):
    fill(pool, "v", b"old" * 10000)
    stream = Stream(client, UPLOAD, pool, "v", flags=SPARSE)
    stream.hole(30000)
    stream.finish()
    stream.assert_finished()
    assert pool.file("v").read_bytes() == bytes(30000)


@pytest.mark.parametrize("offset, length, want", [
    (0, 0, [MIB, b"d" * 4096, 3 * MIB - 4096]),
    (0, 500000, [500000]),
    (MIB - 100, 0, [100, b"d" * 4096, 3 * MIB - 4096]),
    (MIB + 1000, 1000, [b"d" * 1000]),
    (2 * MIB, 0, [2 * MIB]),
    (4 * MIB, 0, []),
])
def test_a_sparse_download_sends_holes(client, pool, offset, length, want):
    pool.create("v", 4 * MIB, allocation=0)
    with open(pool.file("v"), "r+b") as file:
        file.seek(MIB)
        file.write(b"d" * 4096)
    stream = Stream(client, DOWNLOAD, pool, "v", offset, length, SPARSE)
    assert stream.download() == want
    stream.finish()
    stream.assert_finished()


def test_a_hole_without_the_sparse_flag_closes_the_connection(client, pool):
    pool.create("v")
    Stream(client, UPLOAD, pool, "v").hole(100)
    client.assert_closed()


def test_streams_run_side_by_side_on_one_connection(client, pool):
    pool.create("a")
    pool.create("b")
    streams = {name: Stream(client, UPLOAD, pool, name) for name in "ab"}
    for part in range(4):
        for name, stream in streams.items():
            stream.send(f"{name}{part}".encode() * 1000)
    for stream in streams.values():
        stream.finish()
    ended = {client.receive().serial for _ in streams}
    assert ended == {stream.serial for stream in streams.values()}
    for name in streams:
        assert pool.file(name).read_bytes()[:8000] == b"".join(f"{name}{part}".encode() * 1000 for part in range(4))


def test_calls_and_pings_are_answered_while_a_stream_is_open(client, pool):
    pool.create("v")
    stream = Stream(client, UPLOAD, pool, "v")
    stream.send(b"1" * 1000)
    assert client.call(VOLUME_INFO, xdr.volume(pool.name, "v")).i32() == 0
    client.send(PING, program=KEEPALIVE, type=MESSAGE, serial=0)
    assert client.receive() == Packet(KEEPALIVE, 1, PONG, MESSAGE, 0, OK)
    stream.send(b"2" * 1000)
    stream.finish()
    stream.assert_finished()
    assert pool.file("v").read_bytes()[:2000] == b"1" * 1000 + b"2" * 1000


def test_a_download_waits_for_a_reader_that_does_not_read(client, pool, wire):
    """Back-pressure: what is not read stays with the server, which goes on serving others."""
    data = os.urandom(64 * MIB)
    fill(pool, "v", data)
    stream = Stream(client, DOWNLOAD, pool, "v")
    assert wire().call(AUTH_LIST).u32() == 1
    assert b"".join(stream.download()) == data
    stream.finish()
    stream.assert_finished()


@pytest.mark.parametrize("procedure", [UPLOAD, DOWNLOAD])
@pytest.mark.parametrize("arguments, key", [
    (lambda pool: (pool.name, "no-such", 0), (50, 18)),
    (lambda pool: ("no-such", "v", 0), (49, 18)),
    (lambda pool: (pool.name, "v", 2), (8, 18)),
])
def test_a_stream_that_cannot_start_is_an_error_reply(client, pool, procedure, arguments, key):
    pool.create("v")
    pool_name, volume, flags = arguments(pool)
    packet = client.call_packet(procedure, xdr.volume(pool_name, volume) + xdr.u64(0) + xdr.u64(0) + xdr.u32(flags))
    assert packet.type == REPLY and packet.error().key == key
    client.send(procedure, b"data of a client that did not wait", type=STREAM, serial=packet.serial, status=CONTINUE)
    client.assert_silent()


@pytest.mark.parametrize("procedure", [UPLOAD, DOWNLOAD])
def test_a_lost_file_is_an_error_reply_with_errno(client, unwatched, procedure):
    unwatched.create("v")
    unwatched.file("v").unlink()
    error = client.error(procedure, xdr.volume(unwatched.name, "v") + xdr.u64(0) + xdr.u64(0) + xdr.u32(0))
    assert (error.code, error.int1) == (38, 2)


def test_a_dropped_connection_ends_its_streams(wire, pool):
    pool.create("v")
    lost = wire("tcp")
    stream = Stream(lost, UPLOAD, pool, "v")
    stream.send(b"x" * 1000)
    lost.close()
    again = Stream(wire(), UPLOAD, pool, "v")
    again.send(b"y" * 500)
    again.finish()
    again.assert_finished()
    assert pool.file("v").read_bytes()[:500] == b"y" * 500
