"""Devices for tests inside a machine."""

import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

DRIVER = Path("/sys/bus/pseudo/drivers/scsi_debug")


def run(*argv, **keywords) -> str:
    """Runs a command that must succeed; returns what it printed."""
    done = subprocess.run(list(map(str, argv)), capture_output=True, text=True, check=False, **keywords)
    assert done.returncode == 0, f"{argv}: {done}"
    return done.stdout.strip()


def settle() -> None:
    run("udevadm", "settle", "-t", "60")


@contextmanager
def scsi_debug(**options):
    """SCSI disks in memory, as the module's parameters say: dev_size_mb, max_luns, add_host... All have one store without per_host_store=1."""
    run("modprobe", "scsi_debug", *(f"{key}={value}" for key, value in ({"delay": 0, "dev_size_mb": 64} | options).items()))
    settle()
    try:
        yield ScsiDebug()
    finally:
        settle()
        remove_module("scsi_debug")


def remove_module(name: str, attempts: int = 50) -> None:
    """Removes a kernel module, waiting for who has just closed its devices."""
    for left in reversed(range(attempts)):
        done = subprocess.run(["modprobe", "-r", name], capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return
        assert left, f"modprobe -r {name}: {done.stderr}"
        time.sleep(0.1)


class ScsiDebug:
    """The module's hosts and disks as they are now."""

    @property
    def hosts(self) -> list[int]:
        return sorted(int(path.name.removeprefix("host")) for path in DRIVER.glob("adapter*/host*"))

    def disks(self, host: int | None = None) -> list[str]:
        """The block devices' paths, by host and LUN."""
        found = DRIVER.glob(f"adapter*/host{'*' if host is None else host}/target*/*/block/*")
        return [f"/dev/{path.name}" for path in sorted(found, key=lambda path: tuple(map(int, path.parts[-3].split(":"))))]

    def add_host(self, count: int = 1) -> None:
        """Adds hosts; takes the last ones away when negative."""
        (DRIVER / "add_host").write_text(str(count))
        settle()
