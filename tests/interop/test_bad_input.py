"""Bad documents, names, sizes and flags: a clear libvirt error that names what was wrong, and nothing changes."""

import os
from contextlib import suppress

import libvirt
import pytest

from expect import raises
from pools import MIB, backing_xml, pool_xml, volume_xml

XML, STORAGE, NONE = libvirt.VIR_FROM_XML, libvirt.VIR_FROM_STORAGE, libvirt.VIR_FROM_NONE
TARGET = "<target><path>/no/such/folder</path></target>"
BILLION_LAUGHS = "<!DOCTYPE pool [<!ENTITY a 'aaaaaaaaaa'>" + "".join(
    f"<!ENTITY {name} '{f'&{inner};' * 10}'>" for inner, name in zip("abcdefgh", "bcdefghi")) + "]>"
DTD_REASON = "libvirtd takes document types; Cistern refuses them before an entity can be expanded"


@pytest.fixture(autouse=True)
def no_pool_stays(conn):
    """One document that is taken by mistake fails one test, not all that follow."""
    yield
    for left in conn.listAllStoragePools():
        for step in (left.destroy, left.undefine):
            with suppress(libvirt.libvirtError):
                step()


def pool(body: str = "<name>x</name>", type: str = "dir", target: str = TARGET, before: str = "") -> str:
    return f"{before}<pool type='{type}'>{body}{target}</pool>"


def permissions(text: str) -> str:
    return f"<target><path>/no/such/folder</path><permissions>{text}</permissions></target>"


BAD_POOLS = {
    "empty": ("", 35, STORAGE, ""),
    "no xml": ("hello", 35, STORAGE, ""),
    "cut off": ("<pool type='dir'><name>x", 35, STORAGE, ""),
    "wrong end tag": ("<pool type='dir'><name>x</nome></pool>", 35, STORAGE, "nome"),
    "two roots": ("<pool/><pool/>", 35, STORAGE, ""),
    "unknown entity": (pool("<name>&unknown;</name>"), 35, STORAGE, ""),
    "nul character": (pool("<name>a&#0;b</name>"), 35, STORAGE, ""),
    "control character": (pool("<name>a&#1;b</name>"), 35, STORAGE, ""),
    "too deep": (pool("<a>" * 300 + "</a>" * 300), 35, STORAGE, ""),
    "unknown encoding": (pool(before="<?xml version='1.0' encoding='nosuch'?>"), 35, STORAGE, ""),
    "billion laughs": (pool("<name>&i;</name>", before=BILLION_LAUGHS), 35, STORAGE, ""),
    "wrong root": ("<volume/>", 27, XML, "volume"),
    "no type": (f"<pool><name>x</name>{TARGET}</pool>", 27, XML, "type"),
    "unknown type": (pool(type="nosuch"), 27, XML, "nosuch"),
    "no name": (pool(""), 27, STORAGE, "name"),
    "empty name": (pool("<name></name>"), 27, STORAGE, "name"),
    "name with slash": (pool("<name>a/b</name>"), 27, STORAGE, "a/b"),
    "name leaving the folder": (pool("<name>../../x</name>"), 27, STORAGE, "../../x"),
    "bad uuid": (pool("<name>x</name><uuid>nosuch</uuid>"), 27, STORAGE, "uuid"),
    "no target": (pool(target=""), 27, STORAGE, "path"),
    "empty target": (pool(target="<target><path></path></target>"), 27, STORAGE, "path"),
    "mode is not octal": (pool(target=permissions("<mode>999</mode>")), 27, STORAGE, "mode"),
    "mode is too large": (pool(target=permissions("<mode>010000</mode>")), 27, STORAGE, "mode"),
    "owner is no number": (pool(target=permissions("<owner>root</owner>")), 27, STORAGE, "owner"),
    "group is no number": (pool(target=permissions("<group>root</group>")), 27, STORAGE, "group"),
    "negative owner": (pool(target=permissions("<owner>-2</owner>")), 27, STORAGE, "owner"),
    "unknown cow state": (pool("<name>x</name><features><cow state='maybe'/></features>"), 27, XML, "maybe"),
    "unknown refresh": (pool("<name>x</name><refresh><volume allocation='nosuch'/></refresh>"), 67, STORAGE, "nosuch"),
    "no source device": (pool("<name>x</name><source/>", "fs"), 27, STORAGE, "device"),
    "no source folder": (pool("<name>x</name><source><host name='h'/></source>", "netfs"), 27, STORAGE, ""),
    "unknown format": (pool("<name>x</name><source><device path='/dev/x'/><format type='nosuch'/></source>", "fs"), 67, STORAGE, "nosuch"),
}


