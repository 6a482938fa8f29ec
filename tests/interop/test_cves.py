"""Each kind of weakness that libvirt's storage and RPC code has had, as one test that names it."""

import base64
import json
import os
import re
import socket
import struct
import subprocess
import threading
from contextlib import contextmanager
from pathlib import Path

import libvirt
import pytest

from authority import Authority
from encryption import encrypted_xml, encryption_xml, make_secret, patiently
from expect import raises
from pools import MIB, Pool, backing_xml, pool_xml, volume_xml
from test_access_control import CONNECT, DENIED, NOTHING_ELSE
from test_ownership import GROUP, OWNER, asking, squashed  # noqa: F401 - a fixture
from test_polkit import private
from test_wire_procedures import CALLS, DEFINITION, Context
from test_wire_streams import DOWNLOAD, UPLOAD
from users import Nobody, only_root
from wire import xdr
from wire.client import CONTINUE, ERROR, OK, REPLY, STREAM, WireClient

DEFINE_POOL, CREATE_POOL, CREATE_VOLUME, CREATE_VOLUME_FROM, DEFINE_SECRET = 77, 76, 93, 125, 142
DOMAIN_CAPABILITIES, LOOKUP_BY_TARGET, NUM_OF_POOLS = 342, 391, 71
RPC = (39, 7)
NO_POOL = 49
STORAGE = 18

needs_polkit = pytest.mark.skipif(os.geteuid() != 0 or not Authority.usable(), reason="needs root, polkitd and dbus-daemon")


@pytest.fixture
def context(wire, pool, tmp_path):
    pool.create("v")
    return Context(wire(), pool, tmp_path)


# What a count is an argument of: the arguments around it.
COUNTED = {
    21: lambda _, count: xdr.i32(count),
    36: lambda _, count: xdr.i32(count),
    38: lambda _, count: xdr.i32(count),
    72: lambda _, count: xdr.i32(count),
    74: lambda _, count: xdr.i32(count),
    92: lambda context, count: context.handle + xdr.i32(count),
    101: lambda _, count: xdr.i32(0) + xdr.i32(count),
    112: lambda _, count: xdr.optional(None) + xdr.i32(count) + xdr.u32(0),
    117: lambda _, count: xdr.string("no-such") + xdr.i32(count),
    127: lambda _, count: xdr.i32(count),
    138: lambda _, count: xdr.i32(count),
    140: lambda _, count: xdr.i32(count),
    179: lambda _, count: xdr.i32(count),
    227: lambda _, count: xdr.i32(-1) + xdr.i32(count) + xdr.u32(0),
    228: lambda _, count: xdr.i32(count) + xdr.i32(-1) + xdr.u32(0),
    340: lambda _, count: xdr.array([xdr.u32(4)]) + xdr.i32(0) + xdr.u32(count & 0xFFFFFFFF) + xdr.u32(0),
}


@pytest.mark.parametrize("number", COUNTED)
def test_cve_2024_2494_and_2012_3445_negative_and_huge_counts(context, number):
    for count in (-1, -2147483648, 2147483647):
        error = context.client.error(number, COUNTED[number](context, count))
        assert error.code != 1 or "unexpectedly" not in error.message, error
    context.client.assert_silent()


@pytest.mark.parametrize("count", [21, 65536, 0x7FFFFFFF, 0xFFFFFFFF])
@pytest.mark.parametrize("number, before, behind", [(344, b"", xdr.u32(0) * 2), (340, b"", xdr.i32(0) + xdr.u32(1) + xdr.u32(0)), (419, b"", xdr.u32(0))])
def test_cve_2013_4292_arrays_longer_than_their_message(context, number, before, behind, count):
    error = context.client.error(number, before + xdr.u32(count) + behind)
    assert error.key == RPC
    context.client.assert_silent()


def changing() -> set[int]:
    """The procedures that need more than the right to look, as the definition says for access control; what may be done read-only it says elsewhere."""
    found = set()
    for comment, number in re.findall(r"/\*\*(.*?)\*/\s*REMOTE_PROC_\w+\s*=\s*(\d+)", DEFINITION.read_text(), re.S):
        rights = re.findall(r"@acl: (?:storage_pool|storage_vol|secret):(\w+)", comment)
        if any(right not in ("getattr", "read", "search_storage_vols") for right in rights):
            found.add(int(number))
    return found


