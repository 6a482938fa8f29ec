"""Pools of iSCSI units reached without the kernel, against a real target (tgt) on loopback; libvirtd's own backend is asked the same."""

import base64
import os
import re
from contextlib import contextmanager, suppress

import libvirt
import pytest

from expect import eventually, raises
from iscsi_target import INITIATOR, TARGET, Target
from pools import MIB, Pool

BLOCK = 512
CHAP_TARGET = "iqn.2026-01.test:chap"
WIPES = range(1, 9)

pytestmark = pytest.mark.skipif(not Target.usable(), reason="needs root and tgt")


@pytest.fixture(scope="module")
def target():
    with Target() as tgt:
        tgt.target(1)
        tgt.files = {unit: tgt.unit(1, unit, 32 * MIB, **kind)
                     for unit, kind in ((1, {}), (2, {"thin": True}), (3, {"block": 4096}))}
        tgt.target(2, CHAP_TARGET)
        tgt.unit(2, 1, MIB)
        tgt.account(2, "joe", "secretsecret")
        yield tgt


@pytest.fixture
def own_target():
    """A target for one test, which may hang or go."""
    with Target() as tgt:
        tgt.target(1)
        tgt.files = {1: tgt.unit(1, 1, 8 * MIB)}
        yield tgt


@contextmanager
def defined(conn, xml: str):
    pool = conn.storagePoolDefineXML(xml)
    try:
        yield pool
    finally:
        for step in (pool.destroy, pool.undefine):
            with suppress(libvirt.libvirtError):
                step()


@contextmanager
def running(conn, xml: str):
    with defined(conn, xml) as pool:
        pool.create()
        yield pool


@pytest.fixture
def units(conn, target):
    with running(conn, target.pool_xml("units")) as pool:
        yield pool


def chap(reference: str, user: str = "joe") -> str:
    return f"<auth type='chap' username='{user}'><secret {reference}/></auth>"


@contextmanager
def secret(conn, usage: str, value: bytes):
    made = conn.secretDefineXML(f"<secret ephemeral='yes' private='yes'><usage type='iscsi'><target>{usage}</target></usage></secret>")
    try:
        made.setValue(value)
        yield made
    finally:
        made.undefine()


def upload(conn, volume, data: bytes, offset: int = 0) -> None:
    stream = conn.newStream()
    volume.upload(stream, offset, len(data))
    position = 0

    def source(_, size, __):
        nonlocal position
        piece = data[position:position + size]
        position += len(piece)
        return piece
    stream.sendAll(source, None)
    stream.finish()


def download(conn, volume, offset: int = 0, length: int = 0) -> bytes:
    stream = conn.newStream()
    volume.download(stream, offset, length)
    parts = []
    stream.recvAll(lambda _, piece, __: parts.append(piece) and None, None)
    stream.finish()
    return b"".join(parts)


def test_a_whole_life_through_virsh(virsh, target, tmp_path):
    (tmp_path / "pool.xml").write_text(target.pool_xml("life"))
    virsh.ok("pool-define", tmp_path / "pool.xml")
    try:
        virsh.ok("pool-build", "life")
        virsh.ok("pool-start", "life")
        assert "unit:0:0:1" in virsh.ok("vol-list", "life")
        data = os.urandom(3 * MIB)
        (tmp_path / "data").write_bytes(data)
        virsh.ok("vol-upload", "unit:0:0:1", tmp_path / "data", "--pool", "life", "--offset", "1000")
        assert target.files[1].read_bytes()[1000:1000 + len(data)] == data
        virsh.ok("vol-download", "unit:0:0:1", tmp_path / "copy", "--pool", "life", "--offset", "1000", "--length", len(data))
        assert (tmp_path / "copy").read_bytes() == data
        virsh.ok("vol-wipe", "unit:0:0:1", "--pool", "life")
        assert target.files[1].read_bytes() == bytes(32 * MIB)
        virsh.ok("pool-refresh", "life")
        virsh.ok("pool-destroy", "life")
        assert "Session" not in target.sessions(1)
        virsh.fails("pool-delete", "life", says="not support")
    finally:
        virsh("pool-destroy", "life")
        virsh.ok("pool-undefine", "life")


