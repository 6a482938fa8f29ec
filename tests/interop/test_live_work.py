"""Long work as other clients see it: it grows before their eyes, they can call it off, and it survives who asked for it."""

import os
import time

import libvirt
import pytest

from busy import SIZE, Call, busy_volume, paused
from expect import raises
from pools import MIB, volume_xml
from wire import xdr

CANCELLED = (78, libvirt.VIR_FROM_STORAGE)
STREAM_CANCELLED = (78, libvirt.VIR_FROM_STREAMS)
CREATE_FROM = 125
LARGE = 512 * MIB


@pytest.fixture
def other(server):
    """A second client."""
    connection = libvirt.open(server.uri("tcp"))
    yield connection
    connection.close()


@pytest.fixture(scope="module")
def block():
    return os.urandom(MIB)


def fill(path, size: int, block: bytes) -> None:
    with open(path, "wb") as file:
        for number in range(size // MIB):
            file.write(number.to_bytes(8, "big") + block[8:])


@pytest.fixture
def large(pool, block):
    """A volume without holes whose copying takes a while."""
    volume = pool.create("large", LARGE, allocation=0)
    fill(pool.file("large"), LARGE, block)
    pool.api.refresh()
    yield volume
    pool.file("large").unlink()


def appears(pool, conn, name: str) -> libvirt.virStorageVol:
    """The volume as the other client finds it, as soon as it can."""
    api = conn.storagePoolLookupByName(pool.name)
    deadline = time.monotonic() + 30
    while True:
        try:
            return api.storageVolLookupByName(name)
        except libvirt.libvirtError:
            assert time.monotonic() < deadline, f"{name} never appeared"


@pytest.mark.cistern_only("libvirtd shows the allocation that was asked for")
def test_the_allocation_of_a_copy_grows_while_it_is_made(pool, large, other):
    copying = Call(lambda: pool.api.createXMLFrom(volume_xml("copy", LARGE, allocation=0), large))
    copy = appears(pool, other, "copy")
    seen = []
    while copying.thread.is_alive():
        seen.append(copy.info()[2])
        time.sleep(0.001)
    copying.finish()
    assert seen == sorted(seen)
    assert any(0 < allocated < LARGE for allocated in seen), seen
    assert copy.info()[2] >= LARGE


@pytest.mark.cistern_only("libvirtd shows the allocation that was asked for")
def test_the_allocation_of_an_image_grows_while_a_tool_makes_it(pool, block):
    source = pool.create("source", SIZE)
    fill(source.path(), SIZE, block)

    def taken() -> int:
        """By the file that the tool writes, whatever its name is."""
        return sum(pool.file(name).stat().st_blocks * 512 for name in os.listdir(pool.path) if name != "source")

    converting = Call(lambda: pool.api.createXMLFrom(volume_xml("new", SIZE, format="vmdk"), source))
    with paused(source.path(), converting.thread.is_alive, taken):
        volume = pool.api.storageVolLookupByName("new")
        deadline = time.monotonic() + 30
        while volume.info()[2] != taken():
            assert time.monotonic() < deadline, (volume.info(), taken())
            time.sleep(0.05)
        assert taken() > 0
    converting.finish()


@pytest.mark.cistern_only("libvirtd refuses to delete a volume that is being made")
def test_deleting_a_copy_cancels_its_making(pool, large, other):
    copying = Call(lambda: pool.api.createXMLFrom(volume_xml("copy", LARGE), large))
    copying.expected_to_fail = True
    appears(pool, other, "copy").delete()
    assert os.listdir(pool.path) == ["large"]
    pool.create("copy", MIB).delete()
    with raises(*CANCELLED):
        copying.finish()
    assert pool.names() == ["large"]


def test_a_source_being_read_is_not_deleted(pool, large, other):
    copying = Call(lambda: pool.api.createXMLFrom(volume_xml("copy", LARGE), large))
    appears(pool, other, "copy")
    with raises(55) as error:
        appears(pool, other, "large").delete()
    assert "large" in error.message
    copying.finish()
    assert pool.names() == ["copy", "large"]


@pytest.mark.cistern_only("libvirtd refuses to delete a volume that is being uploaded to")
def test_deleting_a_volume_ends_the_upload_into_it(conn, pool, other, block):
    volume = pool.create("v", 64 * MIB, allocation=0)
    stream = conn.newStream()
    volume.upload(stream, 0, 0)
    stream.send(block)
    appears(pool, other, "v").delete()
    assert os.listdir(pool.path) == []
    with raises(*STREAM_CANCELLED):
        while True:
            stream.send(block)
    pool.create("v").delete()


@pytest.mark.cistern_only("libvirtd refuses to delete a volume that is being wiped")
def test_deleting_a_volume_ends_its_wiping(pool, other):
    with busy_volume(pool) as (_, wiping):
        wiping.expected_to_fail = True
        appears(pool, other, "busy").delete()
        assert os.listdir(pool.path) == []
        with raises(*CANCELLED):
            wiping.finish()
    pool.create("busy").delete()


def test_a_creation_goes_on_when_its_client_leaves(pool, wire):
    source = pool.create("source", SIZE)
    fill(source.path(), SIZE, os.urandom(MIB))
    client = wire()
    document = volume_xml("new", SIZE, format="vmdk")
    client.send(CREATE_FROM, xdr.pool(pool.name, pool.uuid) + xdr.string(document) + xdr.volume(pool.name, "source", source.key()) + xdr.u32(0))
    with paused(pool.file("source"), lambda: True):
        client.close()
    deadline = time.monotonic() + 60
    while not pool.file("new").exists():
        assert time.monotonic() < deadline, "the volume was never finished"
        time.sleep(0.02)
    pool.api.refresh()
    assert pool.names() == ["new", "source"]
    assert pool.api.storageVolLookupByName("new").info()[1] == SIZE


def test_an_upload_ends_with_its_client(server, pool, events):
    seen = events(pool.api)
    volume = pool.create("v", 64 * MIB, allocation=0)
    leaving = libvirt.open(server.uri())
    stream = leaving.newStream()
    leaving.storagePoolLookupByName(pool.name).storageVolLookupByName("v").upload(stream, 0, 0)
    stream.send(b"x" * 1000)
    del stream
    leaving.close()
    assert seen.get(timeout=20) == ("refresh", pool.name)
    volume.delete()
    assert os.listdir(pool.path) == []