@pytest.mark.skipif(not DEFINITION.exists(), reason="protocol-defs/remote_protocol.x is missing")
@pytest.mark.parametrize("how", ["socket", "flag"])
def test_cve_2008_5086_a_read_only_connection_changes_nothing(context, wire, how):
    numbers = changing()
    assert {CREATE_VOLUME, DEFINE_POOL, DEFINE_SECRET, UPLOAD, DOWNLOAD} <= numbers
    client = wire("ro") if how == "socket" else wire(flags=1)
    for call in (call for call in CALLS if call.number in numbers):
        error = client.error(call.number, call.arguments(context))
        assert error.code == libvirt.VIR_ERR_OPERATION_DENIED, (call.number, error)
    assert context.pool.names() == ["v"] and context.pool.api.isActive()
    assert [pool.name() for pool in context.pool.conn.listAllStoragePools()] == [context.pool.name]


def test_cve_2019_10167_no_program_of_a_client_is_run(wire, tmp_path):
    """Nor do the procedures of CVE-2019-10161, -10166 and -10168 do anything: those of saved images and of comparing processors."""
    program, trace = tmp_path / "emulator", tmp_path / "trace"
    program.write_text(f"#!/bin/sh\ntouch {trace}\n")
    program.chmod(0o755)
    client = wire("ro")
    client.call_packet(DOMAIN_CAPABILITIES, xdr.optional(xdr.string(str(program))) + xdr.optional(None) * 3 + xdr.u32(0))
    for number in (235, 389, 393, 394):
        client.error(number, xdr.string(str(program)) + xdr.u32(0) * 4)
    client.assert_silent()
    assert not trace.exists()


@pytest.mark.cistern_only("libvirtd takes document types")
@pytest.mark.parametrize("number, root, before", [
    (DEFINE_POOL, "pool", lambda _: b""), (CREATE_POOL, "pool", lambda _: b""), (DEFINE_SECRET, "secret", lambda _: b""),
    (CREATE_VOLUME, "volume", lambda context: context.handle), (CREATE_VOLUME_FROM, "volume", lambda context: context.handle),
])
def test_cve_2014_5177_external_entities(context, tmp_path, number, root, before):
    told = tmp_path / "told"
    told.write_text("leaked")
    with socket.create_server(("127.0.0.1", 0)) as web:
        web.setblocking(False)
        url = f"http://127.0.0.1:{web.getsockname()[1]}/x"
        for kind in (f"[<!ENTITY e SYSTEM 'file://{told}'>]", f"[<!ENTITY e SYSTEM '{url}'>]", f"[<!ENTITY % p SYSTEM '{url}'> %p;]", f"SYSTEM '{url}'",
                     f"PUBLIC 'x' '{url}' [<!ENTITY e SYSTEM '{url}'>]"):
            document = f"<!DOCTYPE {root} {kind}><{root} type='dir'><name>&e;</name><usage type='volume'><volume>&e;</volume></usage></{root}>"
            behind = context.volume if number == CREATE_VOLUME_FROM else b""
            error = context.client.error(number, before(context) + xdr.string(document) + behind + xdr.u32(0))
            assert error.code == libvirt.VIR_ERR_XML_DETAIL and "leaked" not in error.message
        with pytest.raises(BlockingIOError):
            web.accept()


@pytest.mark.parametrize("name", ["../x", "../../x", "a/../../x", "/x", "..", ".", "./x", "x/", "x/..", "sub/x", "\\../x/y"])
def test_cve_2015_5313_names_that_lead_out_of_the_pool(pool, tmp_path, name):
    source = pool.create("v", 4096)
    pool.file("sub").mkdir()
    pool.api.refresh()
    for make in (lambda: pool.create(name, 4096), lambda: pool.create(name, MIB, format="qcow2"), lambda: pool.api.createXMLFrom(volume_xml(name, 4096), source),
                 lambda: pool.api.createXML(volume_xml("ok", 4096).replace("ok", name))):
        with pytest.raises(libvirt.libvirtError):
            make()
    assert sorted(os.listdir(pool.path)) == ["sub", "v"] and os.listdir(pool.file("sub")) == []
    assert os.listdir(tmp_path) == ["pool"]
    for path in (f"{pool.path}/../pool/../../x", f"{pool.path}/sub/../../x"):
        with pytest.raises(libvirt.libvirtError):
            pool.conn.storageVolLookupByPath(path)


