"""kill -9 at any moment: what is in the folder afterwards is whole, what is listed is there, nothing half-made is left."""

import os
import random
import signal
import subprocess
import threading
import time

import libvirt
import pytest

from pools import MIB, mask, pool_xml, volume_xml

ROUNDS = 50
KINDS = {"raw", "qcow2", "copy", "vmdk", "pool"}
SOURCE = 24 * MIB


class Work:
    """Clients that make and delete volumes of every kind until their server is gone."""

    def __init__(self, server, number: int):
        self.server = server
        self.round = number
        self.confirmed = set()
        self.begun = set()
        self.done = set()
        self.unexpected = []
        self.threads = [threading.Thread(target=self._run, args=(kind, make)) for kind, make in (
            ("raw", self._make_raw), ("qcow2", self._make_qcow2), ("copy", self._make_copy), ("vmdk", self._make_vmdk), ("pool", self._make_pool))]
        for thread in self.threads:
            thread.start()

    def finish(self) -> None:
        for thread in self.threads:
            thread.join(60)
            assert not thread.is_alive()
        assert self.unexpected == []

    def _run(self, kind: str, make) -> None:
        try:
            conn = libvirt.open(self.server.uri())
            pool = conn.storagePoolLookupByName("p")
            for number in range(10000):
                name = f"{kind}-{self.round}-{number}"
                self.begun.add(name)
                made = make(conn, pool, name)
                self.confirmed.add(name)
                self.done.add(kind)
                if number % 3 == 2:
                    self.confirmed.discard(name)
                    made()
        except libvirt.libvirtError as error:
            if self.server.is_alive() and error.get_error_domain() != libvirt.VIR_FROM_RPC:
                self.unexpected.append(error)

    @staticmethod
    def _make_raw(_, pool, name):
        return pool.createXML(volume_xml(name, MIB)).delete

    @staticmethod
    def _make_qcow2(_, pool, name):
        return pool.createXML(volume_xml(name, MIB, format="qcow2")).delete

    @staticmethod
    def _make_copy(_, pool, name):
        return pool.createXMLFrom(volume_xml(name, SOURCE), pool.storageVolLookupByName("source")).delete

    @staticmethod
    def _make_vmdk(_, pool, name):
        return pool.createXMLFrom(volume_xml(name, SOURCE, format="vmdk"), pool.storageVolLookupByName("source")).delete

    @staticmethod
    def _make_pool(conn, pool, name):
        return conn.storagePoolDefineXML(pool_xml(name, f"/nowhere/{name}")).undefine


def check_file(folder, name: str, content: bytes) -> None:
    """A file with a volume's name is that volume, whole."""
    path = folder / name
    kind = name.split("-")[0]
    if kind == "raw":
        assert path.stat().st_size == MIB and path.stat().st_blocks * 512 >= MIB, name
    elif kind == "copy":
        assert path.read_bytes() == content, name
    elif kind == "qcow2":
        subprocess.run(["qemu-img", "check", "-q", "-f", "qcow2", path], check=True)
    else:
        compared = ["qemu-img", "compare", "-q", "-f", "vmdk", "-F", "raw", path, folder / "source"]
        subprocess.run(compared, check=True)


@pytest.mark.cistern_only("libvirtd leaves half-made volumes behind")
def test_kill_9_at_many_moments_leaves_nothing_half_made(own_server, tmp_path):
    chance = random.Random(20)
    folder = tmp_path / "p"
    folder.mkdir()
    conn = libvirt.open(own_server.uri())
    pool = conn.storagePoolDefineXML(pool_xml("p", folder))
    pool.setAutostart(1)
    pool.create()
    for name in ("idle", "other"):
        (tmp_path / name).mkdir()
        conn.storagePoolDefineXML(pool_xml(name, tmp_path / name)).create()
    content = os.urandom(SOURCE)
    pool.createXML(volume_xml("source", SOURCE))
    (folder / "source").write_bytes(content)
    told = mask(conn.storagePoolLookupByName("other").XMLDesc())
    conn.close()
    for number in range(ROUNDS):
        work = Work(own_server, number)
        if number % 10 == 9:
            wait_until(lambda: work.done == KINDS, "some work was never done")
        time.sleep(chance.uniform(0.02, 0.4))
        assert own_server.stop(signal.SIGKILL) == -signal.SIGKILL
        work.finish()
        visible = {name for name in os.listdir(folder) if not name.startswith(".")}
        own_server.start()
        conn = libvirt.open(own_server.uri())
        pools = {pool.name(): pool for pool in conn.listAllStoragePools()}
        assert {name for name in pools if pools[name].isActive()} == {"p", "idle", "other"}, number
        assert mask(pools["other"].XMLDesc()) == told
        promised = {name for name in work.confirmed if name.startswith("pool-")}
        assert promised <= pools.keys() <= work.begun | {"p", "idle", "other"}, number
        wanted = {name for name in work.confirmed if not name.startswith("pool-")}
        assert wanted <= visible <= work.begun | {"source"}, number
        wait_until(lambda: set(os.listdir(folder)) == visible, f"left over: {set(os.listdir(folder)) - visible}")
        assert {volume.name() for volume in pools["p"].listAllVolumes()} == visible, number
        for name in visible - {"source"}:
            check_file(folder, name, content)
            pools["p"].storageVolLookupByName(name).delete()
        for name in pools.keys() - {"p", "idle", "other"}:
            pools[name].undefine()
        conn.close()


def wait_until(condition, what: str) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


@pytest.mark.cistern_only("libvirtd lists what the last refresh saw")
def test_an_upload_that_a_crash_cut_off_is_listed_and_probed_again(own_server, tmp_path):
    image = tmp_path / "image.qcow2"
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", image, "5M"], check=True)
    folder = tmp_path / "p"
    folder.mkdir()
    conn = libvirt.open(own_server.uri())
    pool = conn.storagePoolDefineXML(pool_xml("p", folder))
    pool.create()
    volume = pool.createXML(volume_xml("v", MIB, allocation=0))
    stream = conn.newStream()
    volume.upload(stream, 0, 0)
    stream.send(image.read_bytes())
    wait_until(lambda: (folder / "v").read_bytes()[:3] == b"QFI", "no data arrived")
    own_server.restart(signal.SIGKILL)
    again = libvirt.open(own_server.uri())
    found = again.storagePoolLookupByName("p").storageVolLookupByName("v")
    assert found.info()[1] == 5 * MIB
    assert "<format type='qcow2'/>" in found.XMLDesc()
    again.close()
