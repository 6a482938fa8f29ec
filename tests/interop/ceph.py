"""A Ceph cluster of one node on loopback, without systemd: monitor, OSD on a sparse file, and manager, all below one folder. cephx is on."""

import base64
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from pathlib import Path

from servers import free_port

TOOLS = ["ceph-mon", "ceph-osd", "ceph-mgr", "ceph", "rbd", "ceph-authtool", "monmaptool"]
START_TIMEOUT = 120
STOP_TIMEOUT = 20
PLUGINS = "/usr/lib/x86_64-linux-gnu/ceph"

CONFIGURATION = """
[global]
fsid = {fsid}
mon host = [v2:127.0.0.1:{v2},v1:127.0.0.1:{v1}]
public network = 127.0.0.0/8
cluster network = 127.0.0.0/8
auth cluster required = cephx
auth service required = cephx
auth client required = cephx
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 8
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
mon allow pool size one = true
mon allow pool delete = true
mon data avail warn = 1
mon data avail crit = 0
mon warn on pool no redundancy = false
mon osd report timeout = 60
run dir = {root}/run
admin socket = {root}/run/$cluster-$name.asok
pid file = {root}/run/$name.pid
log file = {root}/log/$name.log
keyring = {root}/keyring
mon data = {root}/mon
mgr data = {root}/mgr
osd data = {root}/osd
osd objectstore = bluestore
bluestore block size = 4294967296
bluestore block wal create = false
bluestore block db create = false
osd memory target = 939524096
bluestore cache autotune = false
bluestore cache size = 67108864
crash dir = {root}/crash
plugin dir = {plugins}
mgr initial modules =
mgr stats period = 1
"""


class Missing(Exception):
    """Ceph is not installed."""


class Ceph:
    """The cluster; `admin` may do everything, and `client(name)` gives others a key."""

    def __init__(self):
        if missing := [tool for tool in TOOLS if shutil.which(tool) is None]:
            raise Missing(f"not installed: {', '.join(missing)}")
        self.root = Path(tempfile.mkdtemp(prefix="ceph-"))
        for folder in ("mon", "mgr", "osd", "run", "log", "crash"):
            (self.root / folder).mkdir()
        self.port = free_port()         # the older protocol's, which a client without "v2:" speaks
        self.port_v2 = free_port()
        self.fsid = str(uuid.uuid4())
        self.configuration = self.root / "ceph.conf"
        self.configuration.write_text(CONFIGURATION.format(
            fsid=self.fsid, v1=self.port, v2=self.port_v2, root=self.root, plugins=PLUGINS))
        self.daemons = {}

    @property
    def host(self) -> str:
        return "127.0.0.1"

    def run(self, *argv, input=None, timeout=60) -> str:
        """A tool of Ceph's on this cluster; what it printed."""
        environment = os.environ | {"CEPH_CONF": str(self.configuration), "CEPH_ARGS": ""}
        done = subprocess.run([str(word) for word in argv], env=environment, input=input, capture_output=True, timeout=timeout, check=False)
        assert done.returncode == 0, f"{argv}: {done.stderr.decode(errors='replace')}"
        return done.stdout.decode(errors="replace")

    def ceph(self, *argv) -> str:
        return self.run("ceph", *argv)

    def rbd(self, *argv, input=None) -> str:
        return self.run("rbd", *argv, input=input)

    def start(self) -> "Ceph":
        keyring = self.root / "keyring"
        monmap = self.root / "monmap"
        self.run("ceph-authtool", "--create-keyring", keyring, "--gen-key", "-n", "mon.", "--cap", "mon", "allow *")
        self.run("ceph-authtool", keyring, "--gen-key", "-n", "client.admin",
                 *(word for service in ("mon", "osd", "mgr", "mds") for word in ("--cap", service, "allow *")))
        self.run("monmaptool", "--create", "--addv", "a", f"[v2:127.0.0.1:{self.port_v2},v1:127.0.0.1:{self.port}]", "--fsid", self.fsid, monmap)
        self.run("ceph-mon", "-i", "a", "--mkfs", "--monmap", monmap, "--keyring", keyring)
        self.launch("mon", "a")
        with open(keyring, "a") as keys:
            keys.write(self.ceph("auth", "get-or-create", "mgr.x", "mon", "allow profile mgr", "osd", "allow *", "mds", "allow *"))
        self.launch("mgr", "x")
        osd = str(uuid.uuid4())
        self.ceph("osd", "new", osd)
        self.run("ceph-authtool", keyring, "--gen-key", "-n", "osd.0", "--cap", "mon", "allow profile osd", "--cap", "mgr", "allow profile osd", "--cap", "osd", "allow *")
        self.ceph("auth", "add", "osd.0", "-i", keyring)
        self.run("ceph-osd", "-i", "0", "--mkfs", "--osd-uuid", osd)
        self.launch("osd", "0")
        self.wait(lambda: json.loads(self.ceph("osd", "stat", "--format", "json"))["num_up_osds"] == 1)
        return self

    def launch(self, kind: str, name: str) -> None:
        """Starts a daemon, or starts it again."""
        with open(self.root / "log" / f"{kind}.out", "ab") as output:
            self.daemons[kind] = subprocess.Popen(
                [f"ceph-{kind}", "-i", name, "-f"], env=os.environ | {"CEPH_CONF": str(self.configuration)},
                stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True)

    def freeze(self) -> None:
        """The cluster answers nobody any more, without a word: as a network that is cut."""
        for daemon in self.daemons.values():
            daemon.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        for daemon in self.daemons.values():
            daemon.send_signal(signal.SIGCONT)

    def make_pool(self, name: str, application: str = "rbd") -> None:
        self.ceph("osd", "pool", "create", name, "8", "8")
        if application == "rbd":
            self.rbd("pool", "init", name)
        else:
            self.ceph("osd", "pool", "application", "enable", name, application)

    def client(self, name: str, *pools: str) -> str:
        """The key, as it is written in a keyring, of a client that may use the pools."""
        allowed = ", ".join(f"profile rbd pool={pool}" for pool in pools)
        self.ceph("auth", "get-or-create", f"client.{name}", "mon", "profile rbd", "osd", allowed)
        return self.ceph("auth", "get-key", f"client.{name}").strip()

    def wait(self, condition) -> None:
        deadline = time.monotonic() + START_TIMEOUT
        while not condition():
            assert time.monotonic() < deadline, "the cluster did not become ready"
            for kind, daemon in self.daemons.items():
                assert daemon.poll() is None, f"ceph-{kind} ended: {(self.root / 'log' / f'{kind}.out').read_text(errors='replace')[-2000:]}"
            time.sleep(0.3)

    def stop(self) -> None:
        self.thaw()
        for daemon in self.daemons.values():
            daemon.kill()
        for daemon in self.daemons.values():
            daemon.wait(STOP_TIMEOUT)
        shutil.rmtree(self.root, ignore_errors=True)

    @staticmethod
    def secret(key: str) -> bytes:
        """A key as a secret's value."""
        return base64.b64decode(key)
