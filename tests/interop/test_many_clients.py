"""Sixty-four clients at once on one pool, for minutes: every call does what it should, and nothing is left of it."""

import os
import random
import threading
import time

import libvirt

from pools import KIB, MIB, volume_xml

CLIENTS = 64
SECONDS = int(os.environ.get("MIXED_SECONDS", "120"))


class Client:
    """One connection that makes, changes, reads and deletes volumes of its own, and knows what must be there."""

    def __init__(self, server, pool: str, number: int):
        self.chance = random.Random(number)
        self.number = number
        self.uri = server.uri("tcp" if number % 2 else "unix")
        self.pool_name = pool
        self.volumes = {}
        self.last = 0
        self.calls = 0
        self.problem = None

    def run(self, until: float) -> None:
        step = "open"
        try:
            self.connect()
            steps = [self.create_raw, self.create_qcow2, self.copy, self.resize, self.wipe, self.transfer, self.delete,
                     self.look, self.list, self.refresh, self.reconnect]
            while time.monotonic() < until:
                step = self.chance.choices(steps, [6, 3, 2, 3, 1, 3, 5, 8, 3, 1, 1])[0]
                step()
                self.calls += 1
            self.list()
            self.close()
        except Exception as error:
            self.problem = f"client {self.number} in {getattr(step, '__name__', step)}: {error!r}"

    def pick(self) -> str | None:
        return self.chance.choice(sorted(self.volumes)) if self.volumes else None

    def find(self, name: str):
        return self.pool.storageVolLookupByName(name)

    def new_name(self) -> str:
        self.last += 1
        return f"c{self.number}-{self.last}"

    def create_raw(self) -> None:
        name = self.new_name()
        self.pool.createXML(volume_xml(name, 256 * KIB, allocation=self.chance.choice([0, 256 * KIB])))
        self.volumes[name] = 256 * KIB

    def create_qcow2(self) -> None:
        name = self.new_name()
        self.pool.createXML(volume_xml(name, 4 * MIB, format="qcow2"))
        self.volumes[name] = 4 * MIB

    def copy(self) -> None:
        if source := self.pick():
            name = self.new_name()
            self.pool.createXMLFrom(volume_xml(name, self.volumes[source]), self.find(source))
            self.volumes[name] = self.volumes[source]

    def resize(self) -> None:
        if name := self.pick():
            self.find(name).resize(self.volumes[name] + 64 * KIB)
            self.volumes[name] += 64 * KIB

    def wipe(self) -> None:
        if name := self.pick():
            volume = self.find(name)
            volume.wipe()
            self.volumes[name] = volume.info()[1]

    def transfer(self) -> None:
        name = self.new_name()
        volume = self.pool.createXML(volume_xml(name, 128 * KIB, allocation=0))
        content = self.chance.randbytes(128 * KIB)
        stream = self.conn.newStream()
        volume.upload(stream, 0, 0)
        stream.send(content)
        stream.finish()
        stream = self.conn.newStream()
        volume.download(stream, 0, 0)
        read = b""
        while piece := stream.recv(64 * KIB):
            read += piece
        stream.finish()
        assert read == content, name
        self.volumes[name] = 128 * KIB

    def delete(self) -> None:
        if name := self.pick():
            self.find(name).delete()
            del self.volumes[name]

    def look(self) -> None:
        if name := self.pick():
            volume = self.find(name)
            assert volume.info()[1] == self.volumes[name], name
            assert f"<name>{name}</name>" in volume.XMLDesc()
            assert self.conn.storageVolLookupByPath(volume.path()).name() == name

    def list(self) -> None:
        names = [volume.name() for volume in self.pool.listAllVolumes()]
        assert len(names) == len(set(names)), "a name twice"
        mine = {name for name in names if name.startswith(f"c{self.number}-")}
        assert mine == self.volumes.keys(), mine ^ self.volumes.keys()

    def refresh(self) -> None:
        self.pool.refresh()

    def reconnect(self) -> None:
        self.close()
        self.connect()

    def connect(self) -> None:
        self.conn = libvirt.open(self.uri)
        self.pool = self.conn.storagePoolLookupByName(self.pool_name)

    def close(self) -> None:
        """Every object made from a connection keeps it open."""
        del self.pool
        assert self.conn.close() == 0


def descriptors(server) -> int:
    return len(os.listdir(f"/proc/{server.process.pid}/fd"))


def settle(server, most: int) -> int:
    """Descriptors when they have come down to `most`, or after a while those that stay."""
    deadline = time.monotonic() + 20
    while (count := descriptors(server)) > most and time.monotonic() < deadline:
        time.sleep(0.1)
    return count


def test_64_clients_do_mixed_work_on_one_pool(server, pool):
    pool.create("warm-up").delete()
    before = descriptors(server)
    clients = [Client(server, pool.name, number) for number in range(CLIENTS)]
    until = time.monotonic() + SECONDS
    threads = [threading.Thread(target=client.run, args=(until,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SECONDS + 120)
        assert not thread.is_alive()
    assert [client.problem for client in clients if client.problem] == []
    assert all(client.calls for client in clients)
    wanted = sorted(name for client in clients for name in client.volumes)
    assert pool.names() == wanted
    assert sorted(os.listdir(pool.path)) == wanted
    for client in clients:
        for name in client.volumes:
            pool.api.storageVolLookupByName(name).delete()
    assert os.listdir(pool.path) == []
    assert settle(server, before) <= before
