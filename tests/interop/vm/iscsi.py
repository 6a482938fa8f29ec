"""iSCSI targets of a tgtd on this machine's loopback, and open-iscsi's daemon."""

import os
import re
import shutil
import signal
import subprocess
from pathlib import Path

from devices import run, settle
from expect import eventually

PORT = 3260


class Targets:
    """tgtd and iscsid, run until `stop`."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.numbers = {}
        for needed in ("/run/lock/iscsi", "/etc/iscsi"):
            os.makedirs(needed, exist_ok=True)
        Path("/etc/iscsi/initiatorname.iscsi").write_text("InitiatorName=iqn.1993-08.org.debian:01:machine\n")
        self.target_daemon = self._start("tgtd", "--iscsi", f"portal=127.0.0.1:{PORT}", "-f")
        self.initiator_daemon = self._start("iscsid", "-f")
        eventually(lambda: subprocess.run(["tgtadm", "--lld", "iscsi", "--op", "show", "--mode", "sys"], capture_output=True, check=False).returncode == 0)

    def _start(self, *argv) -> subprocess.Popen:
        with open(self.folder / f"{argv[0]}.log", "ab") as log:
            return subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def stop(self) -> None:
        for session in sessions():
            subprocess.run(["iscsiadm", "--mode", "session", "-r", session, "--logout"], capture_output=True, check=False)
        for daemon in (self.initiator_daemon, self.target_daemon):
            daemon.send_signal(signal.SIGKILL)
            daemon.wait()

    def admin(self, *argv) -> str:
        return run("tgtadm", "--lld", "iscsi", *argv)

    def add(self, iqn: str, units: int = 1, user: str | None = None, password: str | None = None, initiator: str = "ALL") -> str:
        number = self.numbers[iqn] = len(self.numbers) + 1
        self.admin("--op", "new", "--mode", "target", "--tid", number, "-T", iqn)
        for unit in range(1, units + 1):
            self.add_unit(iqn, unit)
        if user:
            self.admin("--op", "new", "--mode", "account", "--user", user, "--password", password)
            self.admin("--op", "bind", "--mode", "account", "--tid", number, "--user", user)
        if initiator == "ALL":
            self.admin("--op", "bind", "--mode", "target", "--tid", number, "-I", "ALL")
        else:
            self.admin("--op", "bind", "--mode", "target", "--tid", number, "--initiator-name", initiator)
        return iqn

    def add_unit(self, iqn: str, unit: int) -> Path:
        image = self.folder / f"{self.numbers[iqn]}-{unit}"
        with open(image, "wb") as file:
            file.truncate(32 << 20)
        self.admin("--op", "new", "--mode", "logicalunit", "--tid", self.numbers[iqn], "--lun", unit, "-b", image)
        return image


def sessions(iqn: str | None = None) -> list[str]:
    """The kernel's numbers of the sessions, those at one target or all."""
    return [path.name.removeprefix("session") for path in Path("/sys/class/iscsi_session").glob("session*")
            if iqn in (None, (path / "targetname").read_text().strip())]


def login(iqn: str) -> None:
    """As an administrator does, whose session stays his."""
    run("iscsiadm", "--mode", "discovery", "--type", "sendtargets", "--portal", f"127.0.0.1:{PORT}")
    run("iscsiadm", "--mode", "node", "--portal", f"127.0.0.1:{PORT}", "--targetname", iqn, "--login")
    settle()


def records(iqn: str) -> list[Path]:
    return [path for path in Path("/etc/iscsi/nodes", iqn).rglob("*") if path.is_file()]


def forget() -> None:
    """Removes the tool's records of every target."""
    shutil.rmtree("/etc/iscsi/nodes", ignore_errors=True)
    shutil.rmtree("/etc/iscsi/send_targets", ignore_errors=True)


def source(iqn: str, host: str = "127.0.0.1", extra: str = "") -> str:
    return f"<host name='{host}'/><device path='{iqn}'/>{extra}"


def pool_xml(name: str, inside: str, target: str = "/dev/disk/by-path") -> str:
    return f"<pool type='iscsi'><name>{name}</name><source>{inside}</source><target><path>{target}</path></target></pool>"


def anonymous(xml: str) -> str:
    """Without what differs from session to session: uuids, times, the number of a new device."""
    return re.sub(r"<uuid>.*</uuid>|<[amc]time>.*</[amc]time>", "", xml)
