"""Pools on a gluster volume's own file system (FUSE), served by a private glusterd on loopback."""

import os
import shutil
from contextlib import suppress
from pathlib import Path

import libvirt
import pytest

from expect import eventually, raises
from pools import MIB, volume_xml
from test_fs_pools import Seen, defined

server_of = pytest.importorskip("gluster_server", reason="needs what starts a glusterd")

pytestmark = pytest.mark.skipif(
    not (server_of.Gluster.usable() and Path("/dev/fuse").exists() and shutil.which("mount.glusterfs", path="/usr/sbin:/sbin")),
    reason="needs root, /dev/fuse, glusterd and glusterfs-client")


@pytest.fixture(scope="module")
def gluster():
    with server_of.Gluster() as running:
        running.brick = running.volume("vol")
        yield running


def netfs_xml(name: str, target, host: str, volume: str = "vol") -> str:
    return (f"<pool type='netfs'><name>{name}</name><source><host name='{host}'/><dir path='{volume}'/><format type='glusterfs'/></source>"
            f"<target><path>{target}</path></target></pool>")


def test_a_volume_is_mounted_used_and_unmounted(conn, server, gluster, tmp_path):
    target = tmp_path / "target"
    seen = Seen(server)
    with defined(conn, netfs_xml("vol", target, gluster.host)) as pool:
        pool.build()
        pool.create()
        source, options = seen.mount(target)
        assert source.replace(":/", ":") == f"{gluster.host}:vol" and options >= {"nodev", "nosuid", "noexec"}
        pool.createXML(volume_xml("raw", allocation=0))
        pool.createXML(volume_xml("qcow2", format="qcow2"))
        assert os.path.getsize(gluster.brick / "raw") == MIB
        pool.refresh()
        assert sorted(pool.listVolumes()) == ["qcow2", "raw"]
        for volume in pool.listAllVolumes():
            volume.delete()
        eventually(lambda: _stopped(pool))
        assert seen.mount(target) is None


def _stopped(pool) -> bool:
    """The file system lets go of files a little after they were closed."""
    with suppress(libvirt.libvirtError):
        pool.destroy()
    return not pool.isActive()


def test_a_volume_that_is_not_there_cannot_be_mounted(conn, server, gluster, tmp_path):
    with defined(conn, netfs_xml("none", tmp_path / "target", gluster.host, "nosuch")) as pool:
        pool.build()
        with raises(libvirt.VIR_ERR_INTERNAL_ERROR, libvirt.VIR_FROM_NONE):
            pool.create()
        assert not pool.isActive() and Seen(server).mount(tmp_path / "target") is None


def test_volumes_are_found(conn, gluster):
    found = conn.findStoragePoolSources("netfs", f"<source><host name='{gluster.host}'/></source>")
    assert "<dir path='vol'/>" in found and "<format type='glusterfs'/>" in found and f"<host name='{gluster.host}'/>" in found
