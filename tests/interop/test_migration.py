"""The definitions that libvirtd wrote are read as they are, and secrets in the other direction too."""

import shutil

import libvirt
import pytest

from expect import raises
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


@pytest.mark.parametrize("back", [False, True], ids=["from libvirtd", "to libvirtd"])
def test_secrets_are_the_same(two_servers, back):
    old, new = reversed(two_servers) if back else two_servers
    old.start()
    conn = libvirt.open(old.uri())
    values = {}
    for usage, length in (("", 0), ("<usage type='volume'><volume>/v</volume></usage>", 1), ("<usage type='ceph'><name>a &amp; b</name></usage>", 65536),
                          ("<usage type='vtpm'><name>m</name></usage>", 255)):
        made = conn.secretDefineXML(f"<secret><description>d</description>{usage}</secret>")
        values[made.UUIDString()] = value = bytes(number % 256 for number in range(length))
        if value:
            made.setValue(value)
    hidden = conn.secretDefineXML("<secret private='yes'><usage type='tls'><name>t</name></usage></secret>")
    hidden.setValue(b"hidden")
    conn.secretDefineXML("<secret ephemeral='yes'/>").setValue(b"passing")
    told = {secret.UUIDString(): secret.XMLDesc() for secret in conn.listAllSecrets(libvirt.VIR_CONNECT_LIST_SECRETS_NO_EPHEMERAL)}
    conn.close()
    old.stop()

    shutil.copytree(old.secrets_folder, new.secrets_folder, dirs_exist_ok=True)
    new.start()
    conn = libvirt.open(new.uri())
    assert {secret.UUIDString(): secret.XMLDesc() for secret in conn.listAllSecrets()} == told
    for identity, value in values.items():
        if value:
            assert conn.secretLookupByUUIDString(identity).value() == value
    with raises(libvirt.VIR_ERR_INVALID_SECRET, libvirt.VIR_FROM_SECRET):
        conn.secretLookupByUUIDString(hidden.UUIDString()).value()
    assert (new.secrets_folder / f"{hidden.UUIDString()}.base64").read_text() == "aGlkZGVu"
    conn.close()
