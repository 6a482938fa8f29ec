"""Runs a command within the limits that a unit file sets, as systemd would: capabilities, system calls, address families. Takes root and python3-seccomp.

    python3 confinement.py UNIT COMMAND...
"""

import ctypes
import errno
import os
import re
import socket
import subprocess
import sys
from enum import IntEnum
from pathlib import Path

import seccomp

DROP_CAPABILITY = 24
NO_NEW_PRIVILEGES = 38


class Capability(IntEnum):
    """capabilities(7), by the kernel's numbers."""

    CAP_CHOWN = 0
    CAP_DAC_OVERRIDE = 1
    CAP_DAC_READ_SEARCH = 2
    CAP_FOWNER = 3
    CAP_FSETID = 4
    CAP_KILL = 5
    CAP_SETGID = 6
    CAP_SETUID = 7
    CAP_NET_ADMIN = 12
    CAP_IPC_LOCK = 14
    CAP_SYS_RAWIO = 17
    CAP_SYS_PTRACE = 19
    CAP_SYS_ADMIN = 21
    CAP_SYS_NICE = 23
    CAP_SYS_RESOURCE = 24
    CAP_MKNOD = 27
    CAP_LEASE = 28


def settings(unit: str, key: str) -> list:
    """The words of all lines with the key."""
    return [word for line in re.findall(rf"^{key}=(.*)$", Path(unit).read_text(), re.M) for word in line.split()]


def system_calls(groups: list) -> set:
    """The calls of systemd's groups, and of the groups in them."""
    found, waiting = set(), list(groups)
    while waiting:
        listed = subprocess.run(["systemd-analyze", "syscall-filter", waiting.pop()], capture_output=True, text=True, check=True).stdout
        words = {line.strip() for line in listed.splitlines() if line.startswith(" ") and not line.strip().startswith("#")}
        waiting += [word for word in words if word.startswith("@")]
        found |= {word for word in words if not word.startswith("@")}
    return found


def limit_capabilities(unit: str) -> None:
    """Drops what is not listed from the bounding set, and with it from all that is executed."""
    kept = {getattr(Capability, name) for name in settings(unit, "CapabilityBoundingSet")}
    for number in range(int(Path("/proc/sys/kernel/cap_last_cap").read_text()) + 1):
        if number not in kept:
            prctl(DROP_CAPABILITY, number)


def prctl(operation: int, argument: int) -> None:
    if ctypes.CDLL(None, use_errno=True).prctl(operation, argument, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), f"prctl {operation} {argument}")


def confine(unit: str) -> None:
    """As SystemCallFilter, RestrictAddressFamilies and NoNewPrivileges say."""
    prctl(NO_NEW_PRIVILEGES, 1)

    filtered = seccomp.SyscallFilter(seccomp.ERRNO(errno.EPERM))
    allowed = system_calls([*settings(unit, "SystemCallFilter"), "@default"])
    for name in allowed - {"socket"}:
        number = seccomp.resolve_syscall(seccomp.Arch(), name)
        if number is not None and number >= 0:
            filtered.add_rule(seccomp.ALLOW, name)
    for family in settings(unit, "RestrictAddressFamilies"):
        filtered.add_rule(seccomp.ALLOW, "socket", seccomp.Arg(0, seccomp.EQ, getattr(socket, family)))
    filtered.load()


if __name__ == "__main__":
    limit_capabilities(sys.argv[1])
    confine(sys.argv[1])
    os.execvp(sys.argv[2], sys.argv[2:])