@pytest.mark.parametrize("format", ["raw", "qcow2", "dir", "vmdk"])
def test_cve_2015_5313_links_that_lead_out_of_the_pool(pool, tmp_path, format):
    outside = tmp_path / "outside"
    outside.mkdir()
    kept = outside / "kept"
    kept.write_bytes(b"precious")
    source = pool.create("v", 4096)
    pool.file("dangling").symlink_to(outside / "new")
    pool.file("link").symlink_to(kept)
    pool.file("folder").symlink_to(outside)
    for name in ("dangling", "link", "folder"):
        for make in (lambda: pool.create(name, 4096, format=format), lambda: pool.api.createXMLFrom(volume_xml(name, 4096), source)):
            with pytest.raises(libvirt.libvirtError):
                make()
        assert pool.file(name).is_symlink()
    pool.api.refresh()
    pool.api.storageVolLookupByName("link").delete()
    assert os.listdir(outside) == ["kept"] and kept.read_bytes() == b"precious"
    assert not pool.file("link").is_symlink()


@pytest.mark.parametrize("offset", [(1 << 63) - 1, 1 << 63, (1 << 64) - 1, (1 << 64) - 4096])
@pytest.mark.parametrize("length", [0, 1, (1 << 63) - 1, 1 << 63, (1 << 64) - 1])
def test_cve_2014_8135_offsets_and_lengths_beyond_any_file(context, wire, offset, length):
    for number in (UPLOAD, DOWNLOAD):
        client = wire()
        serial = client.send(number, context.volume + xdr.u64(offset) + xdr.u64(length) + xdr.u32(0))
        packet = client.receive()
        if packet.type == REPLY and packet.status == OK:
            if number == UPLOAD:
                client.send(number, b"x" * 1000, type=STREAM, serial=serial, status=CONTINUE)
                client.send(number, type=STREAM, serial=serial, status=OK)
            packet = client.receive()
            assert packet.serial == serial
            assert packet.status == ERROR or packet.payload == b""
        if packet.status == ERROR:
            packet.error()
        client.close()
    assert context.client.call(NUM_OF_POOLS).i32() >= 1
    assert context.pool.file("v").read_bytes() == bytes(MIB)


@only_root
@pytest.mark.parametrize("format", ["raw", "qcow2", "vmdk", "dir"])
def test_cve_2015_5247_storage_that_refuses_the_server_keeps_nothing(squashed, format):  # noqa: F811
    mine = f"<owner>{OWNER}</owner><group>{GROUP}</group>"
    source = squashed.api.createXML(asking("source", "raw", mine))
    for make in (lambda: squashed.api.createXML(asking("v", format)),
                 lambda: squashed.api.createXML(asking("v", format, "<owner>7</owner><group>7</group>")),
                 lambda: squashed.api.createXMLFrom(asking("v", format), source)):
        with pytest.raises(libvirt.libvirtError):
            make()
        assert os.listdir(squashed.path) == ["source"] and squashed.names() == ["source"]


def header_without_backing_format(backing: Path, size: int) -> bytes:
    """A qcow2 image of version 2 in which everything comes from the backing file, and nothing says of what format that is."""
    name = os.fsencode(backing)
    table, refcounts, refcount_block = 65536, 131072, 196608
    header = struct.pack(">4sIQIIQIIQQIIQ", b"QFI\xfb", 2, 512, len(name), 16, size, 0, 1, table, refcounts, 1, 0, 0)
    image = bytearray(262144)
    image[:len(header)] = header
    image[512:512 + len(name)] = name
    image[refcounts:refcounts + 8] = struct.pack(">Q", refcount_block)
    for cluster in range(4):
        struct.pack_into(">H", image, refcount_block + 2 * cluster, 1)
    return bytes(image)


@pytest.fixture
def trap(pool, tmp_path):
    """What a guest wrote to its raw volume: an image that stands on a file of the host's."""
    secret = tmp_path / "host-secret"
    secret.write_bytes(b"SECRET OF THE HOST".ljust(MIB, b"."))
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-b", secret, "-F", "raw", pool.file("base")], check=True)
    pool.api.refresh()
    return secret


