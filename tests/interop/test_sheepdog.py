"""Pools on a real sheepdog cluster of three nodes on loopback, wherever `dog` and `sheep` are installed."""

import io
import os
import shutil
import subprocess
import time
from contextlib import contextmanager, suppress

import libvirt
import pytest

from expect import eventually, raises
from pools import MIB, Pool, volume_xml
from servers import free_port

TOOLS = "/usr/sbin:/usr/bin:/sbin:/bin"     # where the server looks

pytestmark = [
    pytest.mark.cistern_only("libvirt dropped sheepdog in 8.8"),
    pytest.mark.skipif(not (shutil.which("dog", path=TOOLS) and shutil.which("sheep")),
                       reason="needs dog and sheep, which Debian 12 has no package of"),
]


class Cluster:
    """Sheep that know each other by what is in a folder of theirs."""

    def __init__(self, folder, nodes: int = 3):
        self.ports = [free_port() for _ in range(nodes)]
        self._processes = []
        self._folder = folder
        self.start()
        eventually(lambda: self.dog("node", "list", "-r").returncode == 0)
        eventually(lambda: self.dog("cluster", "format", "-c", "1").returncode == 0)

    def start(self) -> None:
        for zone, port in enumerate(self.ports):
            self._processes.append(subprocess.Popen(
                ["sheep", "-c", f"local:{self._folder}/cluster", "-b", "127.0.0.1", "-y", "127.0.0.1", "-p", str(port), "-z", str(zone),
                 "-f", self._folder / str(zone)],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
            time.sleep(0.5)     # they join one after the other

    def stop(self) -> None:
        for process in self._processes:
            process.kill()
            process.wait()
        self._processes.clear()

    def dog(self, *words, **keywords) -> subprocess.CompletedProcess:
        return subprocess.run(["dog", *words, "-a", "127.0.0.1", "-p", str(self.ports[0])], capture_output=True, check=False, **keywords)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    made = Cluster(tmp_path_factory.mktemp("sheep"))
    yield made
    made.stop()


def sheepdog_xml(name: str, port: int, host: str = "127.0.0.1") -> str:
    return f"<pool type='sheepdog'><name>{name}</name><source><name>{name}</name><host name='{host}' port='{port}'/></source></pool>"


@contextmanager
def running(conn, xml: str):
    pool = conn.storagePoolDefineXML(xml)
    try:
        pool.create()
        yield pool
    finally:
        for step in (pool.destroy, pool.undefine):
            with suppress(libvirt.libvirtError):
                step()


@pytest.fixture
def sheep(conn, cluster):
    with running(conn, sheepdog_xml("sheep", cluster.ports[0])) as pool:
        yield pool
        for volume in pool.listAllVolumes():
            volume.delete()


def upload(conn, volume, data: bytes) -> None:
    stream = conn.newStream()
    volume.upload(stream, 0, len(data))
    source = io.BytesIO(data)
    stream.sendAll(lambda _, size, of: of.read(size), source)
    stream.finish()


def download(conn, volume) -> bytes:
    stream, pieces = conn.newStream(), []
    volume.download(stream, 0, 0)
    stream.recvAll(lambda _, data, to: to.append(data), pieces)
    stream.finish()
    return b"".join(pieces)


def test_a_whole_life_through_virsh(virsh, cluster, tmp_path):
    (tmp_path / "pool.xml").write_text(sheepdog_xml("life", cluster.ports[0], "localhost"))
    virsh.ok("pool-define", tmp_path / "pool.xml")
    try:
        virsh.ok("pool-start", "life")
        virsh.ok("vol-create-as", "life", "with space", "8M")
        assert "<volume type='network'>" in virsh.ok("vol-dumpxml", "with space", "life")
        assert cluster.dog("vdi", "list", "-r").stdout.startswith(b"= with\\ space 0 8388608 ")
        virsh.ok("vol-resize", "with space", "16M", "--pool", "life")
        virsh.fails("vol-resize", "with space", "4M", "--pool", "life", "--shrink", says="Shrinking VDIs is not implemented")
        (tmp_path / "data").write_bytes(data := os.urandom(5_000_000))
        virsh.ok("vol-upload", "with space", tmp_path / "data", "--pool", "life")
        virsh.ok("vol-clone", "with space", "clone", "--pool", "life")
        virsh.ok("vol-delete", "with space", "--pool", "life")
        virsh.ok("vol-download", "clone", tmp_path / "copy", "--pool", "life")
        assert (tmp_path / "copy").read_bytes() == data.ljust(16 * MIB, b"\0")
        virsh.ok("pool-refresh", "life")
        assert "clone" in virsh.ok("vol-list", "life")
        assert b"\ns " not in b"\n" + cluster.dog("vdi", "list", "-r").stdout
        virsh.ok("vol-delete", "clone", "--pool", "life")
        virsh.ok("pool-destroy", "life")
    finally:
        virsh("pool-destroy", "life")
        virsh.ok("pool-undefine", "life")


def test_the_cluster_is_what_the_numbers_tell_of(sheep, cluster):
    total = cluster.dog("node", "info", "-r").stdout.splitlines()[-1].split()
    capacity, allocation, available = sheep.info()[1:]
    assert total[0] == b"Total" and capacity == allocation + available
    assert abs(capacity - int(total[1])) < 64 * MIB      # other use of the disk counts, too


def test_bytes_of_any_kind_come_back_from_any_place(conn, sheep, cluster):
    volume = sheep.createXML(volume_xml("v", 40 * MIB + 4096))
    data = bytes(5 * MIB) + os.urandom(20 * MIB + 17) + bytes(15 * MIB + 4096 - 17)
    upload(conn, volume, data)
    assert cluster.dog("vdi", "read", "v").stdout == data
    assert download(conn, volume) == data
    stream = conn.newStream()
    volume.upload(stream, 16 * MIB - 3, 6)
    stream.send(b"across")
    stream.finish()
    assert cluster.dog("vdi", "read", "v", str(16 * MIB - 3), "6").stdout == b"across"


def test_volumes_are_copied_from_and_to_other_pools(conn, sheep, tmp_path):
    with Pool(conn, "folder", tmp_path / "folder") as folder:
        source = folder.create("raw", 48 * MIB, allocation=0)
        data = bytes(MIB) + os.urandom(3 * MIB)
        with open(folder.file("raw"), "r+b") as file:
            file.write(data)
        copied = sheep.createXMLFrom(volume_xml("copied", 48 * MIB), source)
        assert download(conn, copied) == data.ljust(48 * MIB, b"\0")
        assert copied.info()[2] <= 16 * MIB, "holes stay holes"
        folder.api.createXMLFrom(volume_xml("back", 48 * MIB, allocation=0, format="raw"), copied)
        assert folder.file("back").read_bytes() == data.ljust(48 * MIB, b"\0")
        assert folder.file("back").stat().st_blocks * 512 <= 16 * MIB


def test_a_clone_shares_with_its_source_and_lives_by_itself(conn, sheep, cluster):
    source = sheep.createXML(volume_xml("source", 8 * MIB))
    upload(conn, source, b"old" * MIB)
    clone = sheep.createXMLFrom(volume_xml("clone", 12 * MIB), source)
    assert clone.info()[1] == 12 * MIB
    upload(conn, source, b"new" * MIB)
    assert download(conn, clone)[:3 * MIB] == b"old" * MIB
    sheep.refresh()
    assert sorted(sheep.listVolumes()) == ["clone", "source"]


def test_what_the_cluster_refuses_is_told(sheep, cluster):
    sheep.createXML(volume_xml("v"))
    cluster.dog("vdi", "create", "hidden", "4194304")
    with pytest.raises(libvirt.libvirtError) as failure:
        sheep.createXML(volume_xml("hidden"))
    assert failure.value.get_error_code() in (libvirt.VIR_ERR_STORAGE_VOL_EXIST, libvirt.VIR_ERR_INTERNAL_ERROR)
    for name in ("-a", "a/b"):
        with raises(libvirt.VIR_ERR_OPERATION_INVALID):
            sheep.createXML(volume_xml(name))
    cluster.dog("vdi", "delete", "hidden")


def test_a_cluster_that_does_not_answer_cannot_be_started(conn):
    with pytest.raises(libvirt.libvirtError) as failure, running(conn, sheepdog_xml("none", free_port())):
        pass
    assert "Connection refused" in failure.value.get_error_message()


def test_one_host_serves_one_pool(conn, cluster):
    with running(conn, sheepdog_xml("one", cluster.ports[0])), raises(libvirt.VIR_ERR_OPERATION_FAILED):
        conn.storagePoolDefineXML(sheepdog_xml("two", cluster.ports[0]))


def test_a_restarted_server_takes_its_pool_up_again(own_server, cluster):
    conn = libvirt.open(own_server.uri())
    pool = conn.storagePoolDefineXML(sheepdog_xml("kept", cluster.ports[0]))
    pool.create()
    pool.createXML(volume_xml("v"))
    conn.close()
    own_server.restart()
    conn = libvirt.open(own_server.uri())
    pool = conn.storagePoolLookupByName("kept")
    assert pool.isActive() and pool.listVolumes() == ["v"]
    pool.storageVolLookupByName("v").delete()
    pool.destroy()
    conn.close()


def test_a_cluster_that_went_makes_the_pool_inaccessible_until_it_is_back(conn, sheep, cluster):
    sheep.createXML(volume_xml("v"))
    cluster.stop()
    with pytest.raises(libvirt.libvirtError):
        sheep.refresh()
    assert sheep.isActive() and sheep.listVolumes() == ["v"]
    with pytest.raises(libvirt.libvirtError):
        sheep.createXML(volume_xml("w"))
    cluster.start()
    eventually(lambda: cluster.dog("vdi", "create", "new", "4194304").returncode == 0)
    eventually(lambda: sorted(sheep.listVolumes()) == ["new", "v"])
