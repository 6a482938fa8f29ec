"""cisternd as a service: in the background, with a pid file, idle, activated by sockets, watched, reloaded, checked, and its units."""

import contextlib
import importlib.util
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from busy import paused
from expect import eventually
from pki import Pki
from servers import REPOSITORY, START_TIMEOUT, cisternd_binary, configuration, free_port
from virsh import Virsh

pytestmark = pytest.mark.cistern_only("these options and files are Cistern's own")

PACKAGING = REPOSITORY / "packaging"
ACTIVATE = shutil.which("systemd-socket-activate")
ANALYZE = shutil.which("systemd-analyze")


class Service:
    """Runs cisternd on `folder` in the ways of a service manager."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.log = folder / "log"
        self.socket = folder / "state" / "run" / "libvirt-sock"
        self.config = folder / "cisternd.conf"
        self.pid_file = folder / "pid"
        self.config.write_text("")
        self.processes = []

    def argv(self, *options) -> list:
        return [cisternd_binary(), "--root", self.folder / "state", "--config", self.config, *options]

    def run(self, *options, **keywords) -> subprocess.CompletedProcess:
        return subprocess.run(self.argv(*options), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, **keywords)

    def start(self, *options, before=(), environment=None) -> subprocess.Popen:
        with open(self.log, "ab") as log:
            process = subprocess.Popen([*before, *self.argv(*options)], env=os.environ | (environment or {}), stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.processes.append(process)
        return process

    def until_logged(self, text: str, count: int = 1) -> None:
        eventually(lambda: self.log.read_text(errors="replace").count(text) >= count, START_TIMEOUT)

    def virsh(self, path: Path | None = None, *options) -> Virsh:
        return Virsh(f"qemu+unix:///system?socket={path or self.socket}", self.folder, *options)

    def background_pid(self) -> int:
        return int(self.pid_file.read_text())

    def end(self) -> None:
        for process in self.processes:
            if process.poll() is None:
                process.terminate()
            process.wait(START_TIMEOUT)
        if self.pid_file.exists() and is_running(pid := self.background_pid()):
            os.kill(pid, signal.SIGTERM)
            eventually(lambda: not is_running(pid), START_TIMEOUT)


def is_running(pid: int) -> bool:
    """Not a zombie that nobody has reaped yet."""
    with contextlib.suppress(FileNotFoundError):
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    return False


@pytest.fixture
def service(short_folder):
    made = Service(short_folder)
    yield made
    made.end()


class TestBackground:
    def test_the_command_returns_when_the_server_listens(self, service):
        done = service.run("--daemon", "--pid-file", service.pid_file)
        assert done.returncode == 0, done.stderr
        assert f"listening unix:{service.socket}\n" in done.stdout
        service.virsh().ok("pool-list", "--all")
        pid = service.background_pid()
        assert os.getsid(pid) == pid, "it has a session of its own"
        assert os.readlink(f"/proc/{pid}/cwd") == "/"
        # The pipes of the command are let go: that they ended is why run() returned.
        assert {os.readlink(f"/proc/{pid}/fd/{number}") for number in (0, 1, 2)} == {"/dev/null"}

    def test_a_log_file_stays(self, service):
        with open(service.log, "ab") as log:
            subprocess.run(service.argv("-d", "-p", service.pid_file), stdin=subprocess.DEVNULL, stdout=log, stderr=log, check=True, timeout=60)
        pid = service.background_pid()
        os.kill(pid, signal.SIGTERM)
        service.until_logged("Stopped")
        eventually(lambda: not is_running(pid), START_TIMEOUT)
        assert not service.pid_file.exists()

    @pytest.mark.parametrize("configuration, said", [("bogus = 1\n", "cisternd.conf:1: unknown key 'bogus'"), ("unix_sock_group = 'no-such'\n", "'no-such'")])
    def test_a_failed_start_is_told(self, service, configuration, said):
        service.config.write_text(configuration)
        done = service.run("--daemon", "--pid-file", service.pid_file)
        assert done.returncode == 1 and said in done.stderr, done
        assert not service.pid_file.exists()

    def test_bad_arguments_are_told_by_the_command_itself(self, service):
        done = service.run("--daemon", "--bogus")
        assert done.returncode == 2 and "'--bogus'" in done.stderr


class TestPidFile:
    def test_a_second_server_names_the_first(self, service):
        first = service.start("--pid-file", service.pid_file)
        service.until_logged("listening")
        assert service.pid_file.read_text() == f"{first.pid}\n"
        second = subprocess.run([cisternd_binary(), "--root", service.folder / "other", "-p", service.pid_file], capture_output=True, text=True, timeout=60)
        assert second.returncode == 1 and f"process {first.pid} holds {service.pid_file}" in second.stderr
        assert not (service.folder / "other" / "run" / "libvirt-sock").exists(), "nothing was served"
        first.terminate()
        assert first.wait(START_TIMEOUT) == 0
        assert not service.pid_file.exists()

    def test_what_a_killed_server_left_is_taken_over(self, service):
        first = service.start("--pid-file", service.pid_file)
        service.until_logged("listening")
        first.kill()
        first.wait(START_TIMEOUT)
        assert service.pid_file.exists()
        second = service.start("--pid-file", service.pid_file)
        eventually(lambda: service.pid_file.read_text() == f"{second.pid}\n", START_TIMEOUT)
        service.until_logged("listening unix:", 4)


class TestTimeout:
    def test_an_idle_server_ends(self, service):
        assert service.start("--timeout", "1").wait(START_TIMEOUT) == 0
        assert "no clients and no work" in service.log.read_text()
        assert not service.socket.exists()

    def test_a_client_keeps_it(self, service):
        process = service.start("--timeout", "1")
        service.until_logged("listening unix:", 2)
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(service.socket))
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(3)
        assert process.wait(START_TIMEOUT) == 0

    def test_work_without_a_client_keeps_it(self, service):
        """The client is killed while its volume is wiped: the wipe goes on, and only its end lets the server end."""
        pool = service.folder / "pool"
        pool.mkdir()
        with socket.socket(socket.AF_UNIX) as keep:
            process = service.start("--timeout", "1")
            service.until_logged("listening unix:", 2)
            keep.connect(str(service.socket))
            virsh = service.virsh()
            virsh.ok("pool-create-as", "p", "dir", "--target", pool)
            virsh.ok("vol-create-as", "p", "v", "128M")
            client = virsh.start("vol-wipe", "v", "--pool", "p", "--algorithm", "random")
            with paused(pool / "v", is_running=lambda: client.poll() is None):
                client.kill()
                client.wait(START_TIMEOUT)
                keep.close()
                with pytest.raises(subprocess.TimeoutExpired):
                    process.wait(3)
        assert process.wait(60) == 0


class TestCheck:
    def test_every_fault_is_told_with_its_line(self, service):
        service.config.write_text("bogus = 1\nunix_sock_group = 'no-such'\ncert_file = '/no/cert'\ntls_port = 'x'\n")
        done = service.run("--check-config")
        assert done.returncode == 1 and done.stdout == ""
        for line, word in ((1, "bogus"), (2, "no-such"), (3, "/no/cert"), (4, "tls_port")):
            assert re.search(rf"^{service.config}:{line}: .*{word}", done.stderr, re.M), done.stderr
        assert not (service.folder / "state").exists(), "nothing was started, nothing made"

    def test_certificates_are_looked_into(self, service):
        pki = Pki(service.folder / "pki")
        settings = pki.server_settings()
        service.config.write_text(configuration(settings))
        done = service.run("--check-config", "--listen")
        assert (done.returncode, done.stderr) == (0, "")
        service.config.write_text(configuration(settings | {"ca_file": str(Pki(service.folder / "others").authority)}))
        done = service.run("--check-config", "--listen")
        assert done.returncode == 1 and f"{service.config}:3: the server's certificate" in done.stderr, done.stderr

    def test_sasl_is_looked_into(self, service):
        service.config.write_text('auth_unix_rw = "sasl"\n')
        (service.folder / "libvirt.conf").write_text("mech_list: no-such-mechanism\n")
        done = service.run("--check-config", env=os.environ | {"SASL_CONF_PATH": str(service.folder)})
        assert done.returncode == 1 and f"{service.config}:1: SASL has no mechanism" in done.stderr, done.stderr

    def test_the_packaged_file_is_good(self, service):
        service.config.write_text((PACKAGING / "cistern.conf").read_text())
        done = service.run("--check-config")
        assert (done.returncode, done.stderr) == (0, "") and str(service.config) in done.stdout


class Manager:
    """The receiving end of sd_notify(3)."""

    def __init__(self, address: str):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind("\0" + address[1:] if address.startswith("@") else address)
        self.socket.settimeout(START_TIMEOUT)
        self.environment = {"NOTIFY_SOCKET": address}

    def next(self) -> dict:
        return dict(line.split("=", 1) for line in self.socket.recv(4096).decode().splitlines())

    def next_of(self, key: str) -> dict:
        while key not in (told := self.next()):
            pass
        return told


@pytest.fixture(params=["path", "abstract"])
def manager(request, service):
    made = Manager(f"@{service.folder}" if request.param == "abstract" else str(service.folder / "notify"))
    yield made
    made.socket.close()


class TestNotification:
    def test_ready_comes_when_clients_are_served_and_stopping_at_the_end(self, service, manager):
        process = service.start(environment=manager.environment)
        assert manager.next()["READY"] == "1"
        service.virsh().ok("pool-list")
        process.terminate()
        assert manager.next()["STOPPING"] == "1"
        assert process.wait(START_TIMEOUT) == 0

    def test_the_watchdog_hears_of_a_server_that_runs_and_not_of_one_that_does_not(self, service):
        manager = Manager(str(service.folder / "notify"))
        process = service.start(environment=manager.environment | {"WATCHDOG_USEC": "400000"})
        assert manager.next()["READY"] == "1"
        for _ in range(3):
            assert manager.next()["WATCHDOG"] == "1"
        process.send_signal(signal.SIGSTOP)
        try:
            manager.socket.settimeout(2)
            with pytest.raises(TimeoutError):
                while True:
                    manager.next()
        finally:
            process.send_signal(signal.SIGCONT)
        manager.socket.settimeout(START_TIMEOUT)
        assert manager.next()["WATCHDOG"] == "1"

    def test_a_watchdog_of_another_process_is_not_its_own(self, service):
        manager = Manager(str(service.folder / "notify"))
        process = service.start(environment=manager.environment | {"WATCHDOG_USEC": "100000", "WATCHDOG_PID": str(os.getpid())})
        assert manager.next()["READY"] == "1"
        process.terminate()
        assert manager.next()["STOPPING"] == "1", "no sign of life came in between"


class TestReload:
    def test_it_is_told_and_says_what_needs_a_restart(self, service):
        manager = Manager(str(service.folder / "notify"))
        service.config.write_text("live_pools = 1\n")
        process = service.start(environment=manager.environment)
        assert manager.next()["READY"] == "1"
        service.config.write_text("live_pools = 0\n")
        before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        process.send_signal(signal.SIGHUP)
        told = manager.next()
        assert told["RELOADING"] == "1" and before <= int(told["MONOTONIC_USEC"]) <= time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        assert manager.next()["READY"] == "1"
        assert "holding from the next start on: live_pools\n" in service.log.read_text()

        service.config.write_text("live_pools = 2\n")
        process.send_signal(signal.SIGHUP)
        assert manager.next()["RELOADING"] == "1" and manager.next()["READY"] == "1"
        assert "cisternd.conf:1: 'live_pools' must be 0 or 1" in service.log.read_text()
        service.virsh().ok("pool-list")

    def test_who_is_let_in_over_tls_changes(self, service):
        pki = Pki(service.folder / "pki")
        port = free_port()
        settings = pki.server_settings() | {"listen_addr": "127.0.0.1", "tls_port": port}
        service.config.write_text(configuration(settings | {"tls_allowed_dn_list": ["CN=other"]}))
        process = service.start("--listen")
        service.until_logged("listening tls:")
        virsh = Virsh(f"qemu+tls://localhost:{port}/system?pkipath={pki.client('client', '/CN=client')}", service.folder)
        virsh.fails("pool-list")
        service.config.write_text(configuration(settings | {"tls_allowed_dn_list": ["CN=client"]}))
        process.send_signal(signal.SIGHUP)
        service.until_logged("Read the configuration again")
        virsh.ok("pool-list")

    def test_what_is_logged_where_changes(self, service):
        manager = Manager(str(service.folder / "notify"))
        process = service.start(environment=manager.environment)
        assert manager.next()["READY"] == "1"
        elsewhere = service.folder / "elsewhere.log"
        service.config.write_text(f'log_outputs = "1:file:{elsewhere}"\nlog_filters = "1:rpc"\n')
        process.send_signal(signal.SIGHUP)
        eventually(lambda: elsewhere.exists() and "Read the configuration again" in elsewhere.read_text())
        service.virsh().ok("pool-list")
        eventually(lambda: "RpcServer" in elsewhere.read_text())
        assert "Read the configuration again" not in service.log.read_text()


@pytest.mark.skipif(ACTIVATE is None, reason="systemd-socket-activate is not installed")
class TestActivation:
    @pytest.fixture
    def activated(self, service):
        """Starts the server on sockets: activated([(address, name)], options...) -> Popen; the server has the same process."""
        def start(sockets, *options):
            listen = [word for address, _ in sockets for word in ("-l", address)]
            names = [f"--fdname={':'.join(name for _, name in sockets)}"] if all(name for _, name in sockets) else []
            begun = service.log.read_text().count("Listening on") if service.log.exists() else 0
            process = service.start(*options, before=[ACTIVATE, *listen, *names])
            service.until_logged("Listening on", begun + len(sockets))
            return process
        return start

    @pytest.fixture
    def paths(self, service):
        return service.folder / "a-sock", service.folder / "a-sock-ro"

    def test_sockets_are_told_apart_by_where_they_listen(self, service, activated, paths):
        process = activated([(paths[0], ""), (paths[1], "")])
        assert process.poll() is None and not (service.folder / "state").exists(), "nothing runs before a client comes"
        target = service.folder / "images"
        target.mkdir()
        service.virsh(paths[0]).ok("pool-define-as", "p", "dir", "--target", target)
        assert "p" in service.virsh(paths[1], "-r").ok("pool-list", "--all")
        assert "read" in service.virsh(paths[1]).fails("pool-undefine", "p")
        assert not service.socket.exists(), "only what was handed over is served"

    def test_administrators_have_their_socket(self, service, activated, paths):
        admin = service.folder / "a-admin-sock"
        activated([(paths[0], ""), (admin, "")])
        done = subprocess.run(["virt-admin", "-c", f"libvirtd:///system?socket={admin}", "srv-list"], capture_output=True, text=True, timeout=START_TIMEOUT)
        assert "libvirtd" in done.stdout and "admin" in done.stdout, done.stderr
        service.virsh(admin).fails("pool-list")
        service.virsh(paths[0]).ok("pool-list")

    def test_sockets_are_told_apart_by_their_names(self, service, activated):
        port = free_port()
        service.config.write_text('auth_tcp = "none"\n')
        activated([(service.folder / "x", "cisternd.socket"), (service.folder / "y", "libvirtd-ro.socket"), (f"127.0.0.1:{port}", "cisternd-tcp.socket")])
        Virsh(f"qemu+tcp://127.0.0.1:{port}/system", service.folder).ok("pool-list")
        service.virsh(service.folder / "x").ok("pool-list")
        assert "read" in service.virsh(service.folder / "y").fails("pool-define-as", "p", "dir", "--target", "/tmp")

    def test_tls_is_served_on_a_socket_that_was_handed_over(self, service, activated):
        pki = Pki(service.folder / "pki")
        service.config.write_text(configuration(pki.server_settings()))
        port = free_port()
        activated([(f"127.0.0.1:{port}", "cisternd-tls.socket")])
        Virsh(f"qemu+tls://localhost:{port}/system?pkipath={pki.client('client', '/CN=client')}", service.folder).ok("pool-list")

    @pytest.mark.parametrize("name, said", [("mine.socket", "is none of libvirt's"), ("cisternd-tcp.socket", "is none of libvirt's")])
    def test_a_socket_that_could_be_anything_fails_the_start(self, service, activated, name, said):
        process = activated([(service.folder / "x", name)])
        knock(service.folder / "x")
        assert process.wait(START_TIMEOUT) == 1
        assert said in service.log.read_text() and name in service.log.read_text()

    @pytest.mark.parametrize("option", ["--listen", "--daemon", "--tcp=127.0.0.1:0"])
    def test_options_that_open_sockets_do_not_go_with_it(self, service, activated, paths, option):
        process = activated([(paths[0], "")], option)
        knock(paths[0])
        assert process.wait(START_TIMEOUT) == 1
        assert option.split("=")[0] in service.log.read_text()

    def test_after_the_idle_time_the_next_client_starts_it_again(self, service, activated, paths):
        """What systemd does with its listening socket when the service has ended: it waits on it again."""
        sockets = [(paths[0], "cisternd.socket"), (paths[1], "cisternd-ro.socket")]
        target = service.folder / "images"
        target.mkdir()
        first = activated(sockets, "--timeout", "1")
        service.virsh(paths[0]).ok("pool-define-as", "p", "dir", "--target", target)
        service.virsh(paths[0]).ok("pool-start", "p")
        assert first.wait(START_TIMEOUT) == 0
        assert paths[0].exists() and paths[1].exists(), "the files are the manager's"
        second = activated(sockets, "--timeout", "1")
        assert "active" in service.virsh(paths[0]).ok("pool-list")
        assert second.wait(START_TIMEOUT) == 0


def knock(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))


@pytest.mark.skipif(ANALYZE is None, reason="systemd-analyze is not installed")
class TestUnits:
    UNITS = sorted((PACKAGING / "systemd").iterdir())

    def test_systemd_finds_nothing_wrong(self, tmp_path):
        root = tmp_path / "root"
        for unit in self.UNITS:
            target = root / "etc" / "systemd" / "system" / unit.name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(unit.read_text())
        for program in ("usr/sbin/cisternd", "bin/kill"):
            (root / program).parent.mkdir(parents=True, exist_ok=True)
            (root / program).write_text("#!/bin/sh\n")
            (root / program).chmod(0o755)
        for target in Path("/lib/systemd/system").glob("*.target"):
            shutil.copy(target, root / "etc" / "systemd" / "system", follow_symlinks=True)
        done = subprocess.run([ANALYZE, "verify", "--man=no", f"--root={root}", *(root / "etc" / "systemd" / "system" / unit.name for unit in self.UNITS)],
                              capture_output=True, text=True, timeout=60)
        assert (done.returncode, done.stderr) == (0, "")

    def test_the_service_is_less_exposed_than_libvirtd(self):
        def exposure(unit) -> float:
            done = subprocess.run([ANALYZE, "security", "--offline=true", "--no-pager", unit], capture_output=True, text=True, timeout=60)
            return float(re.search(r"Overall exposure level for \S+: ([\d.]+)", done.stdout)[1])
        assert exposure(PACKAGING / "systemd" / "cisternd.service") <= 6.2

    @pytest.mark.skipif(os.geteuid() != 0 or importlib.util.find_spec("seccomp") is None, reason="takes root and python3-seccomp")
    def test_the_server_works_within_the_limits_of_the_unit(self, service, tmp_path):
        """Capabilities, system calls and address families as the unit says; processes that qemu-img and scrub make, too."""
        confined = [sys.executable, "-B", Path(__file__).with_name("confinement.py"), PACKAGING / "systemd" / "cisternd.service"]
        refused = subprocess.run([*confined, "date", "-s", "2020-01-01"], capture_output=True, text=True, timeout=60)
        assert refused.returncode != 0 and "not permitted" in refused.stderr, "the limits hold"

        process = service.start(before=confined)
        service.until_logged("listening unix:", 2)
        assert "Seccomp:\t2\n" in Path(f"/proc/{process.pid}/status").read_text()
        virsh = service.virsh()
        virsh.ok("pool-define-as", "p", "dir", "--target", service.folder / "pool")
        virsh.ok("pool-build", "p")
        virsh.ok("pool-start", "p")
        virsh.ok("vol-create-as", "p", "raw", "3M")
        (tmp_path / "data").write_bytes(b"cistern" * 100000)
        virsh.ok("vol-upload", "raw", tmp_path / "data", "--pool", "p")
        virsh.ok("vol-create-as", "p", "old", "3M", "--format", "qcow2", "--backing-vol", service.folder / "pool" / "raw", "--backing-vol-format", "raw")
        virsh.ok("vol-create-as", "p", "image", "3M", "--format", "vmdk")
        virsh.ok("vol-clone", "image", "copy", "--pool", "p")
        virsh.ok("vol-resize", "raw", "5M", "--pool", "p")
        virsh.ok("vol-wipe", "raw", "--pool", "p", "--algorithm", "nnsa")
        virsh.ok("vol-download", "copy", tmp_path / "back", "--pool", "p")
        assert (tmp_path / "back").read_bytes() == (service.folder / "pool" / "copy").read_bytes()
