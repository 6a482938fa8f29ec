"""
Pools on Virtuozzo storage. Its tools are proprietary: a script stands in for what mounts a cluster, and memory for the cluster.
Debian's libvirtd has no such pools to compare with.
"""

import os
from contextlib import suppress
from pathlib import Path

import libvirt
import pytest

from devices import run
from expect import raises
from pools import MIB, volume_xml
from test_fs_pools import Seen, defined

TOOL = Path("/usr/bin/vstorage-mount")
SCRIPT = """#!/bin/sh
echo "$@" >>{record}
[ "$1" = -c ] && [ "$4" = -m ] && [ "$6" = -g ] && [ "$8" = -u ] || exit 64
[ "$2" = gone ] && {{ echo "cannot reach cluster $2" >&2; exit 255; }}
exec mount -t tmpfs -o "mode=$5,gid=$(id -g "$7"),uid=$(id -u "$9"),size=64m" "vstorage://$2" "$3"
"""


@pytest.fixture(scope="module")
def record(tmp_path_factory):
    """What the tool was told, a line a call."""
    file = tmp_path_factory.mktemp("vstorage") / "record"
    file.touch()
    TOOL.write_text(SCRIPT.format(record=file))
    TOOL.chmod(0o755)
    yield file
    TOOL.unlink()


@pytest.fixture
def seen(server):
    return Seen(server)


def vstorage_xml(name: str, target, cluster: str = "stor1", permissions: str = "") -> str:
    return f"<pool type='vstorage'><name>{name}</name><source><name>{cluster}</name></source><target><path>{target}</path>{permissions}</target></pool>"


def test_a_whole_life_through_virsh(virsh, seen, record, tmp_path):
    target = tmp_path / "target"
    owned = "<permissions><mode>0750</mode><owner>1</owner><group>2</group></permissions>"
    (tmp_path / "pool.xml").write_text(vstorage_xml("life", target, permissions=owned))
    virsh.ok("pool-define", tmp_path / "pool.xml")
    try:
        virsh.ok("pool-build", "life")
        virsh.ok("pool-start", "life")
        assert record.read_text().splitlines()[-1] == f"-c stor1 {target} -m 750 -g bin -u daemon"
        assert seen.mount(target)[0] == "vstorage://stor1"
        status = os.stat(seen.file(target))
        assert (status.st_uid, status.st_gid, status.st_mode & 0o777) == (1, 2, 0o750)
        virsh.ok("vol-create-as", "life", "a", "4M", "--format", "qcow2")
        virsh.ok("vol-create-as", "life", "b", "1M")
        virsh.ok("vol-clone", "b", "c", "--pool", "life")
        virsh.ok("vol-resize", "c", "2M", "--pool", "life")
        virsh.ok("vol-wipe", "b", "--pool", "life")
        virsh.ok("vol-delete", "a", "--pool", "life")
        virsh.ok("pool-refresh", "life")
        assert sorted(os.listdir(seen.file(target))) == ["b", "c"]
        virsh.ok("pool-destroy", "life")
        assert seen.mount(target) is None
        virsh.ok("pool-delete", "life")
        assert not target.exists()
    finally:
        virsh("pool-destroy", "life")
        virsh.ok("pool-undefine", "life")


def test_a_folder_of_nobodys_is_the_servers_and_a_cluster_serves_one_pool(conn, record, tmp_path):
    with defined(conn, vstorage_xml("first", tmp_path / "target")) as pool:
        with raises(libvirt.VIR_ERR_INVALID_ARG):
            pool.build(libvirt.VIR_STORAGE_POOL_BUILD_OVERWRITE)
        pool.build()
        pool.create()
        assert record.read_text().splitlines()[-1] == f"-c stor1 {tmp_path}/target -m 711 -g root -u root"
        with defined(conn, vstorage_xml("other", tmp_path / "other", "stor2")), raises(libvirt.VIR_ERR_OPERATION_FAILED):
            conn.storagePoolDefineXML(vstorage_xml("second", tmp_path / "elsewhere"))


def test_what_the_tool_complains_of_is_told(conn, seen, record, tmp_path):
    with defined(conn, vstorage_xml("gone", tmp_path / "target", "gone")) as pool:
        pool.build()
        with raises(libvirt.VIR_ERR_INTERNAL_ERROR, libvirt.VIR_FROM_NONE) as failure:
            pool.create()
        assert "cannot reach cluster gone" in failure.message
        assert not pool.isActive() and seen.mount(tmp_path / "target") is None


@pytest.mark.cistern_only("libvirtd goes on in the folder beneath")
def test_a_mount_that_went_makes_the_pool_inaccessible(conn, record, tmp_path):
    target = tmp_path / "target"
    with defined(conn, vstorage_xml("lost", target)) as pool:
        pool.build()
        pool.create()
        run("umount", target)
        with raises(libvirt.VIR_ERR_SYSTEM_ERROR) as failure:
            pool.createXML(volume_xml("v", MIB))
        assert "not mounted" in failure.message and not list(target.iterdir())


def test_without_the_tool_its_name_is_told(conn, record, tmp_path):
    hidden = TOOL.rename(TOOL.with_name("hidden"))
    try:
        with defined(conn, vstorage_xml("none", tmp_path / "target")) as pool:
            pool.build()
            with pytest.raises(libvirt.libvirtError) as failure:
                pool.create()
            assert "vstorage-mount" in failure.value.get_error_message()
    finally:
        with suppress(FileNotFoundError):
            hidden.rename(TOOL)
