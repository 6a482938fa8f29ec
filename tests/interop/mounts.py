"""File systems of all kinds in loop devices, for tests that need root."""

import fcntl
import os
import shutil
import struct
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from pools import MIB

FIEMAP = 0xC020660B


@dataclass(frozen=True)
class FileSystem:
    make: tuple = ()
    mount: tuple = ()
    size: int = 64 * MIB
    module: str | None = None   # as /proc/filesystems names it


KINDS = {
    "ext4": FileSystem(("mkfs.ext4", "-q", "-E", "nodiscard"), ("-o", "nodiscard")),
    "xfs": FileSystem(("mkfs.xfs", "-q", "-K"), ("-o", "nodiscard"), 320 * MIB),
    "btrfs": FileSystem(("mkfs.btrfs", "-q"), ("-o", "nodiscard"), 256 * MIB),
    "vfat": FileSystem(("mkfs.vfat",)),
    "exfat-fuse": FileSystem(("mkfs.exfat",), module="fuseblk"),    # neither links nor renames that keep from replacing
    "tmpfs": FileSystem(),
}


@dataclass(frozen=True)
class Mounted:
    path: Path
    image: Path | None

    def on_disk(self) -> bytes:
        """What lies on the disk beneath, everything written back."""
        os.sync()
        return self.image.read_bytes()


def _run(*arguments) -> str:
    return subprocess.run(list(map(str, arguments)), check=True, capture_output=True, text=True).stdout.strip()


@contextmanager
def mounted(kind: str, folder: Path):
    """A new file system of the kind; skips the test where it cannot be had."""
    system = KINDS[kind]
    supported = Path("/proc/filesystems").read_text().split()
    if os.geteuid() != 0 or (system.module or kind) not in supported:
        pytest.skip(f"needs root and a kernel with {system.module or kind}")
    point = folder / kind
    point.mkdir()
    if kind == "tmpfs":
        _run("mount", "-t", "tmpfs", "-o", f"size={system.size}", "tmpfs", point)
        yield from _used(point, None)
        return
    if not shutil.which(system.make[0]):
        pytest.skip(f"needs {system.make[0]}")
    image = folder / f"{kind}.disk"
    with open(image, "wb") as file:
        file.truncate(system.size)
    _run(*system.make, image)
    device = _run("losetup", "-f", "--show", image)
    try:
        _run("mount.exfat-fuse", device, point) if kind == "exfat-fuse" else _run("mount", "-t", kind, *system.mount, device, point)
        yield from _used(point, image)
    finally:
        _run("losetup", "-d", device)


def _used(point: Path, image: Path | None):
    try:
        point.chmod(0o755)
        yield Mounted(point, image)
    finally:
        _run("umount", point)


def extents(path) -> list[tuple[int, int]]:
    """Where a file's blocks lie on its disk: (offset, bytes), those beyond its end and those never written too."""
    with open(path, "rb") as file:
        request = bytearray(struct.pack("=QQLLLL", 0, 2**64 - 1, 1, 0, 512, 0)) + bytearray(512 * 56)
        fcntl.ioctl(file, FIEMAP, request)
    count = struct.unpack_from("=L", request, 20)[0]
    assert count < 512
    return [struct.unpack_from("=QQ", request, 32 + number * 56 + 8) for number in range(count)]