def copy_of(pool, volume, capacity: int) -> bytes | None:
    """What a raw copy of the volume contains; none when it is refused."""
    try:
        pool.api.createXMLFrom(volume_xml("copy", capacity), volume)
    except libvirt.libvirtError:
        assert not pool.file("copy").exists()
        return None
    return pool.file("copy").read_bytes()


def test_cve_2010_2237_a_backing_file_that_is_said_to_be_raw_is_not_looked_into(pool, trap):
    base = pool.file("base").read_bytes()
    overlay = pool.create("overlay", len(base), format="qcow2", extra=backing_xml(pool.file("base"), "raw"))
    assert "<format type='raw'/>" in overlay.XMLDesc()[overlay.XMLDesc().index("<backingStore>"):]
    assert str(trap) not in overlay.XMLDesc()
    assert copy_of(pool, overlay, len(base))[:len(base)] == base
    pool.api.refresh()
    assert str(trap) not in pool.api.storageVolLookupByName("overlay").XMLDesc()


@pytest.mark.cistern_only("libvirtd lets qemu-img find the format of the backing file, and follow it")
def test_cve_2010_2238_a_backing_file_of_no_stated_format_is_not_followed_into_the_host(pool, trap):
    pool.file("found").write_bytes(header_without_backing_format(pool.file("base"), MIB))
    pool.api.refresh()
    found = pool.api.storageVolLookupByName("found")
    assert str(trap) not in found.XMLDesc()
    content = copy_of(pool, found, MIB)
    assert content is None or b"SECRET OF THE HOST" not in content
    assert b"SECRET OF THE HOST" in trap.read_bytes()


def test_cve_2010_2239_a_new_overlay_says_of_what_format_its_backing_file_is(pool, trap):
    pool.create("overlay", MIB, format="qcow2", extra=f"<backingStore><path>{pool.file('base')}</path></backingStore>")
    told = subprocess.run(["qemu-img", "info", "-U", "--output=json", pool.file("overlay")], check=True, capture_output=True, text=True).stdout
    assert json.loads(told)["backing-filename-format"] == "raw"


@contextmanager
def unsupported():
    """A type of pools that the server may lack."""
    try:
        yield
    except libvirt.libvirtError as error:
        assert error.get_error_code() in (libvirt.VIR_ERR_INTERNAL_ERROR, libvirt.VIR_ERR_NO_SUPPORT) and "unexpectedly" not in error.get_error_message()


WITHOUT_TARGET = {
    "rbd": "<source><host name='127.0.0.1'/><name>p</name></source>",
    "gluster": "<source><host name='127.0.0.1'/><name>v</name><dir path='/'/></source>",
    "sheepdog": "<source><host name='127.0.0.1' port='7000'/><name>p</name></source>",
    "iscsi-direct": "<source><host name='127.0.0.1'/><device path='iqn.2013-06.example:t'/><initiator><iqn name='iqn.2013-06.example:i'/></initiator></source>",
}


def test_cve_2020_10703_look_ups_by_target_path_beside_pools_without_target(conn, pool):
    defined = []
    try:
        for kind, source in WITHOUT_TARGET.items():
            with unsupported():
                defined.append(conn.storagePoolDefineXML(f"<pool type='{kind}'><name>without-{kind}</name>{source}</pool>"))
        for path in ("", "/", "/no/such", f"{pool.path}x"):
            with raises(NO_POOL):
                conn.storagePoolLookupByTargetPath(path)
        assert conn.storagePoolLookupByTargetPath(str(pool.path)).name() == pool.name
        assert {found.name() for found in conn.listAllStoragePools()} == {pool.name, *(made.name() for made in defined)}
    finally:
        for made in defined:
            made.undefine()


@needs_polkit
def test_cve_2021_3667_a_denied_look_up_leaves_the_pool_usable(request, tmp_path):
    with private(request.config.getoption("against"), auth_unix_rw="polkit", auth_unix_ro="polkit", access_drivers=["polkit"]) as (server, authority), Nobody() as user:
        conn = libvirt.open(server.uri())
        authority.rule(CONNECT + NOTHING_ELSE)
        with Pool(conn, "guarded", tmp_path / "pool") as pool:
            client = WireClient(user.connect(server.unix_path), open_as=None)
            client.call(70)
            client.call(1, xdr.optional(xdr.string("qemu:///system")) + xdr.u32(0))
            for _ in range(3):
                assert client.error(LOOKUP_BY_TARGET, xdr.string(str(pool.path))).key == DENIED
            pool.api.refresh()
            pool.create("v")
            pool.api.destroy()
            pool.api.create()
        client.close()
        conn.close()


