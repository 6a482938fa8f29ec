"""Encrypted volumes: made, filled, read, resized and found again after a restart, with the passphrase nowhere that another could see it."""

import os
import re
import signal
import time
from pathlib import Path

import libvirt
import pytest

from busy import Call
from encryption import PASSPHRASE, encrypted_xml, encryption_xml, make_secret, patiently, read_encrypted
from expect import raises
from pools import MIB, Pool, volume_xml

DATA = os.urandom(MIB) * 4


def secrets_of(volume) -> list[str]:
    xml = volume.XMLDesc()
    assert "<encryption format='luks'>" in xml
    return re.findall(r"<secret type='passphrase' (.*?)/>", xml)


@pytest.mark.parametrize("format", ["raw", "qcow2"])
def test_life_of_an_encrypted_volume(own_server, tmp_path, format):
    conn = libvirt.open(own_server.uri())
    pool = Pool(conn, "p", tmp_path / "pool").__enter__()
    plain = pool.create("plain", 4 * MIB)
    pool.file("plain").write_bytes(DATA)
    secret = make_secret(conn, str(pool.file("safe")), ephemeral=False)
    uuid = f"uuid='{secret.UUIDString()}'"

    safe = patiently(pool.api.createXMLFrom)(encrypted_xml("safe", format, encryption_xml(uuid)), plain)
    assert secrets_of(safe) == [uuid]
    assert safe.info()[1] == 4 * MIB
    assert DATA[:MIB] not in pool.file("safe").read_bytes()
    assert read_encrypted(pool.file("safe"), format) == DATA

    conn.close()
    own_server.restart()
    conn = libvirt.open(own_server.uri())
    pool = conn.storagePoolLookupByName("p")
    if not pool.isActive():
        pool.create()
    safe = pool.storageVolLookupByName("safe")
    assert secrets_of(safe) == [uuid]
    safe.resize(8 * MIB)
    assert safe.info()[1] == 8 * MIB
    with raises(libvirt.VIR_ERR_OPERATION_UNSUPPORTED):
        safe.resize(9 * MIB, libvirt.VIR_STORAGE_VOL_RESIZE_ALLOCATE)
    copy = pool.createXMLFrom(volume_xml("copy", 8 * MIB), safe)
    assert Path(copy.path()).read_bytes()[:4 * MIB] == DATA
    assert "<encryption" not in copy.XMLDesc()
    secret = conn.secretLookupByUUIDString(secret.UUIDString())
    with raises(libvirt.VIR_ERR_INVALID_SECRET, libvirt.VIR_FROM_SECRET):
        secret.value()
    secret.undefine()
    pool.destroy()
    conn.close()


def test_an_encrypted_overlay_names_its_secret_by_usage(conn, pool):
    make_secret(conn, f"for {pool.name}")
    pool.create("base", 4 * MIB)
    pool.file("base").write_bytes(DATA)
    backing = f"<backingStore><path>{pool.file('base')}</path><format type='raw'/></backingStore>"
    usage = f"usage='for {pool.name}'"
    volume = patiently(pool.api.createXML)(encrypted_xml("v", "qcow2", encryption_xml(usage), extra=backing))
    assert secrets_of(volume) == [usage]
    assert read_encrypted(pool.file("v"), "qcow2") == DATA


def test_errors_of_encrypted_volumes(conn, pool):
    make = pool.api.createXML
    good = f"uuid='{make_secret(conn, pool.name).UUIDString()}'"
    empty = make_secret(conn, f"empty {pool.name}", None)
    ceph = make_secret(conn, f"ceph {pool.name}", type="ceph")
    for reference, error in (
            ("uuid='11111111-1111-1111-1111-111111111111'", raises(libvirt.VIR_ERR_NO_SECRET, libvirt.VIR_FROM_SECRET)),
            ("usage='nosuch'", raises(libvirt.VIR_ERR_NO_SECRET, libvirt.VIR_FROM_SECRET)),
            (f"uuid='{empty.UUIDString()}'", raises(libvirt.VIR_ERR_NO_SECRET, libvirt.VIR_FROM_SECRET)),
            (f"uuid='{ceph.UUIDString()}'", raises(libvirt.VIR_ERR_INVALID_ARG, libvirt.VIR_FROM_NONE)),
            (f"usage='ceph {pool.name}'", raises(libvirt.VIR_ERR_NO_SECRET, libvirt.VIR_FROM_SECRET))):
        for format in ("raw", "qcow2"):
            with error:
                make(encrypted_xml("v", format, encryption_xml(reference)))
    for format in ("raw", "qcow2", "vmdk"):
        for references in ((), (good, good)):
            with raises(libvirt.VIR_ERR_INVALID_ARG):
                make(encrypted_xml("v", format, encryption_xml(*references)))
    for format in ("vmdk", "qcow", "qed", "vdi", "vpc", "bochs", "ploop"):
        with raises(libvirt.VIR_ERR_CONFIG_UNSUPPORTED):
            make(encrypted_xml("v", format, encryption_xml(good)))
    for encryption in ("luks2", "qcow", "default"):
        with raises(libvirt.VIR_ERR_INTERNAL_ERROR):
            make(encrypted_xml("v", "raw", encryption_xml(good, format=encryption)))
        with raises(libvirt.VIR_ERR_CONFIG_UNSUPPORTED):
            make(encrypted_xml("v", "qcow2", encryption_xml(good, format=encryption)))
    cipher = "<cipher name='nosuch' size='256' mode='cbc' hash='sha256'/>"
    with raises(libvirt.VIR_ERR_INTERNAL_ERROR, libvirt.VIR_FROM_NONE) as error:
        make(encrypted_xml("v", "raw", encryption_xml(good, inside=cipher)))
    assert "nosuch-256" in error.message and PASSPHRASE not in error.message
    assert os.listdir(pool.path) == [] and pool.names() == []


