"""Volumes appear whole or not at all on every kind of file system, and servers that share a folder leave each other's work alone."""

import os
import signal
import subprocess
import threading
import time
from contextlib import contextmanager, suppress

import libvirt
import pytest

from busy import Call, paused
from mounts import KINDS, mounted
from pools import KIB, MIB, Pool, pool_xml, volume_xml
from servers import Cistern

BIG = 128 * MIB


@pytest.fixture(params=KINDS)
def awkward_pool(request, conn, tmp_path):
    with mounted(request.param, tmp_path) as system, Pool(conn, f"p-{os.urandom(4).hex()}", system.path / "pool") as pool:
        yield pool


@pytest.mark.cistern_only("libvirtd fails where a file system has no modes")
def test_volumes_of_every_kind_appear_whole(awkward_pool):
    data = os.urandom(MIB)
    for format in ("raw", "qcow2", "vmdk", "dir"):
        awkward_pool.create(format, MIB, format=format)
    awkward_pool.file("raw").write_bytes(data)
    source = awkward_pool.api.storageVolLookupByName("raw")
    for name, format in (("copy", "raw"), ("converted", "qcow2")):
        awkward_pool.api.createXMLFrom(volume_xml(name, MIB, format=format), source)
    assert awkward_pool.file("copy").read_bytes() == data
    subprocess.run(["qemu-img", "compare", "-f", "raw", "-F", "qcow2", awkward_pool.file("raw"), awkward_pool.file("converted")],
                   check=True, stdout=subprocess.DEVNULL)
    assert sorted(os.listdir(awkward_pool.path)) == ["converted", "copy", "dir", "qcow2", "raw", "vmdk"] == awkward_pool.names()
    awkward_pool.api.refresh()
    for volume in awkward_pool.api.listAllVolumes():
        volume.delete()
    assert os.listdir(awkward_pool.path) == []


@pytest.mark.cistern_only("libvirtd fails where a file system has no modes")
def test_nothing_that_exists_is_replaced(awkward_pool):
    for format in ("raw", "qcow2", "vmdk", "dir"):
        awkward_pool.file(format).write_bytes(b"precious")
        with pytest.raises(libvirt.libvirtError) as refused:
            awkward_pool.create(format, MIB, format=format)
        assert refused.value.get_error_code() in (55, 90), "on the disk, or by now in the list too"
        assert awkward_pool.file(format).read_bytes() == b"precious"
    assert sorted(os.listdir(awkward_pool.path)) == ["dir", "qcow2", "raw", "vmdk"]


@contextmanager
def running(folder):
    server = Cistern(folder)
    server.start()
    try:
        yield server
    finally:
        if server.is_alive():
            server.process.kill()
            server.process.wait()


def parts(folder, name) -> list[str]:
    return [entry for entry in os.listdir(folder) if entry.startswith(f".{name}.cistern-")]


def until(condition) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.cistern_only("libvirtd's folders cannot be shared by two instances without sharing the sockets too")
def test_a_killed_server_takes_back_its_own_work_only(short_folder):
    folder = short_folder / "shared"
    folder.mkdir()
    (folder / "source").write_bytes(os.urandom(BIG))
    with running(short_folder / "a") as first, running(short_folder / "b") as second:
        calls = {}

        def convert(name, server):
            pool = libvirt.open(server.uri()).storagePoolCreateXML(pool_xml("p", folder))
            source = pool.storageVolLookupByName("source")
            calls[name] = Call(lambda: pool.createXMLFrom(volume_xml(name, BIG, format="vmdk"), source))
            return paused(folder / f".{name}.cistern-", calls[name].thread.is_alive)

        with convert("first", first):
            with convert("second", second):
                assert len(parts(folder, "first")) == len(parts(folder, "second")) == 1
                first.stop(signal.SIGKILL)
                first.start()
                until(lambda: not parts(folder, "first"))
                pool = libvirt.open(first.uri()).storagePoolLookupByName("p")
                pool.refresh()
                assert pool.listVolumes() == ["source"]
                assert len(parts(folder, "second")) == 1
            assert calls["second"].finish().name() == "second"
        with pytest.raises(libvirt.libvirtError):
            calls["first"].finish()
        subprocess.run(["qemu-img", "compare", "-f", "raw", "-F", "vmdk", folder / "source", folder / "second"], check=True, stdout=subprocess.DEVNULL)
        pool.refresh()
        assert sorted(pool.listVolumes()) == ["second", "source"]
        assert second.stop() == first.stop() == 0
    assert sorted(os.listdir(folder)) == ["second", "source"]


@pytest.mark.cistern_only("libvirtd leaves half volumes")
@pytest.mark.parametrize("kind", ["ext4", "exfat-fuse"])
def test_a_server_killed_at_any_moment_leaves_whole_volumes_only(short_folder, kind):
    with mounted(kind, short_folder) as system, running(short_folder / "server") as server:
        folder = system.path / "pool"
        folder.mkdir()
        for attempt in range(6):
            conn = libvirt.open(server.uri())
            with suppress(libvirt.libvirtError):
                conn.storagePoolDefineXML(pool_xml("p", folder)).create()
            made = create_until_killed(conn.storagePoolLookupByName("p"), server, attempt)
            server.start()
            until(lambda: not [entry for entry in os.listdir(folder) if entry.endswith(".part")])
            conn = libvirt.open(server.uri())
            pool = conn.storagePoolLookupByName("p")
            pool.refresh()
            assert made <= set(pool.listVolumes())
            for volume in pool.listAllVolumes():
                check_whole(volume)
                volume.delete()
            assert os.listdir(folder) == []
        assert server.stop() == 0


def create_until_killed(pool, server, attempt) -> set[str]:
    """Names of the volumes whose creation was answered before the server was killed, a little later each time."""
    made = set()
    killer = threading.Timer(0.1 + 0.13 * attempt, lambda: server.stop(signal.SIGKILL))
    killer.start()
    with suppress(libvirt.libvirtError):
        for number in range(10000):
            format = ("raw", "qcow2", "vmdk", "dir")[number % 4]
            pool.createXML(volume_xml(f"{format}-{number}", 64 * KIB, format=format))
            made.add(f"{format}-{number}")
    killer.join()
    return made


def check_whole(volume) -> None:
    format = volume.name().split("-")[0]
    path = volume.path()
    if format == "dir":
        assert os.path.isdir(path)
    elif format == "raw":
        assert os.stat(path).st_size == 64 * KIB
    else:
        subprocess.run(["qemu-img", "info", "-f", format, path], check=True, stdout=subprocess.DEVNULL)
