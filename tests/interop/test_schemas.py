"""Every document that the server returns is valid by libvirt's own schemas."""

import shutil
import subprocess
from pathlib import Path

import libvirt
import pytest

from pools import KIB, MIB, Pool, backing_xml, pool_xml

SCHEMAS = Path("/usr/share/libvirt/schemas")
pytestmark = pytest.mark.skipif(not shutil.which("xmllint") or not SCHEMAS.is_dir(), reason="needs xmllint (libxml2-utils) and libvirt's schemas (libvirt0)")

VOLUMES = {
    "raw": {}, "sparse": {"allocation": 0}, "empty": {"capacity": 0}, "folder": {"capacity": 0, "format": "dir"}, "bücher & <co>": {},
    **{format: {"format": format} for format in ("qcow2", "qcow", "vmdk", "vdi", "qed")},
    "features": {"extra": "<target><format type='qcow2'/><compat>1.1</compat><clusterSize unit='KiB'>128</clusterSize><features><lazy_refcounts/></features></target>"},
    "old": {"extra": "<target><format type='qcow2'/><compat>0.10</compat></target>"},
    "mode": {"extra": "<target><permissions><mode>0640</mode><owner>0</owner><group>0</group></permissions></target>"},
}


@pytest.fixture
def valid(tmp_path):
    """valid("storagepool", document) checks it by a schema."""
    def check(schema: str, document: str) -> None:
        file = tmp_path / "document.xml"
        file.write_text(document)
        done = subprocess.run(["xmllint", "--noout", "--relaxng", SCHEMAS / f"{schema}.rng", file], capture_output=True, text=True)
        assert done.returncode == 0, f"{done.stderr}\n{document}"
    return check


@pytest.mark.parametrize("extra", [
    "", "<features><cow state='no'/></features>", "<source><vendor name='v'/><product name='w'/></source>",
])
def test_pools_of_every_state(conn, valid, tmp_path, extra):
    with Pool(conn, "p", tmp_path / "p", start=False) as made:
        pool = conn.storagePoolDefineXML(pool_xml("p", tmp_path / "p", extra, made.uuid))
        for step in (lambda: None, pool.create, pool.refresh, lambda: pool.setAutostart(1), pool.destroy):
            step()
            for flags in (0, libvirt.VIR_STORAGE_XML_INACTIVE):
                valid("storagepool", pool.XMLDesc(flags))
                conn.storagePoolDefineXML(pool.XMLDesc(flags), libvirt.VIR_STORAGE_POOL_DEFINE_VALIDATE)


def test_volumes_of_every_format(pool, valid):
    for name, shape in VOLUMES.items():
        pool.create(name.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"), **{"capacity": MIB, **shape})
    pool.create("backed", extra=f"<target><format type='qcow2'/></target>{backing_xml(pool.file('raw'), 'raw')}")
    pool.create("backed by nothing", extra="<target><format type='qcow2'/></target>" + backing_xml(pool.file("qcow2"), "qcow2"))
    for found in pool.api.listAllVolumes():
        valid("storagevol", found.XMLDesc())
    pool.file("qcow2").unlink()
    pool.api.refresh()
    assert len(pool.names()) == len(VOLUMES) + 1
    for found in pool.api.listAllVolumes():
        valid("storagevol", found.XMLDesc())


def test_luks_volumes(pool, valid):
    header = b"LUKS\xba\xbe\0\1" + b"aes".ljust(32, b"\0") + b"xts-plain64".ljust(32, b"\0") + b"sha256".ljust(32, b"\0") + (4040).to_bytes(4, "big")
    pool.file("luks").write_bytes(header.ljust(4 * MIB, b"\0"))
    pool.api.refresh()
    document = pool.api.storageVolLookupByName("luks").XMLDesc()
    assert "<encryption format='luks'>" in document
    valid("storagevol", document)


@pytest.mark.parametrize("usage", [
    "", "<usage type='volume'><volume>/v</volume></usage>", "<usage type='ceph'><name>c</name></usage>", "<usage type='iscsi'><target>t</target></usage>",
    "<usage type='tls'><name>t</name></usage>", "<usage type='vtpm'><name>m</name></usage>",
])
def test_secrets_of_every_usage(conn, valid, usage):
    for attributes in ("", " ephemeral='yes' private='yes'"):
        secret = conn.secretDefineXML(f"<secret{attributes}><description>a &lt; b</description>{usage}</secret>", libvirt.VIR_SECRET_DEFINE_VALIDATE)
        valid("secret", secret.XMLDesc())
        secret.undefine()


def test_pool_capabilities(conn, valid):
    valid("storagepoolcaps", conn.getStoragePoolCapabilities())


@pytest.mark.cistern_only("libvirtd's words for some processors are not in its schema")
def test_capabilities(conn, valid):
    valid("capability", conn.getCapabilities())


@pytest.mark.cistern_only("libvirtd 9.0 refuses the flag")
def test_volumes_are_validated_when_asked(pool):
    pool.api.createXML("<volume><name>v</name><capacity>1</capacity><target/></volume>", libvirt.VIR_STORAGE_VOL_CREATE_VALIDATE)
    source = pool.create("source", 4 * KIB)
    for create in (lambda text: pool.api.createXML(text, libvirt.VIR_STORAGE_VOL_CREATE_VALIDATE),
                   lambda text: pool.api.createXMLFrom(text, source, libvirt.VIR_STORAGE_VOL_CREATE_VALIDATE)):
        for text, named in (("<volume><name>w</name><capacity>1</capacity><target/><what/></volume>", "element 'volume' may not have element 'what'"),
                            ("<volume><name>w</name><capacity unit='x'>1</capacity><target/></volume>", "attribute 'unit' of element 'capacity' must be a unit of sizes, not 'x'"),
                            ("<volume><name>w</name><capacity>1</capacity></volume>", "element 'volume' must have element 'target'")):
            with pytest.raises(libvirt.libvirtError) as error:
                create(text)
            assert (error.value.get_error_code(), error.value.get_error_domain()) == (92, libvirt.VIR_FROM_XML)
            assert named in str(error.value)
    assert pool.names() == ["source", "v"]
