"""Large transfers through virsh, and clients that die in the middle of one."""

import hashlib
import os
import time

import libvirt
import pytest

from busy import paused
from pools import GIB, KIB, MIB, volume_xml


def checksum(path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@pytest.fixture(scope="module")
def big_file(tmp_path_factory):
    """1 GiB in which no two blocks are the same."""
    path = tmp_path_factory.mktemp("big") / "in"
    block = os.urandom(MIB)
    with open(path, "wb") as file:
        for number in range(GIB // MIB):
            file.write(number.to_bytes(8, "big") + block[8:])
    yield path, checksum(path)
    path.unlink()


def test_1_gib_up_and_down_is_unchanged(virsh, pool, big_file, tmp_path):
    path, want = big_file
    pool.create("v", GIB, allocation=0)
    virsh.ok("vol-upload", "v", path, "--pool", pool.name, timeout=300)
    assert checksum(pool.file("v")) == want
    virsh.ok("vol-download", "v", tmp_path / "out", "--pool", pool.name, timeout=300)
    assert checksum(tmp_path / "out") == want
    (tmp_path / "out").unlink()
    pool.file("v").unlink()


def extents(path) -> list[tuple[int, bytes]]:
    """Where data is and what it is; holes are skipped, so that 10 GiB take no time."""
    found = []
    with open(path, "rb") as file:
        end = file.seek(0, os.SEEK_END)
        at = 0
        while at < end:
            try:
                at = os.lseek(file.fileno(), at, os.SEEK_DATA)
            except OSError:
                break
            until = os.lseek(file.fileno(), at, os.SEEK_HOLE)
            found.append((at, os.pread(file.fileno(), until - at, at)))
            at = until
    return found


def test_a_sparse_10_gib_file_keeps_its_holes(virsh, pool, tmp_path):
    data = {0: os.urandom(64 * KIB), 3 * GIB: os.urandom(MIB), 10 * GIB - 128 * KIB: os.urandom(64 * KIB)}
    with open(tmp_path / "in", "wb") as file:
        file.truncate(10 * GIB)
        for offset, content in data.items():
            file.seek(offset)
            file.write(content)
    pool.create("v", 10 * GIB, allocation=0)
    virsh.ok("vol-upload", "v", tmp_path / "in", "--pool", pool.name, "--sparse", timeout=300)
    virsh.ok("vol-download", "v", tmp_path / "out", "--pool", pool.name, "--sparse", timeout=300)
    for copy in (pool.file("v"), tmp_path / "out"):
        assert copy.stat().st_size == 10 * GIB
        assert copy.stat().st_blocks * 512 <= 2 * MIB
        assert extents(copy) == sorted(data.items())


def wait_for(condition, what: str) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.01)


def upload_again(virsh, pool, tmp_path) -> None:
    (tmp_path / "small").write_bytes(b"again")
    virsh.ok("vol-upload", "v", tmp_path / "small", "--pool", pool.name)
    assert pool.file("v").read_bytes()[:5] == b"again"


def test_a_client_killed_in_the_middle_of_an_upload_hurts_nobody(virsh, conn, pool, events, tmp_path):
    """virsh reads from a FIFO that never ends; it is killed when part of the data has arrived."""
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    volume = pool.create("v", 64 * MIB, allocation=0)
    seen = events(pool.api)
    client = virsh.start("vol-upload", "v", fifo, "--pool", pool.name)
    with open(fifo, "wb") as feed:
        feed.write(b"x" * 4 * MIB)
        feed.flush()
        wait_for(lambda: pool.file("v").stat().st_blocks > 0, "no data arrived")
        assert volume.info()[1] == 64 * MIB
        client.kill()
        client.wait()
    assert seen.get(timeout=20) == ("refresh", pool.name)
    assert pool.names() == ["v"] and pool.api.isActive()
    assert pool.file("v").read_bytes()[:4096] == b"x" * 4096
    upload_again(virsh, pool, tmp_path)
    volume.delete()


def test_a_client_killed_in_the_middle_of_a_download_hurts_nobody(virsh, pool, tmp_path):
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    volume = pool.create("v", 256 * MIB)
    client = virsh.start("vol-download", "v", fifo, "--pool", pool.name)
    with open(fifo, "rb") as sink:
        assert len(sink.read(MIB)) == MIB
        client.kill()
        client.wait()
    upload_again(virsh, pool, tmp_path)
    volume.delete()
    assert pool.names() == []


def test_a_client_killed_while_it_creates_leaves_a_whole_volume_or_none(virsh, pool, tmp_path):
    source = pool.create("source", 128 * MIB)
    with open(source.path(), "r+b") as file:
        file.write(os.urandom(MIB) * 128)
    document = tmp_path / "copy.xml"
    document.write_text(volume_xml("copy", 128 * MIB, format="vmdk"))
    client = virsh.start("vol-create-from", pool.name, document, "source", "--inputpool", pool.name)
    with paused(pool.file("source"), lambda: client.poll() is None):
        client.kill()
        client.wait()

    def settled() -> bool:
        try:
            pool.api.storageVolLookupByName("source").resize(128 * MIB)
            return "copy" not in pool.names() or not pool.api.refresh()
        except libvirt.libvirtError:
            return False

    wait_for(settled, "the pool stayed busy")
    if "copy" in pool.names():
        assert pool.api.storageVolLookupByName("copy").info()[1] == 128 * MIB
        pool.api.storageVolLookupByName("copy").delete()
    assert os.listdir(pool.path) == ["source"]


def test_twenty_clients_transfer_at_once(server, pool, tmp_path):
    """Each uploads its own data and reads it back; no byte goes to another one's volume."""
    contents = {f"v{number}": os.urandom(2 * MIB) for number in range(20)}
    clients = []
    for number, name in enumerate(contents):
        clients.append(libvirt.open(server.uri("tcp" if number % 2 else "unix")))
        api = clients[-1].storagePoolLookupByName(pool.name)
        volume = api.createXML(volume_xml(name, 2 * MIB, allocation=0))
        stream = clients[-1].newStream()
        volume.upload(stream, 0, 0)
        clients[-1] = (clients[-1], stream, name)
    for at in range(0, 2 * MIB, 128 * KIB):
        for _, stream, name in clients:
            stream.send(contents[name][at:at + 128 * KIB])
    for connection, stream, name in clients:
        stream.finish()
        connection.close()
    for name, content in contents.items():
        assert pool.file(name).read_bytes() == content