# Documents that name what they define, and are then wrong in some way.
NAMED_AND_WRONG = {
    "not well-formed": "<name>n</name><uuid>33333333-2222-4333-8444-555555555555</uuid><",
    "deep": "<name>n</name><uuid>33333333-2222-4333-8444-555555555555</uuid>" + "<a>" * 1000 + "</a>" * 1000,
    "unknown values": "<name>n</name><uuid>33333333-2222-4333-8444-555555555555</uuid><capacity unit='parsec'>x</capacity><target><path/></target>",
}


@needs_polkit
@pytest.mark.cistern_only("libvirt 9 reads the whole document first")
def test_cve_2025_12748_a_document_is_read_after_its_sender_was_found_to_have_the_right(request, tmp_path):
    with private(request.config.getoption("against"), auth_unix_rw="polkit", auth_unix_ro="polkit", access_drivers=["polkit"]) as (server, authority), Nobody() as user:
        conn = libvirt.open(server.uri())
        authority.rule(CONNECT + NOTHING_ELSE)
        with Pool(conn, "guarded", tmp_path / "pool") as pool:
            source = pool.create("v")
            client = WireClient(user.connect(server.unix_path), open_as=None)
            client.call(70)
            client.call(1, xdr.optional(xdr.string("qemu:///system")) + xdr.u32(0))
            handle = xdr.pool(pool.name, pool.uuid)
            calls = [(DEFINE_POOL, "pool", b"", b""), (CREATE_POOL, "pool", b"", b""), (CREATE_VOLUME, "volume", handle, b""),
                     (CREATE_VOLUME_FROM, "volume", handle, xdr.volume(pool.name, source.name()))]

            def outcomes() -> set:
                return {client.error(number, before + xdr.string(f"<{root} type='dir'>{body}</{root}>") + behind + xdr.u32(0)).key
                        for body in NAMED_AND_WRONG.values() for number, root, before, behind in calls}

            assert outcomes() == {DENIED}
            secret = "<secret><uuid>33333333-2222-4333-8444-555555555555</uuid><usage type='volume'><volume>/v</volume></usage><"
            assert client.error(DEFINE_SECRET, xdr.string(secret) + xdr.u32(0)).key == DENIED
            authority.rule("return polkit.Result.YES;")
            assert DENIED not in outcomes()
            assert client.error(DEFINE_SECRET, xdr.string(secret) + xdr.u32(0)).code == libvirt.VIR_ERR_XML_DETAIL
            assert [made.name() for made in conn.listAllStoragePools()] == ["guarded"] and pool.names() == ["v"]
        client.close()
        conn.close()


def test_cve_2023_3750_lists_and_look_ups_while_pools_come_and_go(server, pool, tmp_path):
    pool.create("v")
    problems, ended = [], threading.Event()
    gone = {libvirt.VIR_ERR_NO_STORAGE_POOL, libvirt.VIR_ERR_NO_STORAGE_VOL, libvirt.VIR_ERR_OPERATION_INVALID, libvirt.VIR_ERR_INTERNAL_ERROR}

    def come_and_go(number: int) -> None:
        conn = libvirt.open(server.uri())
        folder = tmp_path / f"moving-{number}"
        folder.mkdir()
        for turn in range(60):
            made = conn.storagePoolDefineXML(pool_xml(f"moving-{number}", folder))
            if turn % 3 == 0:
                made.create()
                made.destroy()
            made.undefine()
        conn.close()

    def look() -> None:
        conn = libvirt.open(server.uri())
        while not ended.is_set():
            assert pool.name in [found.name() for found in conn.listAllStoragePools()]
            conn.listStoragePools(), conn.listDefinedStoragePools(), conn.numOfStoragePools()
            assert conn.storageVolLookupByPath(str(pool.file("v"))).name() == "v"
            assert conn.storageVolLookupByKey(str(pool.file("v"))).name() == "v"
            assert conn.storagePoolLookupByTargetPath(str(pool.path)).name() == pool.name
            for found in conn.listAllStoragePools():
                try:
                    found.XMLDesc(), found.info(), found.listAllVolumes()
                except libvirt.libvirtError as error:
                    assert error.get_error_code() in gone and "unexpectedly" not in error.get_error_message(), error
        conn.close()

    def guarded(work, *arguments) -> None:
        try:
            work(*arguments)
        except Exception as error:
            problems.append(error)

    movers = [threading.Thread(target=guarded, args=(come_and_go, number)) for number in range(2)]
    lookers = [threading.Thread(target=guarded, args=(look,)) for _ in range(2)]
    for thread in movers + lookers:
        thread.start()
    for thread in movers:
        thread.join(120)
    ended.set()
    for thread in lookers:
        thread.join(60)
    assert problems == [] and not any(thread.is_alive() for thread in movers + lookers)


