"""Pools on a file system of their own, in loop devices: made, mounted, used, lost and found again."""

import os
import shutil
import subprocess
from contextlib import contextmanager, suppress
from pathlib import Path

import libvirt
import pytest

from expect import eventually, raises
from pools import MIB, volume_xml
from servers import UNWATCHED

NO_OVERWRITE = libvirt.VIR_STORAGE_POOL_BUILD_NO_OVERWRITE
OVERWRITE = libvirt.VIR_STORAGE_POOL_BUILD_OVERWRITE
MADE = {"ext4": 64 * MIB, "xfs": 320 * MIB, "btrfs": 256 * MIB}
# A boot record with one partition for Linux, 2048 sectors from the 2048th on.
PARTITIONS = bytes(446) + bytes([0, 0, 0, 0, 0x83, 0, 0, 0, 0, 8, 0, 0, 0, 8, 0, 0]) + bytes(48) + b"\x55\xaa"

pytestmark = pytest.mark.skipif(os.geteuid() != 0 or not Path("/dev/loop-control").exists(), reason="needs root and loop devices")


def run(*arguments) -> str:
    return subprocess.run(list(map(str, arguments)), check=True, capture_output=True, text=True).stdout.strip()


@contextmanager
def loop(image: Path, size: int):
    with open(image, "wb") as file:
        file.truncate(size)
    device = run("losetup", "-f", "--show", image)
    try:
        yield device
    finally:
        run("losetup", "-d", device)


@pytest.fixture
def device(tmp_path):
    """An empty block device on which each file system has room."""
    with loop(tmp_path / "image", max(MADE.values())) as made:
        yield made


def make(file_system: str, device: str) -> None:
    if not shutil.which(tool := f"mkfs.{file_system}", path="/usr/sbin:/sbin"):
        pytest.skip(f"needs {tool}")
    run(f"/usr/sbin/{tool}", "-q", "-F" if file_system == "ext4" else "-f", device)


def fs_xml(name: str, device, target, format: str = "ext4", options: tuple = ()) -> str:
    mount_options = "<fs:mount_opts>" + "".join(f"<fs:option name='{option}'/>" for option in options) + "</fs:mount_opts>" if options else ""
    return (f"<pool type='fs' xmlns:fs='http://libvirt.org/schemas/storagepool/fs/1.0'><name>{name}</name>"
            f"<source><device path='{device}'/><format type='{format}'/></source><target><path>{target}</path></target>{mount_options}</pool>")


class Seen:
    """The mounts as the server has them: libvirtd runs in a mount namespace of its own."""

    def __init__(self, server):
        self.server = server

    @property
    def root(self) -> str:
        return f"/proc/{self.server.process.pid}/root"

    def file(self, path) -> Path:
        return Path(f"{self.root}{path}")

    def run(self, *arguments) -> None:
        run("nsenter", "-t", self.server.process.pid, "-m", *arguments)

    def mount(self, target) -> list | None:
        """Source and options of what is mounted at the target last."""
        lines = Path(f"/proc/{self.server.process.pid}/mounts").read_text().splitlines()
        found = [fields for fields in map(str.split, lines) if fields[1] == str(target)]
        return [found[-1][0], set(found[-1][3].split(","))] if found else None


@pytest.fixture
def seen(server):
    return Seen(server)


@contextmanager
def defined(conn, xml: str):
    """A pool of the document, stopped and undefined at the end whatever its state."""
    pool = conn.storagePoolDefineXML(xml)
    try:
        yield pool
    finally:
        for step in (pool.destroy, pool.undefine):
            with suppress(libvirt.libvirtError):
                step()


@pytest.fixture
def fs_pool(conn, device, tmp_path):
    """A running pool on ext4."""
    make("ext4", device)
    with defined(conn, fs_xml("fs", device, tmp_path / "target")) as pool:
        pool.build()
        pool.create()
        pool.device, pool.target = device, tmp_path / "target"
        yield pool


def names(pool) -> list[str]:
    return sorted(set(pool.listVolumes()) - {"lost+found"})


@pytest.mark.parametrize("format", ["ext2", "ext3", "ext4", "xfs",
                                    pytest.param("btrfs", marks=pytest.mark.cistern_only("libvirt knows no such format"))])
def test_a_whole_life_through_virsh(virsh, seen, device, tmp_path, format):
    live_and_die(virsh, seen, device, tmp_path, format)


