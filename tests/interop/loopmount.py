"""File systems in files, mounted for a test, and what the kernel says of the blocks of files on them."""

import fcntl
import os
import shutil
import struct
import subprocess
from contextlib import contextmanager
from pathlib import Path

SIZE = 512 << 20
FIEMAP = 0xC020660B
SYNC = 1
SHARED = 0x2000
EXTENT = struct.Struct("=QQQQQIIII")
HEADER = struct.Struct("=QQIIII")
MOST = 512


def lacking(file_system: str) -> str | None:
    """Why a file system cannot be mounted here."""
    if os.geteuid() != 0:
        return "needs root to mount"
    return None if shutil.which(f"mkfs.{file_system}", path="/usr/sbin:/sbin") else f"needs mkfs.{file_system}"


@contextmanager
def mounted(file_system: str, folder: Path):
    image, target = folder / "image", folder / "mounted"
    with open(image, "wb") as file:
        file.truncate(SIZE)
    subprocess.run([f"/usr/sbin/mkfs.{file_system}", "-q", image], check=True, capture_output=True)
    target.mkdir()
    subprocess.run(["mount", "-o", "loop", image, target], check=True)
    try:
        yield target
    finally:
        subprocess.run(["umount", target], check=True)
        image.unlink()


def extents(path) -> list[tuple[int, bool]]:
    """Length of each extent, and whether another file has it too."""
    buffer = bytearray(HEADER.size + MOST * EXTENT.size)
    HEADER.pack_into(buffer, 0, 0, (1 << 64) - 1, SYNC, 0, MOST, 0)
    with open(path, "rb") as file:
        fcntl.ioctl(file, FIEMAP, buffer)
    count = HEADER.unpack_from(buffer)[3]
    found = [EXTENT.unpack_from(buffer, HEADER.size + at * EXTENT.size) for at in range(count)]
    return [(extent[2], bool(extent[5] & SHARED)) for extent in found]


def shared(path) -> list[bool]:
    """Whether there are shared extents, and such that are not."""
    return sorted({is_shared for _, is_shared in extents(path)})
