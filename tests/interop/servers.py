"""Private servers to test against: Cistern, or Debian's libvirtd as the judge of the tests themselves."""

import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
START_TIMEOUT = 30
STOP_TIMEOUT = 20

UNIX_SOCKETS = 3            # for reading and writing, for reading alone, for administrators

UNWATCHED = "unwatched"     # the pool in which what others do is seen at the next refresh only, as in all of libvirtd's


def cisternd_binary() -> Path:
    """The binary named by CISTERND, else the newest one built in this repository."""
    if named := os.environ.get("CISTERND"):
        return Path(named).resolve()
    built = [
        *REPOSITORY.glob("artifacts/publish/cisternd"),
        *REPOSITORY.glob("src/Server/bin/*/net*/cisternd"),
        *REPOSITORY.glob("artifacts/bin/Server/*/cisternd"),
    ]
    if not built:
        raise FileNotFoundError("no cisternd: build src/Server or set CISTERND")
    return max(built, key=lambda path: path.stat().st_mtime)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


def configuration(settings: dict) -> str:
    """A file in libvirt's syntax; lists of strings are taken, too."""
    def value(of) -> str:
        if isinstance(of, (list, tuple)):
            return "[" + ", ".join(map(value, of)) + "]"
        return str(of) if isinstance(of, int) else f'"{of}"'
    return "".join(f"{key} = {value(of)}\n" for key, of in settings.items())