def volume_documents(pool) -> dict:
    return {volume.name(): volume.XMLDesc() for volume in pool.listAllVolumes()}


def test_units_are_those_that_libvirtd_shows(conn, target, libvirtd):
    """But for their size, of which libvirtd misses the last block."""
    judge = libvirt.open(libvirtd.uri())
    with running(conn, target.pool_xml("units")) as pool, running(judge, target.pool_xml("units")) as judged:
        ours, theirs = volume_documents(pool), volume_documents(judged)
        assert ours.keys() == theirs.keys() == {f"unit:0:0:{unit}" for unit in range(4)}
        for name in ours:
            size = pool.storageVolLookupByName(name).info()[1]
            assert size == (0 if name.endswith(":0") else 32 * MIB)
            missing = 0 if name.endswith(":0") else 4096 if name.endswith(":3") else BLOCK
            expected = re.sub(r"(unit='bytes'>)(\d+)<", lambda match, by=missing: f"{match[1]}{int(match[2]) + by}<", theirs[name])
            assert ours[name] == expected
        assert pool.info()[1:] == [96 * MIB, 96 * MIB, 0]
        for volume in pool.listAllVolumes():
            assert judge.storageVolLookupByKey(volume.key()).name() == conn.storageVolLookupByKey(volume.key()).name() == volume.name()
            assert judge.storageVolLookupByPath(volume.path()).name() == conn.storageVolLookupByPath(volume.path()).name() == volume.name()
    judge.close()


def outcome(call, *arguments):
    try:
        result = call(*arguments)
        return result if isinstance(result, str) else "done"
    except libvirt.libvirtError as error:
        return error.get_error_code(), error.get_error_domain()


def refused(connection, target) -> dict:
    """What a server says to what cannot be."""
    told = {}
    host = f"<host name='127.0.0.1' port='{target.port}'/>"
    initiator = f"<initiator><iqn name='{INITIATOR}'/></initiator>"
    for case, specification in {"nothing": None, "no host": f"<source>{initiator}</source>", "no initiator": f"<source>{host}</source>",
                                "no portal": f"<source><host name='127.0.0.1' port='1'/>{initiator}</source>"}.items():
        told[f"find {case}"] = outcome(connection.findStoragePoolSources, "iscsi-direct", specification)
    for case, (xml, value) in {
        "no such target": (target.pool_xml("bad", "iqn.2026-01.test:none"), None),
        "nobody listens": (target.pool_xml("bad").replace(str(target.port), "1"), None),
        "no secret": (target.pool_xml("bad", CHAP_TARGET, chap("usage='none'")), None),
        "wrong password": (target.pool_xml("bad", CHAP_TARGET, chap("usage='chap'")), b"wrongwrongwrong"),
        "ceph": (target.pool_xml("bad", auth="<auth type='ceph' username='joe'><secret usage='none'/></auth>"), None),
        "two hosts": (target.pool_xml("bad").replace("<device", "<host name='127.0.0.1'/><device"), None),
    }.items():
        with defined(connection, xml) as pool:
            if value is None:
                told[case] = outcome(pool.create)
            else:
                with secret(connection, "chap", value):
                    told[case] = outcome(pool.create)
            assert not pool.isActive()
    with running(connection, target.pool_xml("good")) as pool:
        unit = pool.storageVolLookupByName("unit:0:0:2")
        told |= {f"wipe {algorithm}": outcome(unit.wipePattern, algorithm) for algorithm in WIPES}
        told["delete"] = outcome(unit.delete)
        told["resize"] = outcome(unit.resize, 64 * MIB)
        told["create"] = outcome(pool.createXML, "<volume><name>new</name><capacity>1</capacity></volume>")
        told["delete pool"] = (pool.destroy(), outcome(pool.delete))[1]
    return told


def test_what_is_refused_and_found_as_by_libvirtd(conn, target, libvirtd):
    judge = libvirt.open(libvirtd.uri())
    ours, theirs = refused(conn, target), refused(judge, target)
    judge.close()
    assert ours == theirs