VALUE = "Vq8-the-value-that-nobody-may-see"


class Children:
    """Arguments and environment of every process that the server starts, as far as they can be seen from outside."""

    def __init__(self, server):
        self.process = Path("/proc", str(server.process.pid))
        self.seen = set()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._ended.wait(0.002):
            for task in (self.process / "task").iterdir():
                try:
                    for child in (task / "children").read_text().split():
                        folder = Path("/proc", child)
                        self.seen.add((folder / "cmdline").read_bytes() + (folder / "environ").read_bytes())
                except (FileNotFoundError, ProcessLookupError, PermissionError):
                    continue


@pytest.mark.cistern_only("libvirtd says what its tools say")
def test_secrets_are_in_no_error_log_argument_or_environment(own_server, tmp_path):
    forms = (VALUE.encode(), base64.b64encode(VALUE.encode()), VALUE.encode().hex().encode())
    conn = libvirt.open(own_server.uri())
    errors = []

    def fails(call, *arguments) -> None:
        with pytest.raises(libvirt.libvirtError) as error:
            call(*arguments)
        errors.append(" ".join(filter(None, (str(part) for part in error.value.err))))

    with Pool(conn, "p", tmp_path / "pool") as pool, Children(own_server) as children:
        luks = make_secret(conn, "luks", VALUE, ephemeral=False)
        reference = encryption_xml(f"uuid='{luks.UUIDString()}'")
        safe = patiently(pool.api.createXML)(encrypted_xml("safe", "raw", reference))
        cipher = "<cipher name='nosuch' size='256' mode='cbc' hash='sha256'/>"
        fails(pool.api.createXML, encrypted_xml("bad", "raw", encryption_xml(f"uuid='{luks.UUIDString()}'", inside=cipher)))
        fails(pool.api.createXML, encrypted_xml("huge", "qcow2", reference, capacity=1 << 62))
        fails(luks.value)
        fails(conn.secretDefineXML, "<secret ephemeral='no'><uuid>" + luks.UUIDString() + "</uuid><usage type='volume'><volume>other</volume></usage></secret>")
        luks.setValue((VALUE + "-wrong").encode())
        fails(pool.api.createXMLFrom, volume_xml("copy", 4 * MIB), safe)
        fails(safe.resize, 1 << 62)
        for type, auth in (("ceph", "ceph"), ("iscsi", "chap")):
            make_secret(conn, f"for-{type}", VALUE, type=type, ephemeral=False)
            body = WITHOUT_TARGET["rbd" if type == "ceph" else "iscsi-direct"].replace(
                "</source>", f"<auth type='{auth}' username='u'><secret usage='for-{type}'/></auth></source>")
            kind = "rbd" if type == "ceph" else "iscsi-direct"
            with unsupported():
                made = conn.storagePoolDefineXML(f"<pool type='{kind}'><name>{type}</name>{body}</pool>")
                assert VALUE not in made.XMLDesc()
                fails(made.create)
                made.undefine()
    conn.close()
    assert any(b"qemu-img" in line for line in children.seen)
    own = (children.process / "cmdline").read_bytes() + (children.process / "environ").read_bytes()
    for place in (*children.seen, own, own_server.log.read_bytes(), own_server.log_tail().encode(), *(error.encode() for error in errors)):
        assert not any(form in place for form in forms), place
    kept = [path for path in own_server.root.rglob("*") if path.is_file() and any(form in path.read_bytes() for form in forms)]
    assert {path.parent for path in kept} == {own_server.secrets_folder}
    assert all(path.stat().st_mode & 0o077 == 0 for path in (*kept, own_server.secrets_folder))
