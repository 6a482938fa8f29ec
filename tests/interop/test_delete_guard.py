"""Volumes that are in use are not deleted, and who uses them is named."""

import fcntl
import os
import struct
import subprocess

import libvirt
import pytest

from expect import raises
from mounts import mounted
from pools import MIB, Pool, backing_xml
from virsh import Virsh

pytestmark = pytest.mark.cistern_only("libvirtd deletes whatever it is told to")

F_OFD_SETLK = 37


def refused(volume, *names) -> None:
    with raises(55) as error:
        volume.delete()
    for name in names:
        assert str(name) in error.message, error.message
    assert os.path.exists(volume.path())


def test_a_backing_file_is_kept(server, pool, tmp_path):
    pool.create("base", format="qcow2")
    pool.create("child", format="qcow2", extra=backing_xml(pool.file("base"), "qcow2"))
    complaint = Virsh(server.uri(), tmp_path).fails("vol-delete", "base", "--pool", pool.name, says="error: Failed to delete vol base\n")
    assert "'child'" in complaint and f"'{pool.name}'" in complaint
    pool.api.storageVolLookupByName("child").delete()
    pool.api.storageVolLookupByName("base").delete()
    assert pool.names() == []


def test_a_backing_file_of_another_pools_volume_is_kept_while_that_pool_runs(conn, pool, tmp_path):
    base = pool.create("base")
    with Pool(conn, "layers", tmp_path / "layers") as other:
        (tmp_path / "way").symlink_to(pool.path)
        other.create("child", format="qcow2", extra=backing_xml(tmp_path / "way" / "base", "raw"))
        refused(base, "'child'", "'layers'")
        other.api.destroy()
        base.delete()


@pytest.mark.parametrize("kind", ["posix", "flock", "ofd"])
@pytest.mark.parametrize("system", ["here", "ext4", "btrfs"])
def test_a_locked_volume_is_kept_and_the_process_named(conn, tmp_path, kind, system):
    if system == "here":
        locks(conn, tmp_path / "pool", kind)
        return
    with mounted(system, tmp_path) as mount:
        locks(conn, mount.path / "pool", kind)


def locks(conn, folder, kind) -> None:
    with Pool(conn, f"p-{os.urandom(4).hex()}", folder) as pool:
        volume = pool.create("v")
        with open(volume.path(), "r+b") as file:
            if kind == "posix":
                fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            elif kind == "flock":
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            else:
                fcntl.fcntl(file, F_OFD_SETLK, struct.pack("hhqqi4x", fcntl.F_RDLCK, os.SEEK_SET, 100, 1, 0))
            refused(volume, os.getpid())
        volume.delete()
        assert pool.names() == []


def test_an_image_that_qemu_uses_is_kept(pool):
    volume = pool.create("v", format="qcow2")
    qemu = subprocess.Popen(["qemu-io", "-f", "qcow2", volume.path()], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        qemu.stdin.write("length\n")
        qemu.stdin.flush()
        assert "1 MiB" in qemu.stdout.readline()
        refused(volume, qemu.pid, "qemu-io")
    finally:
        qemu.communicate("quit\n", timeout=20)
    volume.delete()


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_what_a_loop_device_stands_on_is_kept(pool, tmp_path):
    volume = pool.create("v")
    device = subprocess.run(["losetup", "-f", "--show", volume.path()], check=True, capture_output=True, text=True).stdout.strip()
    try:
        refused(volume, device)
    finally:
        subprocess.run(["losetup", "-d", device], check=True)
    volume.delete()


def test_only_deletion_is_guarded(pool):
    base = pool.create("base")
    pool.create("child", format="qcow2", extra=backing_xml(base.path(), "raw"))
    with open(base.path(), "r+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        base.resize(2 * MIB)
        base.wipe()
        stream = base.connect().newStream()
        base.upload(stream, 0, 0)
        stream.send(b"data")
        stream.finish()
    assert pool.file("base").read_bytes().startswith(b"data")
    assert base.info()[1] == 2 * MIB


def test_the_guard_can_be_switched_off(own_server, tmp_path):
    own_server.stop()
    own_server.configure("delete_guard = 0\n")
    own_server.start()
    conn = libvirt.open(own_server.uri())
    with Pool(conn, "unguarded", tmp_path / "pool") as pool:
        base = pool.create("base")
        pool.create("child", format="qcow2", extra=backing_xml(base.path(), "raw"))
        with open(base.path(), "rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH)
            base.delete()
        assert pool.names() == ["child"]
    conn.close()