@pytest.mark.cistern_only("libvirtd 9.0 dies of it")
def test_targets_of_a_portal_are_found(conn, virsh, target, tmp_path):
    host = f"<host name='127.0.0.1' port='{target.port}'/>"
    initiator = f"<initiator><iqn name='{INITIATOR}'/></initiator>"
    (tmp_path / "where.xml").write_text(f"<source>{host}{initiator}</source>")
    found = virsh.ok("find-storage-pool-sources", "iscsi-direct", tmp_path / "where.xml")
    assert [source for source in (CHAP_TARGET, TARGET) if f"<device path='{source}'/>" in found] == [CHAP_TARGET, TARGET]
    assert found.count(host) == found.count("<source>") == 2 and INITIATOR in found
    source = re.search(rf"<source>((?:(?!<source>).)*{TARGET}.*?)</source>", found, re.S)[1]
    with running(conn, f"<pool type='iscsi-direct'><name>found</name><source>{source}</source></pool>") as pool:
        assert "unit:0:0:1" in pool.listVolumes()


def test_a_password_from_a_secret(conn, server, target):
    with secret(conn, "chap", b"wrongwrongwrong") as password, \
            defined(conn, target.pool_xml("chap", CHAP_TARGET, chap(f"uuid='{password.UUIDString()}'"))) as pool:
        with raises(libvirt.VIR_ERR_INTERNAL_ERROR) as failure:
            pool.create()
        assert "wrongwrong" not in failure.message
        password.setValue(b"secretsecret")
        pool.create()
        assert "unit:0:0:1" in pool.listVolumes()
        password.setValue(b"wrongwrongwrong")
        pool.destroy()
        with raises(libvirt.VIR_ERR_INTERNAL_ERROR):
            pool.create()
    log = server.log_tail()
    assert "secretsecret" not in log and "wrongwrong" not in log and base64.b64encode(b"secretsecret").decode() not in log


@pytest.mark.parametrize("unit", [1, 2, 3])
@pytest.mark.parametrize("offset, length", [(0, 5 * MIB), (1, 3 * MIB), (4095, 2), (BLOCK, BLOCK), (MIB - 7, 4 * MIB + 13), (27 * MIB + 5, 5 * MIB - 5)])
def test_every_byte_goes_where_it_belongs(conn, units, target, unit, offset, length):
    file, volume = target.files[unit], units.storageVolLookupByName(f"unit:0:0:{unit}")
    before = bytearray(file.read_bytes())
    data = os.urandom(length)
    upload(conn, volume, data, offset)
    before[offset:offset + length] = data
    assert file.read_bytes() == before
    assert download(conn, volume, offset, length) == data
    assert download(conn, volume) == before


def test_an_upload_ends_at_the_end(conn, units):
    volume = units.storageVolLookupByName("unit:0:0:1")
    with raises(libvirt.VIR_ERR_SYSTEM_ERROR, libvirt.VIR_FROM_STREAMS) as failure:
        upload(conn, volume, bytes(2 * MIB), 31 * MIB)
    assert "No space left" in failure.message


def test_holes_of_a_thin_unit_stay_holes(conn, units, target):
    file, volume = target.files[2], units.storageVolLookupByName("unit:0:0:2")
    volume.wipePattern(libvirt.VIR_STORAGE_VOL_WIPE_ALG_TRIM)
    assert file.stat().st_blocks == 0
    upload(conn, volume, b"x" * MIB, 8 * MIB)
    stream = conn.newStream()
    volume.download(stream, 0, 0, libvirt.VIR_STORAGE_VOL_DOWNLOAD_SPARSE_STREAM)
    seen = []
    stream.sparseRecvAll(lambda _, piece, __: seen.append(("data", len(piece))) and None, lambda _, length, __: seen.append(("hole", length)), None)
    stream.finish()
    assert sum(length for kind, length in seen if kind == "data") == MIB
    assert sum(length for kind, length in seen if kind == "hole") == 31 * MIB


def test_a_hole_of_an_upload_reads_as_zeros(conn, units, target):
    for unit in (1, 2, 3):
        volume = units.storageVolLookupByName(f"unit:0:0:{unit}")
        upload(conn, volume, b"x" * (4 * MIB))
        stream = conn.newStream()
        volume.upload(stream, 0, 0, libvirt.VIR_STORAGE_VOL_UPLOAD_SPARSE_STREAM)
        stream.send(b"begin" * 100)
        stream.sendHole(3 * MIB + 77)
        stream.send(b"end" * 1000)
        stream.finish()
        assert target.files[unit].read_bytes()[:4 * MIB] == (b"begin" * 100 + bytes(3 * MIB + 77) + b"end" * 1000).ljust(4 * MIB, b"x")