def live_and_die(virsh, seen, device, tmp_path, format: str) -> None:
    """All that virsh can do with a pool and its volumes, from the empty device to the end."""
    target = tmp_path / "target"
    (tmp_path / "pool.xml").write_text(fs_xml("life", device, target, format, ("noatime",)))
    virsh.ok("pool-define", tmp_path / "pool.xml")
    try:
        virsh.ok("pool-build", "life")
        assert target.is_dir() and target.stat().st_mode & 0o777 == 0o711
        virsh.fails("pool-start", "life", says="mount")
        virsh.ok("pool-build", "life", "--no-overwrite")
        virsh.ok("pool-start", "life")
        source, options = seen.mount(target)
        assert source == device and options >= {"nodev", "nosuid", "noexec", "noatime"}
        virsh.ok("vol-create-as", "life", "a", "4M", "--format", "qcow2")
        virsh.ok("vol-create-as", "life", "b", "1M")
        (tmp_path / "data").write_bytes(b"data" * 1000)
        virsh.ok("vol-upload", "b", tmp_path / "data", "--pool", "life")
        virsh.ok("vol-clone", "b", "c", "--pool", "life")
        virsh.ok("vol-resize", "c", "2M", "--pool", "life")
        virsh.ok("vol-wipe", "b", "--pool", "life")
        virsh.ok("vol-delete", "a", "--pool", "life")
        virsh.ok("vol-download", "c", tmp_path / "copy", "--pool", "life")
        assert (tmp_path / "copy").read_bytes()[:4000] == b"data" * 1000
        virsh.ok("pool-refresh", "life")
        disk = os.statvfs(seen.file(target))
        assert f"<capacity unit='bytes'>{disk.f_blocks * disk.f_frsize}<" in virsh.ok("pool-dumpxml", "life")
        virsh.ok("pool-destroy", "life")
        assert seen.mount(target) is None and not list(target.iterdir())
        virsh.ok("pool-start", "life")
        assert "/c" in virsh.ok("vol-list", "life")
        virsh.ok("pool-destroy", "life")
        virsh.ok("pool-delete", "life")
        assert not target.exists()
    finally:
        virsh("pool-destroy", "life")
        virsh.ok("pool-undefine", "life")


@pytest.mark.parametrize("made", MADE)
def test_any_file_system_is_mounted_as_auto(conn, seen, device, tmp_path, made):
    make(made, device)
    with defined(conn, fs_xml("any", device, tmp_path / "target", "auto")) as pool:
        pool.build()
        pool.create()
        pool.createXML(volume_xml("v"))
        pool.destroy()
        pool.create()
        assert names(pool) == ["v"]


@pytest.mark.parametrize("there", ["ext4", "xfs", "btrfs", "partitions"])
def test_what_is_on_the_device_stays_unless_it_may_be_overwritten(conn, device, tmp_path, there):
    if there == "partitions":
        Path(device).write_bytes(PARTITIONS)
    else:
        make(there, device)
    before = run("blkid", "-p", "-o", "export", device)
    with defined(conn, fs_xml("kept", device, tmp_path / "target")) as pool:
        with raises(libvirt.VIR_ERR_STORAGE_POOL_BUILT):
            pool.build(NO_OVERWRITE)
        assert run("blkid", "-p", "-o", "export", device) == before
        pool.build(OVERWRITE)
        assert run("blkid", "-p", "-o", "value", "-s", "TYPE", device) == "ext4"
        pool.create()


def test_what_cannot_be_built(conn, device, tmp_path):
    with defined(conn, fs_xml("built", "/dev/nosuch", tmp_path / "target")) as pool:
        for flags in (NO_OVERWRITE, OVERWRITE):
            with raises(libvirt.VIR_ERR_OPERATION_INVALID):
                pool.build(flags)
        with raises(libvirt.VIR_ERR_INVALID_ARG, libvirt.VIR_FROM_STORAGE):
            pool.build(16)
    for format, tool in (("auto", "mkfs.auto"), ("gfs2", "mkfs.gfs2")):
        with defined(conn, fs_xml("built", device, tmp_path / "target", format)) as pool, \
                raises(libvirt.VIR_ERR_INTERNAL_ERROR, libvirt.VIR_FROM_NONE) as failure:
            pool.build(NO_OVERWRITE)
        assert tool in failure.message


@pytest.mark.parametrize("flaw", ["no device", "no file system", "another file system", "no folder", "a file"])
def test_a_pool_that_cannot_be_mounted_stays_inactive(conn, seen, device, tmp_path, flaw):
    target = tmp_path / "target"
    if flaw != "no file system":
        make("ext4", device)
    if flaw == "a file":
        target.write_bytes(b"")
    elif flaw != "no folder":
        target.mkdir()
    xml = fs_xml("bad", "/dev/nosuch" if flaw == "no device" else device, target, "xfs" if flaw == "another file system" else "ext4")
    with defined(conn, xml) as pool:
        with raises(libvirt.VIR_ERR_INTERNAL_ERROR, libvirt.VIR_FROM_NONE) as failure:
            pool.create()
        assert "mount:" in failure.message
        assert not pool.isActive() and seen.mount(target) is None


def test_a_device_serves_one_pool(conn, fs_pool, tmp_path):
    with raises(libvirt.VIR_ERR_OPERATION_FAILED):
        conn.storagePoolDefineXML(fs_xml("second", fs_pool.device, tmp_path / "elsewhere"))


def test_a_mount_that_is_there_already_is_taken_up(conn, seen, device, tmp_path):
    make("ext4", device)
    target = tmp_path / "target"
    target.mkdir()
    (tmp_path / "link").symlink_to(device)
    seen.run("mount", device, target)
    with defined(conn, fs_xml("taken", tmp_path / "link", target)) as pool:
        pool.create()
        assert "nodev" not in seen.mount(target)[1]
        pool.destroy()
        assert seen.mount(target) is None


