"""A private tgtd on loopback: targets whose units are files."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from servers import free_port

INITIATOR = "iqn.2026-01.test:initiator"
TARGET = "iqn.2026-01.test:units"


class Target:
    """One tgtd; `unit` adds a unit to a target."""

    @staticmethod
    def usable() -> bool:
        return os.geteuid() == 0 and shutil.which("tgtd", path="/usr/sbin:/usr/bin") is not None

    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="tgt-"))
        self.port = free_port()
        self.process = None
        self.setup = []
        self.environment = os.environ | {"TGT_IPC_SOCKET": str(self.folder / "ipc")}

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self) -> None:
        """Starts it with all that has been set up before."""
        for left in self.folder.glob("ipc*"):
            left.unlink()
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen(["tgtd", "-f", "--iscsi", f"portal=127.0.0.1:{self.port}"],
                                            env=self.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        deadline = time.monotonic() + 30
        while subprocess.run(self._argv("show", "mode=sys"), env=self.environment, capture_output=True).returncode:
            assert self.process.poll() is None and time.monotonic() < deadline, (self.folder / "log").read_text()
            time.sleep(0.05)
        for step in self.setup:
            self._run(*step)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def hang(self) -> None:
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    def do(self, operation: str, *settings: str) -> None:
        self.setup.append((operation, *settings))
        self._run(operation, *settings)

    def target(self, number: int, name: str = TARGET) -> None:
        self.do("new", "mode=target", f"tid={number}", f"targetname={name}")
        self.do("bind", "mode=target", f"tid={number}", "initiator-address=ALL")

    def unit(self, number: int, unit: int, size: int, *, thin: bool = False, block: int = 512) -> Path:
        """Adds a unit; returns its file."""
        file = self.folder / f"unit-{number}-{unit}"
        with open(file, "wb") as made:
            made.truncate(size)
        self.do("new", "mode=logicalunit", f"tid={number}", f"lun={unit}", f"backing-store={file}", f"blocksize={block}")
        if thin:
            self.do("update", "mode=logicalunit", f"tid={number}", f"lun={unit}", "params=thin_provisioning=1")
        return file

    def remove(self, number: int, unit: int) -> None:
        self._run("delete", "mode=logicalunit", f"tid={number}", f"lun={unit}")

    def account(self, number: int, user: str, password: str) -> None:
        self.do("new", "mode=account", f"user={user}", f"password={password}")
        self.do("bind", "mode=account", f"tid={number}", f"user={user}")

    def sessions(self, number: int) -> str:
        """What the target tells of those that are logged in."""
        return subprocess.run(self._argv("show", "mode=conn", f"tid={number}"), env=self.environment, capture_output=True, text=True).stdout

    def pool_xml(self, name: str, target: str = TARGET, auth: str = "") -> str:
        return (f"<pool type='iscsi-direct'><name>{name}</name><source><host name='127.0.0.1' port='{self.port}'/>"
                f"<device path='{target}'/><initiator><iqn name='{INITIATOR}'/></initiator>{auth}</source></pool>")

    def _argv(self, operation: str, *settings: str) -> list:
        return ["tgtadm", "--lld", "iscsi", "--op", operation, *(f"--{setting}" for setting in settings)]

    def _run(self, *step: str) -> None:
        subprocess.run(self._argv(*step), env=self.environment, check=True, capture_output=True, text=True)