def test_trim_is_for_thin_units(units):
    with raises(libvirt.VIR_ERR_ARGUMENT_UNSUPPORTED):
        units.storageVolLookupByName("unit:0:0:1").wipePattern(libvirt.VIR_STORAGE_VOL_WIPE_ALG_TRIM)


def test_a_wipe_leaves_nothing(conn, units, target):
    volume = units.storageVolLookupByName("unit:0:0:3")
    upload(conn, volume, os.urandom(32 * MIB))
    volume.wipe()
    assert target.files[3].read_bytes() == bytes(32 * MIB)


def test_a_volume_of_another_pool_is_made_from_a_unit(conn, units, target, tmp_path):
    data = os.urandom(2 * MIB)
    volume = units.storageVolLookupByName("unit:0:0:2")
    upload(conn, volume, data, 3 * MIB)
    with Pool(conn, "copies", tmp_path / "copies") as copies:
        copies.api.createXMLFrom("<volume><name>raw</name><capacity>0</capacity><allocation>0</allocation></volume>", volume, 0)
        assert copies.file("raw").read_bytes() == target.files[2].read_bytes()


def test_a_new_unit_is_seen_by_itself(conn, own_target):
    with running(conn, own_target.pool_xml("live")) as pool:
        own_target.unit(1, 2, MIB)
        eventually(lambda: "unit:0:0:2" in pool.listVolumes())
        own_target.remove(1, 2)
        eventually(lambda: "unit:0:0:2" not in pool.listVolumes())


def test_a_target_that_goes_comes_back_by_itself(conn, own_target, tmp_path):
    with running(conn, own_target.pool_xml("lost")) as pool, Pool(conn, "other", tmp_path / "other") as other:
        volume = pool.storageVolLookupByName("unit:0:0:1")
        own_target.kill()
        with raises(libvirt.VIR_ERR_SYSTEM_ERROR) as failure:
            pool.refresh()
        assert "inaccessible" in failure.message and str(own_target.port) in failure.message
        assert pool.isActive() and volume.info()[1] == 8 * MIB
        with raises(libvirt.VIR_ERR_SYSTEM_ERROR):
            download(conn, volume)
        other.create("works")
        own_target.start()
        eventually(lambda: outcome(download, conn, volume) == "done")
        upload(conn, volume, b"back")
        assert own_target.files[1].read_bytes()[:4] == b"back"


def test_a_transfer_survives_the_loss_of_a_resting_connection(conn, own_target):
    with running(conn, own_target.pool_xml("rest")) as pool:
        volume = pool.storageVolLookupByName("unit:0:0:1")
        own_target.kill()
        own_target.start()
        upload(conn, volume, b"again")
        assert own_target.files[1].read_bytes()[:5] == b"again"


def test_a_target_that_hangs_holds_up_nobody_else(conn, own_target, tmp_path):
    with running(conn, own_target.pool_xml("hung")) as pool, Pool(conn, "other", tmp_path / "other") as other:
        own_target.hang()
        try:
            with raises(libvirt.VIR_ERR_SYSTEM_ERROR) as failure:
                pool.refresh()
            assert "time" in failure.message
            other.create("works")
            assert pool.listVolumes()
        finally:
            own_target.go_on()
        eventually(lambda: outcome(pool.refresh) == "done")


def test_a_pool_outlives_the_server(own_server, own_target):
    connection = libvirt.open(own_server.uri())
    connection.storagePoolDefineXML(own_target.pool_xml("kept")).create()
    connection.storagePoolCreateXML(own_target.pool_xml("transient"))
    connection.close()
    own_server.restart()
    connection = libvirt.open(own_server.uri())
    assert all("unit:0:0:1" in connection.storagePoolLookupByName(name).listVolumes() for name in ("kept", "transient"))
    connection.close()
    own_target.kill()
    own_server.restart()
    connection = libvirt.open(own_server.uri())
    assert [(pool.name(), pool.isActive()) for pool in connection.listAllStoragePools()] == [("kept", 0)]
    connection.close()
