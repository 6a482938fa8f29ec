"""A private glusterd on a loopback address of its own, whose volumes have one brick each."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import suppress
from itertools import count
from pathlib import Path

NUMBERS = count(64)         # in the address, so that several servers run at once



class Gluster:
    """One glusterd and its bricks. Its tool refuses bricks on 127.0.0.1, but takes the other addresses of the loopback device."""

    @staticmethod
    def usable() -> bool:
        return os.geteuid() == 0 and all(shutil.which(tool, path="/usr/sbin:/usr/bin") for tool in ("glusterd", "gluster"))

    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="gluster-"))
        pid = os.getpid()
        self.host = f"127.{next(NUMBERS)}.{pid >> 8 & 255}.{pid & 255}"
        self.sock = self.folder / "sock"
        self.process = None
        for part in ("state", "run", "log"):
            (self.folder / part).mkdir()
        (self.folder / "glusterd.vol").write_text(f"""volume management
    type mgmt/glusterd
    option working-directory {self.folder}/state
    option run-directory {self.folder}/run
    option glusterd-sockfile {self.sock}
    option transport-type socket
    option transport.socket.bind-address {self.host}
    option transport.socket.listen-port 24007
    option transport.socket.keepalive-time 10
    option transport.address-family inet
    option ping-timeout 0
    option event-threads 1
end-volume
""")

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self) -> None:
        log = self.folder / "log" / "glusterd.log"
        with open(self.folder / "log" / "out", "ab") as out:
            self.process = subprocess.Popen(["glusterd", "-N", "-f", self.folder / "glusterd.vol", "-l", log, f"--pid-file={self.folder}/run/glusterd.pid"],
                                            stdin=subprocess.DEVNULL, stdout=out, stderr=out)
        deadline = time.monotonic() + 60
        while not self._run("volume", "list", check=False):
            assert self.process.poll() is None and time.monotonic() < deadline, log.read_text()[-4000:]
            time.sleep(0.2)

    def start_bricks(self, name: str) -> None:
        """Starts what glusterd takes for running or starting still, until it notices that it was killed."""
        deadline = time.monotonic() + 60
        while "<status>1</status>" not in self._ask("--xml", "volume", "status", name).stdout:
            assert time.monotonic() < deadline, f"no brick of {name} runs"
            self._run("volume", "start", name, "force")
            time.sleep(0.2)

    def kill(self) -> None:
        """Ends glusterd and the bricks, as a power cut does."""
        self._kill([*self.bricks(), self.process.pid])
        self.process.wait()

    def kill_bricks(self) -> None:
        self._kill(self.bricks())

    def bricks(self) -> list[int]:
        """Process ids of what glusterd started."""
        files = [*self.folder.glob("run/vols/*/*.pid"), *self.folder.glob("state/**/*.pid"), *self.folder.glob("run/**/*.pid")]
        pids = {int(text) for file in files if (text := file.read_text().strip()).isdigit()}
        return [pid for pid in pids if pid != self.process.pid and self._is_ours(pid)]

    def hang(self) -> None:
        for pid in [*self.bricks(), self.process.pid]:
            os.kill(pid, signal.SIGSTOP)

    def go_on(self) -> None:
        for pid in [self.process.pid, *self.bricks()]:
            os.kill(pid, signal.SIGCONT)

    def volume(self, name: str, start: bool = True) -> Path:
        """Makes a volume; returns its brick."""
        brick = self.folder / "bricks" / name
        brick.parent.mkdir(exist_ok=True)
        self._run("volume", "create", name, f"{self.host}:{brick}", "force")
        self._run("volume", "set", name, "server.allow-insecure", "on")
        self._run("volume", "set", name, "network.ping-timeout", "5")
        if start:
            self._run("volume", "start", name)
        return brick

    def remove(self, name: str) -> None:
        """Removes a volume, and its brick."""
        self._run("volume", "stop", name, "force")
        self._run("volume", "delete", name)
        shutil.rmtree(self.folder / "bricks" / name)

    def pool_xml(self, name: str, volume: str, folder: str = "/") -> str:
        return (f"<pool type='gluster'><name>{name}</name><source><host name='{self.host}'/><dir path='{folder}'/>"
                f"<name>{volume}</name></source></pool>")

    @staticmethod
    def _kill(pids: list[int]) -> None:
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def _is_ours(self, pid: int) -> bool:
        try:
            return str(self.folder) in Path(f"/proc/{pid}/cmdline").read_text()
        except OSError:
            return False

    def _run(self, *arguments: str, check: bool = True) -> bool:
        done = self._ask(*arguments)
        assert not check or done.returncode == 0, f"gluster {arguments}: {done.stdout} {done.stderr}"
        return done.returncode == 0

    def _ask(self, *arguments: str) -> subprocess.CompletedProcess:
        return subprocess.run(["gluster", "--mode=script", f"--glusterd-sock={self.sock}", "--log-file=/dev/null", *arguments], capture_output=True, text=True)