@pytest.mark.parametrize("make", ["storagePoolDefineXML", "storagePoolCreateXML"])
@pytest.mark.parametrize("case", BAD_POOLS)
def test_a_bad_pool_document(conn, make, case):
    xml, code, domain, names = BAD_POOLS[case]
    with raises(code, domain) as error:
        getattr(conn, make)(xml)
    assert names in error.message
    assert conn.listAllStoragePools() == []


@pytest.mark.cistern_only(DTD_REASON)
@pytest.mark.parametrize("document", [
    pool(before="<!DOCTYPE pool>"),
    pool("<name>x&e;</name>", before="<!DOCTYPE pool [<!ENTITY e 'x'>]>"),
    pool("<name>&e;</name>", before="<!DOCTYPE pool [<!ENTITY e SYSTEM 'file:///etc/hostname'>]>"),
    pool(before="<!DOCTYPE pool SYSTEM 'http://127.0.0.1:1/pool.dtd'>"),
    pool(before="<!DOCTYPE pool [<!ENTITY % e SYSTEM 'file:///etc/hostname'> %e;]>"),
])
def test_document_types_and_entities_are_refused(conn, document):
    with raises(35):
        conn.storagePoolDefineXML(document)
    assert conn.listAllStoragePools() == []


def test_an_external_entity_is_never_read(conn, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("leaked")
    document = pool("<name>&e;</name>", before=f"<!DOCTYPE pool [<!ENTITY e SYSTEM 'file://{secret}'>]>")
    with pytest.raises(libvirt.libvirtError) as error:
        conn.storagePoolDefineXML(document)
    assert "leaked" not in str(error.value)


def test_a_pool_name_longer_than_a_file_name_is_not_defined(conn):
    with pytest.raises(libvirt.libvirtError):
        conn.storagePoolDefineXML(pool(f"<name>{'n' * 300}</name>"))
    assert conn.listAllStoragePools() == []


@pytest.mark.parametrize("call", [
    lambda conn: conn.storagePoolDefineXML(pool(), 2),
    lambda conn: conn.storagePoolDefineXML(pool(), 1 << 31),
    lambda conn: conn.storagePoolCreateXML(pool(), 8),
])
def test_unknown_flags_of_pool_documents(conn, call):
    with raises(8):
        call(conn)
    assert conn.listAllStoragePools() == []


def test_validate_refuses_what_the_schema_does_not_know(conn):
    with raises(92, XML):
        conn.storagePoolDefineXML(pool("<name>x</name><bogus/>"), libvirt.VIR_STORAGE_POOL_DEFINE_VALIDATE)
    conn.storagePoolDefineXML(pool(), libvirt.VIR_STORAGE_POOL_DEFINE_VALIDATE).undefine()
    conn.storagePoolDefineXML(pool("<name>x</name><bogus/>")).undefine()


@pytest.mark.parametrize("document, shown", [
    (pool("<name> x</name>"), "<name> x</name>"),
    (pool(before="<!-- c --><?pi x?>"), "<name>x</name>"),
    (pool(before="\ufeff"), "<name>x</name>"),
    (pool("<name>x</name><capacity>5</capacity><unknown>y</unknown>"), "<capacity unit='bytes'>0</capacity>"),
    (pool("<name><![CDATA[a&b]]></name>"), "<name>a&amp;b</name>"),
])
def test_odd_pool_documents_that_are_fine(conn, document, shown):
    made = conn.storagePoolDefineXML(document)
    assert shown in made.XMLDesc()
    made.undefine()


def target(body: str) -> str:
    return volume_xml("x", MIB, extra=f"<target>{body}</target>")


BAD_VOLUMES = {
    "empty": ("", 35, STORAGE, ""),
    "cut off": ("<volume>", 35, STORAGE, ""),
    "billion laughs": (BILLION_LAUGHS.replace("pool", "volume") + volume_xml("&i;"), 35, STORAGE, ""),
    "wrong root": ("<pool/>", 27, XML, "pool"),
    "no name": ("<volume><capacity>1</capacity></volume>", 27, STORAGE, "name"),
    "empty name": (volume_xml(""), 27, STORAGE, "name"),
    "name with slash": (volume_xml("a/b"), 55, STORAGE, "a/b"),
    "name leaving the pool": (volume_xml("../x"), 55, STORAGE, "../x"),
    "absolute name": (volume_xml("/tmp/x"), 55, STORAGE, "/tmp/x"),
    "dot": (volume_xml("."), 55, STORAGE, "."),
    "two dots": (volume_xml(".."), 55, STORAGE, ".."),
    "nul in the name": (volume_xml("a&#0;b"), 35, STORAGE, ""),
    "no capacity": ("<volume><name>x</name></volume>", 27, STORAGE, "capacity"),
    "capacity is no number": (volume_xml("x", "x"), 27, STORAGE, "capacity"),
    "empty capacity": (volume_xml("x", ""), 27, STORAGE, "capacity"),
    "negative capacity": (volume_xml("x", -1), 27, STORAGE, "capacity"),
    "fraction": (volume_xml("x", 1.5), 27, STORAGE, "capacity"),
    "hexadecimal": (volume_xml("x", "0x10"), 27, STORAGE, "capacity"),
    "text behind": (volume_xml("x", "1x"), 27, STORAGE, "capacity"),
    "blank behind": (volume_xml("x", " 5 "), 27, STORAGE, "capacity"),
    "allocation is no number": (volume_xml("x", 1, allocation="y"), 27, STORAGE, ""),
    "negative allocation": (volume_xml("x", 1, allocation=-1), 27, STORAGE, ""),
    "unknown unit": (volume_xml("x", 1, unit="parsec"), 8, NONE, "parsec"),
    "above 2^63": (volume_xml("x", 1 << 63), 82, NONE, str(1 << 63)),
    "above 2^64": (volume_xml("x", 1 << 64), 27, STORAGE, "capacity"),
    "unit overflows 2^63": (volume_xml("x", 9, unit="EiB"), 82, NONE, "9"),
    "unit overflows 2^64": (volume_xml("x", 16, unit="E"), 82, NONE, "16"),
    "larger than any file": (volume_xml("x", (1 << 63) - 1, allocation=0), 38, STORAGE, "x"),
    "unknown format": (volume_xml("x", format="nosuch"), 67, STORAGE, "nosuch"),
    "format none": (volume_xml("x", format="none"), 67, STORAGE, "none"),
    "unknown type": ("<volume type='nosuch'><name>x</name><capacity>1</capacity></volume>", 67, STORAGE, "nosuch"),
    "bad mode": (target("<permissions><mode>9</mode></permissions>"), 27, STORAGE, "mode"),
    "too large a mode": (target("<permissions><mode>07777</mode></permissions>"), 27, STORAGE, "mode"),
    "bad compat": (target("<format type='qcow2'/><compat>new</compat>"), 27, STORAGE, "compat"),
    "unknown feature": (target("<format type='qcow2'/><features><nosuch/></features>"), 67, STORAGE, "nosuch"),
    "cluster size of a bad unit": (target("<format type='qcow2'/><clusterSize unit='parsec'>1</clusterSize>"), 8, NONE, "parsec"),
    "unknown encryption": (target("<format type='qcow2'/><encryption format='nosuch'/>"), 67, STORAGE, "nosuch"),
    "raw on a backing store": (volume_xml("x", extra=backing_xml("/etc/hostname", "raw")), 3, STORAGE, ""),
    "missing backing store": (volume_xml("x", format="qcow2", extra=backing_xml("/no/such", "raw")), 38, STORAGE, "/no/such"),
    "unknown backing format": (volume_xml("x", format="qcow2", extra=backing_xml("/etc/hostname", "nosuch")), 67, STORAGE, "nosuch"),
    "name too long for a file": (volume_xml("n" * 256), 38, STORAGE, "n" * 256),
    "a format that qemu-img cannot make": (volume_xml("x", format="vhd"), 1, NONE, "vhd"),
}


@pytest.mark.parametrize("case", BAD_VOLUMES)
def test_a_bad_volume_document(conn, tmp_path, case):
    xml, code, domain, names = BAD_VOLUMES[case]
    folder = tmp_path / "pool"
    folder.mkdir()
    made = conn.storagePoolCreateXML(pool_xml("p", folder))
    try:
        with raises(code, domain) as error:
            made.createXML(xml)
        assert names in error.message
        assert made.listAllVolumes() == [] and os.listdir(folder) == []
        assert os.listdir(tmp_path) == ["pool"]
    finally:
        made.destroy()


@pytest.fixture
def volume(pool):
    return pool.create("v")


@pytest.mark.cistern_only(DTD_REASON)
def test_a_volume_with_a_document_type_is_refused(pool):
    with raises(35):
        pool.api.createXML("<!DOCTYPE volume>" + volume_xml("v"))
    assert pool.names() == []


@pytest.mark.parametrize("flags", [2, 8, 1 << 30])
def test_unknown_flags_of_a_volume_document(pool, flags):
    with raises(8):
        pool.create("v", flags=flags)
    assert pool.names() == []


@pytest.mark.parametrize("capacity, shown", [("+7", 7), (" 7", 7), (0, 0), ("007", 7)])
def test_odd_sizes_that_are_fine(pool, capacity, shown):
    assert pool.create("v", capacity).info()[1] == shown


@pytest.mark.parametrize("unit, scale", [
    ("b", 1), ("byte", 1), ("bytes", 1), ("BYTES", 1), ("k", 1 << 10), ("K", 1 << 10), ("KB", 1000), ("KiB", 1 << 10), ("kib", 1 << 10),
    ("M", 1 << 20), ("MB", 1000 ** 2), ("MiB", 1 << 20), ("G", 1 << 30), ("GB", 1000 ** 3), ("GiB", 1 << 30), ("T", 1 << 40), ("TB", 1000 ** 4),
])
def test_units(pool, unit, scale):
    assert pool.create("v", 1, allocation=0, unit=unit).info()[1] == scale


@pytest.mark.parametrize("call, code", [
    (lambda volume: volume.delete(1), 8), (lambda volume: volume.delete(2), 8), (lambda volume: volume.delete(4), 8),
    (lambda volume: volume.wipe(1), 8), (lambda volume: volume.wipePattern(0, 1), 8),
    (lambda volume: volume.wipePattern(10), 8), (lambda volume: volume.wipePattern(-1), 8), (lambda volume: volume.wipePattern(99), 8),
    (lambda volume: volume.resize(2 * MIB, 8), 8), (lambda volume: volume.resize(5), 8), (lambda volume: volume.resize(5, 4), 8),
    (lambda volume: volume.resize(1, 6), 8), (lambda volume: volume.resize(1 << 50, 1), 9),
    (lambda volume: volume.infoFlags(2), 8), (lambda volume: volume.XMLDesc(1), 8),
])
def test_what_a_volume_refuses(volume, call, code):
    before = os.stat(volume.path()).st_size
    with raises(code):
        call(volume)
    assert os.stat(volume.path()).st_size == before and volume.info() == [0, MIB, MIB]


def test_a_size_beyond_any_file_is_not_set(volume):
    with pytest.raises(libvirt.libvirtError) as error:
        volume.resize((1 << 63) - 1)
    assert error.value.get_error_code() == 38
    assert volume.info() == [0, MIB, MIB]


def test_qcow2_refuses_to_preallocate_on_resize(pool):
    volume = pool.create("q", MIB, format="qcow2")
    with raises(84):
        volume.resize(2 * MIB, libvirt.VIR_STORAGE_VOL_RESIZE_ALLOCATE)
    assert volume.info()[1] == MIB


def test_preallocated_metadata_needs_qcow2_without_a_backing_store(pool):
    pool.create("base")
    with raises(67):
        pool.create("v", flags=libvirt.VIR_STORAGE_VOL_CREATE_PREALLOC_METADATA)
    with raises(67):
        pool.create("v", format="qcow2", extra=backing_xml(pool.file("base"), "raw"), flags=libvirt.VIR_STORAGE_VOL_CREATE_PREALLOC_METADATA)
    assert pool.names() == ["base"]


@pytest.mark.parametrize("xml, code", [
    (volume_xml("v"), 1), (volume_xml("a/b"), 55), ("<volume>", 35), ("<volume/>", 27), (volume_xml("w", format="nosuch"), 67),
])
def test_what_a_copy_refuses(pool, volume, xml, code):
    with raises(code):
        pool.api.createXMLFrom(xml, volume)
    assert pool.names() == ["v"]


def test_unknown_flags_of_a_copy(pool, volume):
    with raises(8):
        pool.api.createXMLFrom(volume_xml("w"), volume, 8)
    assert pool.names() == ["v"]


@pytest.mark.cistern_only("libvirtd lets qemu-img fail: internal error")
@pytest.mark.parametrize("element, value", [("compat", "9.9"), ("clusterSize", "3"), ("clusterSize", "4194304")])
def test_an_impossible_option_of_an_image(pool, element, value):
    with raises(67) as error:
        pool.api.createXML(target(f"<format type='qcow2'/><{element}>{value}</{element}>"))
    assert value in error.message and pool.names() == []
