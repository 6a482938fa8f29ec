"""libvirt's own places: stock virsh finds the server by `qemu:///system`, `storage:///system` and `qemu:///session`, without being told a socket."""

import os
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from authority import Authority
from servers import START_TIMEOUT, UNIX_SOCKETS, Libvirtd, cisternd_binary
from users import AS_NOBODY, only_root

pytestmark = pytest.mark.cistern_only("libvirtd has no choice of places")


@contextmanager
def running(argv: list, listening: Path, **environment):
    """A server, once it says that it listens on all of its sockets."""
    with open(listening, "wb") as output, open(listening.with_suffix(".log"), "wb") as log:
        process = subprocess.Popen(argv, env=os.environ | environment, stdin=subprocess.DEVNULL, stdout=output, stderr=log)
    try:
        deadline = time.monotonic() + START_TIMEOUT
        while listening.read_text().count("listening unix:") < UNIX_SOCKETS:
            assert process.poll() is None and time.monotonic() < deadline, listening.with_suffix(".log").read_text()
            time.sleep(0.02)
        yield process
    finally:
        process.terminate()
        assert process.wait(START_TIMEOUT) == 0


@pytest.fixture
def folder():
    with tempfile.TemporaryDirectory(prefix="interop-") as made:
        os.chmod(made, 0o755)
        yield Path(made)


@pytest.fixture
def host(folder):
    """Starts `cisternd --system` on private folders, and runs commands where it sees them: host(options...) -> run(argv...)."""
    authority = Authority(folder / "authority")
    authority.start()
    stack = []

    def start(*options):
        mounts = " && ".join(f"mkdir -p {folder / here} {there} && mount --bind {folder / here} {there}" for here, there in Libvirtd.FOLDERS.items())
        command = f"{mounts} && exec {cisternd_binary()} --system {' '.join(options)}"
        context = running(["unshare", "--mount", "sh", "-c", command], folder / "listening", **authority.environment)
        stack.append(context)
        process = context.__enter__()
        home = {"HOME": str(folder), "XDG_RUNTIME_DIR": "", "XDG_CACHE_HOME": str(folder), "PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}
        return lambda *argv: subprocess.run(["nsenter", "--mount", f"--target={process.pid}", *argv], env=home, text=True,
                                            stdin=subprocess.DEVNULL, capture_output=True, timeout=60)

    yield start, authority
    for context in stack:
        context.__exit__(None, None, None)
    authority.stop()


needs_host = [only_root, pytest.mark.skipif(not Authority.usable(), reason="polkitd or dbus-daemon is not installed")]


class TestSystem:
    pytestmark = needs_host

    @pytest.mark.parametrize("options, uri", [((), "qemu:///system"), (("--socket-prefix", "virtstoraged"), "storage:///system")])
    def test_clients_find_it(self, host, folder, options, uri):
        start, _ = host
        run = start(*options)
        (folder / "images").mkdir()
        done = run("virsh", "-c", uri, "pool-define-as", "p", "dir", "--target", str(folder / "images"))
        assert done.returncode == 0, done.stderr
        assert (folder / "etc" / "storage" / "p.xml").exists()
        prefix = options[1] if options else "libvirt"
        assert sorted(path.name for path in (folder / "run").glob("*-sock*")) == [f"{prefix}-admin-sock", f"{prefix}-sock", f"{prefix}-sock-ro"]
        daemon = "virtstoraged" if options else "libvirtd"
        done = run("virt-admin", "-c", f"{daemon}:///system", "srv-list")
        assert done.returncode == 0 and {"admin", daemon} == {line.split()[1] for line in done.stdout.splitlines()[2:] if line}, done

    def test_others_are_asked_about(self, host):
        start, authority = host
        run = start()
        authority.rule("return action.id == 'org.libvirt.unix.monitor' ? polkit.Result.YES : polkit.Result.NO;")
        assert "authentication failed" in run(*AS_NOBODY, "virsh", "-c", "qemu:///system", "pool-list").stderr
        read_only = run(*AS_NOBODY, "virsh", "-r", "-c", "qemu:///system", "pool-list")
        assert read_only.returncode == 0, read_only.stderr


def test_a_session_is_found(folder):
    for name in ("run", "home"):
        (folder / name).mkdir(mode=0o700)
    environment = {"HOME": str(folder / "home"), "XDG_RUNTIME_DIR": str(folder / "run"),
                   "XDG_CONFIG_HOME": str(folder / "home" / "config"), "XDG_DATA_HOME": str(folder / "home" / "data")}
    with running([cisternd_binary(), "--session"], folder / "listening", **environment):
        socket = folder / "run" / "libvirt" / "libvirt-sock"
        assert socket.stat().st_mode & 0o777 == 0o600 and socket.parent.stat().st_mode & 0o777 == 0o700
        assert socket.with_name("libvirt-admin-sock").stat().st_mode & 0o777 == 0o700
        uri = "qemu:///session" if os.geteuid() else f"qemu+unix:///session?socket={socket}"
        done = subprocess.run(["virsh", "-c", uri, "pool-list", "--all"], env=os.environ | environment, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
