"""The definitions that libvirtd wrote are read as they are."""

import shutil

import libvirt
import pytest

from pools import mask, pool_xml, volume_xml
from servers import Cistern, Libvirtd

pytestmark = [
    pytest.mark.cistern_only("it is about leaving libvirtd"),
    pytest.mark.skipif(not Libvirtd.usable(), reason="needs an installed libvirtd and root to run it privately"),
]


@pytest.fixture
def two_servers(short_folder):
    servers = [kind(short_folder / kind.name) for kind in (Libvirtd, Cistern)]
    yield servers
    for server in servers:
        if server.is_alive():
            server.stop()


def test_pools_and_volumes_are_the_same(two_servers, tmp_path):
    old, new = two_servers
    old.start()
    conn = libvirt.open(old.uri())
    for name in ("on", "auto"):
        (tmp_path / name).mkdir()
        conn.storagePoolDefineXML(pool_xml(name, tmp_path / name)).create()
    conn.storagePoolLookupByName("auto").setAutostart(1)
    conn.storagePoolDefineXML(pool_xml("off", tmp_path / "off"))
    volume = conn.storagePoolLookupByName("on").createXML(volume_xml("v", format="qcow2"))
    conn.storagePoolLookupByName("on").refresh()
    told = {pool.name(): (pool.UUIDString(), pool.autostart(), mask(pool.XMLDesc())) for pool in conn.listAllStoragePools()}
    volume_told = (volume.key(), volume.info(), mask(volume.XMLDesc()))
    conn.close()
    old.stop()

    shutil.copytree(old.config_folder, new.config_folder, symlinks=True)
    for link in (new.config_folder / "autostart").iterdir():
        link.unlink()
        link.symlink_to(new.config_folder / link.name)
    new.start()
    conn = libvirt.open(new.uri())
    pools = {pool.name(): pool for pool in conn.listAllStoragePools()}
    assert {name: pool.isActive() for name, pool in pools.items()} == {"on": 0, "auto": 1, "off": 0}
    pools["on"].create()
    assert {name: (pool.UUIDString(), pool.autostart(), mask(pool.XMLDesc())) for name, pool in pools.items()} == told
    volume = conn.storageVolLookupByKey(volume_told[0])
    assert (volume.key(), volume.info(), mask(volume.XMLDesc())) == volume_told
    conn.close()
