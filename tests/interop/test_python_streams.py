"""python3-libvirt: upload and download streams."""

import os
import threading
from contextlib import suppress

import libvirt
import pytest

from expect import raises
from pools import KIB, MIB

SPARSE_UPLOAD, SPARSE_DOWNLOAD = libvirt.VIR_STORAGE_VOL_UPLOAD_SPARSE_STREAM, libvirt.VIR_STORAGE_VOL_DOWNLOAD_SPARSE_STREAM


@pytest.fixture(params=["unix", "tcp"])
def conn(server, request):
    """Both transports for every test of this module."""
    connection = libvirt.open(server.uri(request.param))
    yield connection
    with suppress(libvirt.libvirtError):    # the client library may have closed it when a finish met the server's error
        connection.close()


def sparse_sources(file):
    """The three callbacks of sparseSendAll over an open file: read, what is at the offset, skip."""
    def read(_, size, __):
        return file.read(size)

    def hole(_, __):
        at = file.tell()
        end = file.seek(0, os.SEEK_END)
        if at == end:
            return [False, 0]
        try:
            data = file.seek(at, os.SEEK_DATA)
        except OSError:
            data = end
        inside = data == at
        until = file.seek(at, os.SEEK_HOLE) if inside else data
        file.seek(at)
        return [inside, until - at]

    def skip(_, length, __):
        file.seek(length, os.SEEK_CUR)
        return 0

    return read, hole, skip


def make_sparse(path, size: int, data: dict[int, bytes]) -> None:
    with open(path, "wb") as file:
        file.truncate(size)
        for offset, content in data.items():
            file.seek(offset)
            file.write(content)


def test_send_and_receive_in_pieces(conn, pool):
    volume = pool.create("v")
    stream = conn.newStream()
    volume.upload(stream, 0, 0)
    for piece in (b"a" * 10, b"b" * 100000, b"c"):
        assert stream.send(piece) == len(piece)
    stream.finish()
    assert pool.file("v").read_bytes()[:100011] == b"a" * 10 + b"b" * 100000 + b"c"
    stream = conn.newStream()
    volume.download(stream, 5, 20)
    got = b""
    while piece := stream.recv(7):
        got += piece
    stream.finish()
    assert got == b"a" * 5 + b"b" * 15


def test_send_all_and_receive_all(conn, pool):
    data = os.urandom(5 * MIB + 3)
    volume = pool.create("v", len(data))
    left = [data]

    def source(_, size, __):
        piece, left[0] = left[0][:size], left[0][size:]
        return piece

    stream = conn.newStream()
    volume.upload(stream, 0, 0)
    stream.sendAll(source, None)
    stream.finish()
    assert pool.file("v").read_bytes() == data
    got = bytearray()
    stream = conn.newStream()
    volume.download(stream, 0, 0)
    stream.recvAll(lambda _, piece, __: got.extend(piece), None)
    stream.finish()
    assert got == data


def test_sparse_send_all_and_receive_all(conn, pool, tmp_path):
    make_sparse(tmp_path / "in", 32 * MIB, {0: b"start", 5 * MIB: b"m" * 8192, 20 * MIB: b"n" * 4096})
    volume = pool.create("v", 32 * MIB, allocation=0)
    stream = conn.newStream()
    volume.upload(stream, 0, 0, SPARSE_UPLOAD)
    with open(tmp_path / "in", "rb") as file:
        read, hole, skip = sparse_sources(file)
        stream.sparseSendAll(read, hole, skip, None)
    stream.finish()
    stream = conn.newStream()
    volume.download(stream, 0, 0, SPARSE_DOWNLOAD)
    with open(tmp_path / "out", "wb") as file:
        stream.sparseRecvAll(lambda _, piece, __: file.write(piece), lambda _, length, __: file.seek(length, os.SEEK_CUR), None)
        file.truncate(file.tell())
    stream.finish()
    want = (tmp_path / "in").read_bytes()
    for copy in (pool.file("v"), tmp_path / "out"):
        assert copy.read_bytes() == want
        assert copy.stat().st_blocks * 512 <= 64 * KIB