class Server:
    """One server process with all of its files below `root`; TCP on a free loopback port, three unix sockets.

    With `settings` (libvirtd.conf's keys) it is started with --listen and listens as they say; free ports are chosen here.
    """

    def __init__(self, root: Path, settings: dict | None = None, environment: dict | None = None):
        self.root = root
        self.settings = settings
        self.environment = os.environ | (environment or {})
        self.sockets = root / "sock"
        self.port = 0
        self.tls_port = 0
        self.process = None
        self.sockets.mkdir(parents=True)

    @property
    def unix_path(self) -> str:
        return str(self.sockets / "libvirt-sock")

    @property
    def read_only_path(self) -> str:
        return str(self.sockets / "libvirt-sock-ro")

    @property
    def admin_path(self) -> str:
        return str(self.sockets / "libvirt-admin-sock")

    @property
    def log(self) -> Path:
        return self.root / "server.log"

    def uri(self, transport: str = "unix", path: str = "system", driver: str = "qemu") -> str:
        """A client URI; transport is unix, tcp, tls or ro (the read-only unix socket)."""
        if transport in ("tcp", "tls"):
            return f"{driver}+{transport}://127.0.0.1:{self.tls_port if transport == 'tls' else self.port}/{path}"
        file = self.read_only_path if transport == "ro" else self.unix_path
        return f"{driver}+unix:///{path}?socket={file}"

    def connect(self, transport: str = "unix") -> socket.socket:
        if transport in ("tcp", "tls"):
            return socket.create_connection(("127.0.0.1", self.tls_port if transport == "tls" else self.port), timeout=20)
        stream = socket.socket(socket.AF_UNIX)
        stream.settimeout(20)
        stream.connect({"unix": self.unix_path, "ro": self.read_only_path, "admin": self.admin_path}[transport])
        return stream

    def start(self) -> None:
        deadline = time.monotonic() + START_TIMEOUT
        with open(self.log, "ab") as log:
            self._launch(log)
        while not self._ready():
            assert self.process.poll() is None, f"server ended early:\n{self.log_tail()}"
            assert time.monotonic() < deadline, f"server not ready:\n{self.log_tail()}"
            time.sleep(0.02)

    def network_settings(self) -> dict:
        """What `settings` say, with free ports for what they listen on."""
        self.port = self.port or free_port()
        self.tls_port = self.tls_port or free_port()
        listening = {"listen_tcp": 0, "listen_tls": 0, "listen_addr": "127.0.0.1", "auth_unix_rw": "none", "auth_unix_ro": "none"}
        return listening | {"tcp_port": str(self.port), "tls_port": str(self.tls_port)} | self.settings

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Sends the signal and returns the exit status (negative: ended by that signal)."""
        self.process.send_signal(number)
        try:
            return self.process.wait(STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise

    def restart(self, number: int = signal.SIGTERM) -> None:
        self.stop(number)
        self.start()

    def forget_run_state(self) -> None:
        """What a boot does to /run."""
        shutil.rmtree(self.state_folder)

    def is_alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def log_tail(self) -> str:
        return self.log.read_text(errors="replace")[-4000:] if self.log.exists() else ""


class Cistern(Server):
    name = "cistern"

    def __init__(self, root: Path, settings: dict | None = None, environment: dict | None = None):
        super().__init__(root, settings, environment)
        self.config_folder.parent.mkdir(mode=0o700, parents=True)
        self.configure(f'live_pools_off = [ "{UNWATCHED}" ]\n')

    def configure(self, text: str) -> None:
        """Sets the configuration file for the next start."""
        (self.config_folder.parent / "cisternd.conf").write_text(text)

    @property
    def config_folder(self) -> Path:
        return self.root / "state" / "config" / "storage"

    @property
    def secrets_folder(self) -> Path:
        return self.root / "state" / "config" / "secrets"

    @property
    def state_folder(self) -> Path:
        return self.root / "state" / "run" / "storage"

    def twin(self) -> subprocess.Popen:
        """A second process on the same state."""
        return subprocess.Popen(self._argv(0, self.root / "twin"), stdin=subprocess.DEVNULL,
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def _argv(self, port: int, sockets: Path) -> list:
        network = ["--tcp", f"127.0.0.1:{port}"] if self.settings is None else ["--listen"]
        return [cisternd_binary(), "--root", self.root / "state", *network, "--socket-dir", sockets, "--no-default-pool"]

    def _launch(self, log) -> None:
        if self.settings is not None:
            self.configure(configuration(self.network_settings()))
        self._output = self.root / "listening"
        with open(self._output, "wb") as output:
            self.process = subprocess.Popen(self._argv(self.port, self.sockets), env=self.environment, stdin=subprocess.DEVNULL, stdout=output, stderr=log)

    def _ready(self) -> bool:
        told = [line.split(maxsplit=1)[1] for line in self._output.read_text().splitlines(keepends=True)
                if line.startswith("listening ") and line.endswith("\n")]
        if self.settings is not None:
            network = self.network_settings()
            return len(told) >= UNIX_SOCKETS + network["listen_tcp"] + network["listen_tls"]
        ports = [int(address.strip().rsplit(":", 1)[1]) for address in told if address.startswith("tcp://")]
        if not ports or sum(address.startswith("unix:") for address in told) < UNIX_SOCKETS:
            return False
        self.port = ports[0]
        return True

    def log_tail(self) -> str:
        output = self._output.read_text(errors="replace") if self._output.exists() else ""
        return super().log_tail() + output[-4000:]


class Libvirtd(Server):
    """libvirtd in a mount namespace of its own, where the folders that it hard-codes are bound below `root`."""

    name = "libvirtd"
    FOLDERS = {"etc": "/etc/libvirt", "run": "/run/libvirt", "lib": "/var/lib/libvirt",
               "cache": "/var/cache/libvirt", "log": "/var/log/libvirt"}

    @staticmethod
    def usable() -> bool:
        """Installed, and allowed to mount."""
        return os.geteuid() == 0 and shutil.which("libvirtd", path="/usr/sbin:/usr/bin") is not None

    def _launch(self, log) -> None:
        if not self.port:
            self._configure()
        mounts = " && ".join(f"mkdir -p {there} && mount --bind {self.root / here} {there}"
                             for here, there in self.FOLDERS.items())
        command = f"{mounts} && exec /usr/sbin/libvirtd --listen -f {self.root}/libvirtd.conf -p {self.root}/pid"
        self.process = subprocess.Popen(["unshare", "--mount", "sh", "-c", command], env=self.environment,
                                        stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    @property
    def config_folder(self) -> Path:
        return self.root / "etc" / "storage"

    @property
    def secrets_folder(self) -> Path:
        return self.root / "etc" / "secrets"

    @property
    def state_folder(self) -> Path:
        return self.root / "run" / "storage"

    def _configure(self) -> None:
        for folder in self.FOLDERS:
            (self.root / folder).mkdir(exist_ok=True)
        if self.settings is None:
            self.settings = {"listen_tcp": 1, "auth_tcp": "none"}
        (self.root / "libvirtd.conf").write_text(configuration(
            {"unix_sock_dir": str(self.sockets), "host_uuid": "c7a5fdbd-edaf-9455-926a-d65c16db1809"} | self.network_settings()))

    def _ready(self) -> bool:
        try:
            asked = [transport for transport in ("tcp", "tls") if self.settings.get(f"listen_{transport}")]
            for transport in ("unix", "ro", "admin", *asked):
                self.connect(transport).close()
            return True
        except OSError:
            return False


KINDS = {kind.name: kind for kind in (Cistern, Libvirtd)}