@pytest.mark.cistern_only("libvirtd mounts over what is there")
def test_what_others_mounted_at_the_target_is_left_alone(conn, seen, device, tmp_path):
    make("ext4", device)
    target = tmp_path / "target"
    target.mkdir()
    seen.run("mount", "-t", "tmpfs", "other", target)
    try:
        with defined(conn, fs_xml("over", device, target)) as pool, raises(libvirt.VIR_ERR_OPERATION_INVALID) as failure:
            pool.create()
        assert "'other'" in failure.message and seen.mount(target)[0] == "other"
    finally:
        seen.run("umount", target)


@pytest.mark.cistern_only("libvirtd does not find a mount again whose source is an image file")
def test_an_image_file_is_mounted_through_a_loop_device(conn, seen, tmp_path):
    image, target = tmp_path / "image", tmp_path / "target"
    with open(image, "wb") as file:
        file.truncate(MADE["ext4"])
    make("ext4", image)
    with defined(conn, fs_xml("image", image, target)) as pool:
        pool.build()
        pool.create()
        assert seen.mount(target)[0].startswith("/dev/loop")
        pool.destroy()
        assert seen.mount(target) is None


def test_a_file_system_in_use_is_not_stopped(fs_pool, seen):
    volume = fs_pool.createXML(volume_xml("v"))
    with open(seen.file(volume.path()), "rb"), raises(libvirt.VIR_ERR_INTERNAL_ERROR, libvirt.VIR_FROM_NONE) as failure:
        fs_pool.destroy()
    assert "busy" in failure.message
    assert fs_pool.isActive() and names(fs_pool) == ["v"]
    fs_pool.createXML(volume_xml("w"))
    fs_pool.destroy()
    assert seen.mount(fs_pool.target) is None


def test_only_an_empty_folder_is_deleted(conn, device, tmp_path):
    with defined(conn, fs_xml("deleted", device, tmp_path / "target")) as pool:
        pool.build()
        (tmp_path / "target" / "file").write_bytes(b"")
        with raises(libvirt.VIR_ERR_SYSTEM_ERROR):
            pool.delete()
        (tmp_path / "target" / "file").unlink()
        pool.delete()
        assert not (tmp_path / "target").exists()


@pytest.mark.cistern_only("libvirtd goes on in the folder beneath")
def test_a_mount_that_went_makes_the_pool_inaccessible_until_it_is_back(fs_pool, seen):
    volume = fs_pool.createXML(volume_xml("v"))
    seen.run("umount", fs_pool.target)
    (fs_pool.target / "v").write_bytes(b"beneath")
    with raises(libvirt.VIR_ERR_SYSTEM_ERROR) as failure:
        fs_pool.refresh()
    assert "not mounted" in failure.message
    for change in (lambda: fs_pool.createXML(volume_xml("w")), lambda: volume.resize(2 * MIB), volume.wipe, volume.delete):
        with raises(libvirt.VIR_ERR_SYSTEM_ERROR):
            change()
    assert fs_pool.isActive() and names(fs_pool) == ["v"] and volume.info()[1] == MIB
    assert [(path.name, path.read_bytes()) for path in fs_pool.target.iterdir()] == [("v", b"beneath")]
    seen.run("mount", fs_pool.device, fs_pool.target)
    seen.file(fs_pool.target / "new").write_bytes(b"x")
    eventually(lambda: names(fs_pool) == ["new", "v"])
    fs_pool.createXML(volume_xml("w"))
    fs_pool.destroy()
    assert seen.mount(fs_pool.target) is None


@pytest.mark.cistern_only("libvirtd goes on in the folder beneath")
def test_a_pool_that_is_not_watched_does_not_write_beneath_either(conn, seen, device, tmp_path):
    make("ext4", device)
    target = tmp_path / "target"
    with defined(conn, fs_xml(UNWATCHED, device, target)) as pool:
        pool.build()
        pool.create()
        seen.run("umount", target)
        with raises(libvirt.VIR_ERR_SYSTEM_ERROR):
            pool.createXML(volume_xml("v"))
        assert not list(target.iterdir())
        seen.run("mount", device, target)
        pool.createXML(volume_xml("v"))
        assert seen.file(target / "v").exists()


@pytest.mark.cistern_only("a new libvirtd has a new mount namespace here")
@pytest.mark.parametrize("stays", [True, False])
def test_a_restarted_server_goes_by_what_is_mounted(own_server, device, tmp_path, stays):
    make("ext4", device)
    seen, target = Seen(own_server), tmp_path / "target"
    conn = libvirt.open(own_server.uri())
    pool = conn.storagePoolDefineXML(fs_xml("kept", device, target))
    pool.build()
    pool.create()
    pool.createXML(volume_xml("v"))
    conn.close()
    own_server.stop()
    if not stays:
        run("umount", target)
    own_server.start()
    conn = libvirt.open(own_server.uri())
    pool = conn.storagePoolLookupByName("kept")
    assert pool.isActive() == stays
    if not stays:
        pool.create()
    assert names(pool) == ["v"]
    pool.destroy()
    assert seen.mount(target) is None
    conn.close()