def test_an_image_whose_secret_nobody_named(conn, pool):
    luks = b"LUKS\xba\xbe\0\1" + b"aes".ljust(32, b"\0") + b"xts-plain64".ljust(32, b"\0") + b"sha256".ljust(32, b"\0") + (4096).to_bytes(4, "big")
    pool.file("found").write_bytes(luks.ljust(4 * MIB, b"\0"))
    pool.api.refresh()
    volume = pool.api.storageVolLookupByName("found")
    assert secrets_of(volume) == []
    assert volume.info()[1] == 2 * MIB
    with raises(libvirt.VIR_ERR_XML_ERROR):
        volume.resize(8 * MIB)
    with raises(libvirt.VIR_ERR_INVALID_ARG):
        pool.api.createXMLFrom(volume_xml("copy"), volume)
    secret = make_secret(conn, str(pool.file("found")))
    assert secrets_of(volume) == [f"uuid='{secret.UUIDString()}'"]
    secret.undefine()


def processes(path) -> list[tuple[str, bytes]]:
    """Name, and arguments with environment, of every process whose arguments name the path."""
    found = []
    for process in filter(str.isdigit, os.listdir("/proc")):
        try:
            folder = Path("/proc", process)
            arguments = (folder / "cmdline").read_bytes()
            if os.fsencode(path) in arguments:
                found.append(((folder / "comm").read_text().strip(), arguments + (folder / "environ").read_bytes()))
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found


def until(condition, call: Call):
    deadline = time.monotonic() + 60
    while not (value := condition()):
        assert call.thread.is_alive() and time.monotonic() < deadline, "never came"
    return value


@pytest.mark.cistern_only("libvirtd names its temporary files otherwise")
def test_the_passphrase_is_in_one_file_of_the_owner_while_the_tool_runs_and_nowhere_else(own_server, tmp_path):
    conn = libvirt.open(own_server.uri())
    with Pool(conn, "p", tmp_path / "pool") as pool:
        secret = make_secret(conn, "u")
        document = encrypted_xml("v", "raw", encryption_xml(f"uuid='{secret.UUIDString()}'"))
        call = Call(lambda: pool.api.createXML(document))
        file = until(lambda: next(own_server.root.rglob("*.passphrase"), None), call)
        assert file.stat().st_mode & 0o777 == 0o600 and file.stat().st_uid == os.geteuid()
        seen = until(lambda: [text for name, text in processes(file) if name == "qemu-img"], call)
        assert all(PASSPHRASE.encode() not in text for text in seen)
        call.finish()
        assert not list(own_server.root.rglob("*.passphrase"))
        for path in (path for path in own_server.root.rglob("*") if path.is_file()):
            assert PASSPHRASE.encode() not in path.read_bytes(), path
    conn.close()


@pytest.mark.cistern_only("libvirtd leaves what it was making when it was killed")
def test_a_killed_server_leaves_no_passphrase(own_server, tmp_path):
    conn = libvirt.open(own_server.uri())
    pool = Pool(conn, "p", tmp_path / "pool").__enter__()
    secret = make_secret(conn, "u")
    document = encrypted_xml("v", "qcow2", encryption_xml(f"uuid='{secret.UUIDString()}'"))
    call = Call(lambda: pool.api.createXML(document))
    file = until(lambda: next(own_server.root.rglob("*.passphrase"), None), call)
    until(lambda: [name for name, _ in processes(file) if name == "qemu-img"] and os.listdir(pool.path), call)
    own_server.stop(signal.SIGKILL)
    with pytest.raises(libvirt.libvirtError):
        call.finish()
    assert file.exists()
    own_server.start()
    assert not file.exists() and os.listdir(pool.path) == []
    while processes(file):
        time.sleep(0.1)
    assert os.listdir(pool.path) == []
