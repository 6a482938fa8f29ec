"""Whose a volume is: as asked, as the pool's document asks, or as it must be where root has no rights."""

import os
import shutil
import stat
import subprocess
from pathlib import Path

import libvirt
import pytest

from mounts import mounted
from pools import MIB, Pool, pool_xml, volume_xml
from servers import Cistern

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")

OWNER, GROUP = 1234, 4321


def asking(name: str, format: str = "raw", permissions: str = "", extra: str = "") -> str:
    permissions = f"<permissions>{permissions}</permissions>" if permissions else ""
    return volume_xml(name, MIB, allocation=0, extra=f"<target><format type='{format}'/>{permissions}</target>{extra}")


def has(path) -> tuple[int, int, int]:
    status = os.stat(path)
    return stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid


@pytest.mark.parametrize("format", ["raw", "qcow2", "vmdk", "dir"])
def test_a_volume_is_as_its_document_asks(pool, format):
    permissions = f"<mode>0640</mode><owner>{OWNER}</owner><group>{GROUP}</group><label>system_u:object_r:virt_image_t:s0</label>"
    volume = pool.api.createXML(asking("v", format, permissions))
    assert has(pool.file("v")) == (0o640, OWNER, GROUP)
    for shown in ("<mode>0640</mode>", f"<owner>{OWNER}</owner>", f"<group>{GROUP}</group>"):
        assert shown in volume.XMLDesc()
    assert "label" not in volume.XMLDesc() or os.path.exists("/sys/fs/selinux/enforce")
    plain = pool.api.createXML(asking("plain", format))
    assert has(plain.path()) == (0o600, 0, 0)


@pytest.mark.cistern_only("libvirtd keeps a volume's label to itself")
def test_a_label_is_set(pool):
    pool.api.createXML(asking("v", permissions="<label>system_u:object_r:virt_image_t:s0</label>"))
    assert os.getxattr(pool.file("v"), "security.selinux") == b"system_u:object_r:virt_image_t:s0\0"


def owned_pool(conn, folder: Path, transient: bool = False):
    permissions = f"<permissions><mode>0755</mode><owner>{OWNER}</owner><group>{GROUP}</group></permissions>"
    xml = pool_xml("owned", folder).replace("</path>", f"</path>{permissions}")
    if transient:
        return conn.storagePoolCreateXML(xml, libvirt.VIR_STORAGE_POOL_CREATE_WITH_BUILD)
    pool = conn.storagePoolDefineXML(xml)
    pool.build()
    pool.create()
    return pool


@pytest.mark.cistern_only("libvirtd gives a volume without permissions to itself")
def test_a_volume_inherits_what_the_pools_document_asks(own_server, short_folder):
    conn = libvirt.open(own_server.uri())
    pool = owned_pool(conn, short_folder / "pool")
    os.chown(short_folder / "pool", 7, 8)
    pool.refresh()
    for format, mode in (("raw", 0o644), ("qcow2", 0o644), ("dir", 0o755)):
        pool.createXML(asking(format, format))
        assert has(short_folder / "pool" / format) == (mode, OWNER, GROUP)
    pool.createXML(asking("asked", permissions="<owner>99</owner>"))
    assert has(short_folder / "pool" / "asked") == (0o644, 99, GROUP)
    conn.close()

    own_server.restart()
    conn = libvirt.open(own_server.uri())
    pool = conn.storagePoolLookupByName("owned")
    assert pool.isActive() and "<owner>7</owner>" in pool.XMLDesc()
    pool.createXML(asking("later"))
    assert has(short_folder / "pool" / "later") == (0o644, OWNER, GROUP)
    conn.close()


@pytest.mark.cistern_only("libvirtd gives a volume without permissions to itself")
def test_a_transient_pool_remembers_what_was_asked_until_the_server_ends(own_server, short_folder):
    conn = libvirt.open(own_server.uri())
    owned_pool(conn, short_folder / "pool", transient=True).createXML(asking("before"))
    assert has(short_folder / "pool" / "before") == (0o644, OWNER, GROUP)
    conn.close()
    own_server.restart()
    conn = libvirt.open(own_server.uri())
    conn.storagePoolLookupByName("owned").createXML(asking("after"))
    assert has(short_folder / "pool" / "after") == (0o600, 0, 0)
    conn.close()


class Squashed(Cistern):
    """A root that may do nothing with others' files, as on an export with root_squash, but may still become them."""

    def _argv(self, port: int, sockets: Path) -> list:
        return ["setpriv", "--bounding-set", "-dac_override,-dac_read_search,-chown,-fowner,-fsetid", *super()._argv(port, sockets)]


@pytest.fixture
def squashed(request, short_folder):
    """A pool in a folder of another user that only that user may write, on a server without root's rights."""
    if request.config.getoption("against") != "cistern":
        pytest.skip("libvirtd works as another user on network file systems only")
    if not shutil.which("setpriv"):
        pytest.skip("needs setpriv")
    folder = short_folder / "theirs"
    folder.mkdir(mode=0o755)
    os.chown(folder, OWNER, GROUP)
    server = Squashed(short_folder / "server")
    server.start()
    conn = libvirt.open(server.uri())
    with Pool(conn, "squashed", folder) as pool:
        yield pool
    conn.close()
    assert server.stop() == 0


@pytest.mark.parametrize("format", ["raw", "qcow2", "vmdk", "dir"])
def test_storage_that_refuses_root_works_as_the_owner(squashed, format):
    with pytest.raises(libvirt.libvirtError):
        squashed.api.createXML(asking("v", format))
    assert os.listdir(squashed.path) == []
    volume = squashed.api.createXML(asking("v", format, f"<owner>{OWNER}</owner><group>{GROUP}</group>"))
    assert has(squashed.file("v")) == (0o600, OWNER, GROUP)
    assert os.listdir(squashed.path) == ["v"]
    volume.delete()
    assert os.listdir(squashed.path) == []


def test_a_failure_on_storage_that_refuses_root_leaves_nothing_and_no_server_down(squashed):
    owner = f"<owner>{OWNER}</owner><group>{GROUP}</group>"
    squashed.file("other").write_bytes(b"precious")
    with pytest.raises(libvirt.libvirtError):
        squashed.api.createXML(asking("other", "vmdk", owner))
    with pytest.raises(libvirt.libvirtError):
        squashed.api.createXML(asking("v", "qcow2", owner, extra="<backingStore><path>/none</path><format type='raw'/></backingStore>"))
    for format in ("raw", "vmdk"):
        with pytest.raises(libvirt.libvirtError):
            squashed.api.createXML(asking("v", format, "<owner>999</owner><group>999</group>"))
    assert os.listdir(squashed.path) == ["other"]
    assert squashed.file("other").read_bytes() == b"precious"


@pytest.mark.cistern_only("libvirtd shows 0")
def test_the_time_of_birth_is_shown(pool):
    volume = pool.create("v")
    born = subprocess.run(["stat", "-c", "%W", pool.file("v")], check=True, capture_output=True, text=True).stdout.strip()
    assert f"<btime>{born}" in volume.XMLDesc()


@pytest.mark.cistern_only("libvirtd fails where a file system has no modes")
def test_a_file_system_without_modes_is_no_obstacle(conn, tmp_path):
    with mounted("exfat-fuse", tmp_path) as system, Pool(conn, "modeless", system.path / "pool") as pool:
        pool.create("v")
        assert pool.names() == ["v"]
