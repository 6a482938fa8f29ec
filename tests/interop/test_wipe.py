"""What a wipe leaves on the disk beneath, read there."""

import os
import subprocess
from contextlib import suppress

import libvirt
import pytest

from expect import raises
from mounts import extents, mounted
from pools import KIB, MIB, Pool
from virsh import Virsh

UNSEEN = "libvirtd's mount namespace is older than the test's mounts"
MARKER = b"not for others! "
SECRET = MARKER * (4 * MIB // len(MARKER))


@pytest.fixture
def shell(server, tmp_path):
    return Virsh(server.uri(), tmp_path)


@pytest.fixture(params=["ext4", "xfs"])
def disk(request, tmp_path):
    with mounted(request.param, tmp_path) as system:
        yield system


@pytest.fixture
def disk_pool(conn, disk):
    """A pool on a file system of its own, which is not unmounted before it stops."""
    with Pool(conn, f"p-{os.urandom(4).hex()}", disk.path / "pool") as made:
        yield made


def beneath(disk, where: list[tuple[int, int]]) -> bytes:
    content = disk.on_disk()
    return b"".join(content[offset:offset + length] for offset, length in where)


@pytest.mark.cistern_only(UNSEEN)
def test_nothing_of_the_content_is_left_on_the_disk(shell, disk, disk_pool, tmp_path):
    (tmp_path / "secret").write_bytes(SECRET)
    disk_pool.create("v", 8 * MIB, allocation=0)
    shell.ok("vol-upload", "v", tmp_path / "secret", "--pool", disk_pool.name)
    assert disk.on_disk().count(MARKER) == len(SECRET) // len(MARKER)
    blocks = disk_pool.file("v").stat().st_blocks
    shell.ok("vol-wipe", "v", "--pool", disk_pool.name)
    assert disk.on_disk().count(MARKER) == 0
    assert disk_pool.file("v").read_bytes() == bytes(8 * MIB)
    assert disk_pool.file("v").stat().st_blocks == blocks


def leave_in_free_space(pool) -> None:
    """Fills all blocks that belong to no file with the secret, so that what is taken next lies there."""
    with open(pool.file("earlier"), "wb", buffering=0) as file:
        with suppress(OSError):
            while file.write(SECRET):
                pass
        os.fsync(file.fileno())
    pool.file("earlier").unlink()
    os.sync()


@pytest.mark.cistern_only("libvirtd cuts a sparse file to nothing; blocks that were never written are written by it only in a full one")
@pytest.mark.parametrize("allocation", [24 * MIB, 16 * MIB])
def test_old_blocks_beneath_space_that_was_never_written_are_overwritten(shell, disk, disk_pool, allocation):
    leave_in_free_space(disk_pool)
    disk_pool.create("v", 24 * MIB, allocation=allocation)
    where = extents(disk_pool.file("v"))
    assert MARKER in beneath(disk, where)
    shell.ok("vol-wipe", "v", "--pool", disk_pool.name)
    assert beneath(disk, where) == bytes(sum(length for _, length in where))
    assert disk_pool.file("v").stat().st_size == 24 * MIB


@pytest.mark.cistern_only("libvirtd looks at a file's length only")
def test_old_blocks_beyond_the_end_are_overwritten(shell, disk, disk_pool):
    leave_in_free_space(disk_pool)
    disk_pool.file("v").write_bytes(b"x" * 1000)
    subprocess.run(["fallocate", "--keep-size", "-o", str(MIB), "-l", str(16 * MIB), disk_pool.file("v")], check=True)
    disk_pool.api.refresh()
    where = extents(disk_pool.file("v"))
    assert sum(length for _, length in where) > 16 * MIB and MARKER in beneath(disk, where)
    shell.ok("vol-wipe", "v", "--pool", disk_pool.name)
    assert beneath(disk, where) == bytes(sum(length for _, length in where))
    assert disk_pool.file("v").read_bytes() == bytes(1000)


def test_a_sparse_volume_stays_sparse(shell, pool):
    pool.create("v", 1 << 40, allocation=0)
    with open(pool.file("v"), "r+b") as file:
        for offset in (0, 1 << 30, (1 << 40) - 512):
            file.seek(offset)
            file.write(b"x" * 512)
    shell.ok("vol-wipe", "v", "--pool", pool.name)
    with open(pool.file("v"), "rb") as file:
        for offset in (0, 1 << 30, (1 << 40) - 512):
            file.seek(offset)
            assert file.read(512) == bytes(512)
    status = pool.file("v").stat()
    assert (status.st_size, status.st_blocks <= 64) == (1 << 40, True)


@pytest.mark.cistern_only("libvirtd does not trim files")
def test_a_trim_gives_the_space_back(shell, pool):
    pool.create("v", 4 * MIB)
    pool.file("v").write_bytes(os.urandom(4 * MIB))
    shell.ok("vol-wipe", "v", "--pool", pool.name, "--algorithm", "trim")
    assert pool.file("v").read_bytes() == bytes(4 * MIB)
    assert pool.api.storageVolLookupByName("v").info() == [0, 4 * MIB, 0]


@pytest.mark.cistern_only(UNSEEN)
def test_a_trim_is_refused_where_space_cannot_be_given_back(conn, tmp_path):
    with mounted("exfat-fuse", tmp_path) as system, Pool(conn, f"p-{os.urandom(4).hex()}", system.path / "pool") as pool:
        volume = pool.create("v", 64 * KIB)
        with raises(74):
            volume.wipePattern(libvirt.VIR_STORAGE_VOL_WIPE_ALG_TRIM)
        assert volume.wipe() == 0