def test_send_hole_and_receive_hole_by_hand(conn, pool):
    volume = pool.create("v", MIB, allocation=0)
    stream = conn.newStream()
    volume.upload(stream, 0, 0, SPARSE_UPLOAD)
    stream.sendHole(512 * KIB)
    stream.send(b"x" * 4096)
    stream.finish()
    stream = conn.newStream()
    volume.download(stream, 0, 0, SPARSE_DOWNLOAD)
    assert stream.recvFlags(100, libvirt.VIR_STREAM_RECV_STOP_AT_HOLE) == -3
    assert stream.recvHole() == 512 * KIB
    assert stream.recvFlags(4096, libvirt.VIR_STREAM_RECV_STOP_AT_HOLE) == b"x" * 4096
    stream.abort()


def test_an_upload_beyond_its_length_fails_with_no_space(conn, pool):
    volume = pool.create("v")
    stream = conn.newStream()
    volume.upload(stream, 0, 1000)
    with raises(38, libvirt.VIR_FROM_STREAMS) as error:
        stream.send(b"x" * 2000)
        stream.finish()
    assert error.errno == 28


@pytest.mark.parametrize("direction", ["upload", "download"])
def test_abort(conn, pool, direction):
    volume = pool.create("v")
    pool.file("v").write_bytes(os.urandom(MIB))
    stream = conn.newStream()
    getattr(volume, direction)(stream, 0, 0)
    stream.send(b"x" * 100) if direction == "upload" else stream.recv(100)
    assert stream.abort() == 0
    assert volume.info()[1] == MIB


def test_upload_writes_in_place_at_an_offset(conn, pool):
    volume = pool.create("v", 100)
    pool.file("v").write_bytes(b"." * 100)
    stream = conn.newStream()
    volume.upload(stream, 40, 0)
    stream.send(b"middle")
    stream.finish()
    assert pool.file("v").read_bytes() == b"." * 40 + b"middle" + b"." * 54


def test_upload_of_an_image_changes_the_volumes_format(conn, pool, events):
    source = pool.create("q", 7 * MIB, format="qcow2").path()
    volume = pool.create("v", 10)
    seen = events(pool.api)
    stream = conn.newStream()
    volume.upload(stream, 0, 0)
    stream.send(open(source, "rb").read())
    stream.finish()
    assert seen.get(timeout=20) == ("refresh", pool.name)
    assert volume.info()[1] == 7 * MIB
    assert "<format type='qcow2'/>" in pool.api.storageVolLookupByName("v").XMLDesc()


@pytest.mark.parametrize("call, code", [
    (lambda volume, stream: volume.upload(stream, 0, 0, 2), 8), (lambda volume, stream: volume.download(stream, 0, 0, 2), 8),
])
def test_unknown_flags(conn, pool, call, code):
    with raises(code):
        call(pool.create("v"), conn.newStream())


def test_a_volume_that_is_gone(conn, pool):
    volume = pool.create("v")
    volume.delete()
    for call in (volume.upload, volume.download):
        with raises(50):
            call(conn.newStream(), 0, 0)


def test_several_streams_at_once(conn, pool):
    contents = {name: os.urandom(MIB) for name in "abcd"}
    streams = {}
    for name, content in contents.items():
        streams[name] = conn.newStream()
        pool.create(name).upload(streams[name], 0, 0)
    for at in range(0, MIB, 256 * KIB):
        for name, stream in streams.items():
            stream.send(contents[name][at:at + 256 * KIB])
    for stream in streams.values():
        stream.finish()
    for name, content in contents.items():
        assert pool.file(name).read_bytes() == content


def test_a_non_blocking_stream_reports_by_callback(conn, pool):
    data = os.urandom(3 * MIB)
    volume = pool.create("v", len(data))
    pool.file("v").write_bytes(data)
    stream = conn.newStream(libvirt.VIR_STREAM_NONBLOCK)
    volume.download(stream, 0, 0)
    got, done = bytearray(), threading.Event()

    def readable(stream, _, __):
        while (piece := stream.recv(65536)) != -2:
            if not piece:
                stream.eventRemoveCallback()
                done.set()
                return
            got.extend(piece)

    stream.eventAddCallback(libvirt.VIR_STREAM_EVENT_READABLE, readable, None)
    assert done.wait(30)
    assert got == data
    stream.finish()
