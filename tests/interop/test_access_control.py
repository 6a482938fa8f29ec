"""The access driver: what polkit says about each call and each object. The client is nobody; root may do everything."""

import os

import libvirt
import pytest

from authority import Authority
from pools import MIB, pool_xml, volume_xml
from test_polkit import private
from users import Nobody, NobodysVirsh, only_root
from wire import xdr
from wire.client import MESSAGE, WireClient

DENIED = (88, 55)
SECRET = "11111111-2222-4333-8444-555555555555"
SET_IDENTITY = 419

pytestmark = [only_root, pytest.mark.skipif(not Authority.usable(), reason="polkitd or dbus-daemon is not installed")]

OPEN = "if (action.id == 'org.libvirt.unix.manage' || action.id == 'org.libvirt.api.connect.getattr') return polkit.Result.YES;\n"
CONNECT = OPEN + "if (action.id.indexOf('org.libvirt.api.connect.') == 0) return polkit.Result.YES;\n"
NOTHING_ELSE = "return polkit.Result.NO;"


def api(*actions: str) -> str:
    """Allows these, of any object."""
    return "".join(f"if (action.id == 'org.libvirt.api.{action}') return polkit.Result.YES;\n" for action in actions)


class Objects:
    def __init__(self, server, folder):
        self.folder = folder
        self.conn = libvirt.open(server.uri())
        self.pools = {}
        for name in ("seen", "hidden"):
            path = folder / name
            path.mkdir(mode=0o755)
            pool = self.conn.storagePoolDefineXML(pool_xml(name, path))
            pool.create()
            for volume in ("a", "b"):
                pool.createXML(volume_xml(volume))
            self.pools[name] = pool
        self.stopped = self.conn.storagePoolDefineXML(pool_xml("stopped", folder / "stopped"))
        self.secret = self.conn.secretDefineXML(f"<secret><uuid>{SECRET}</uuid><usage type='volume'><volume>/v</volume></usage></secret>")

    def handle(self, name="seen") -> bytes:
        return xdr.pool(name, self.pools[name].UUID())


@pytest.fixture(scope="module")
def guarded(request):
    with private(request.config.getoption("against"), auth_unix_rw="polkit", auth_unix_ro="polkit", access_drivers=["polkit"]) as both:
        yield both


@pytest.fixture(scope="module")
def objects(guarded):
    server, _ = guarded
    made = Objects(server, server.root)
    yield made
    made.conn.close()


@pytest.fixture(scope="module")
def user():
    with Nobody() as process:
        yield process


@pytest.fixture
def nobody(guarded, objects, user):
    """A raw connection of nobody's under these rules."""
    server, authority = guarded

    def connect(rules: str, driver: str = "qemu", opens: bool = True) -> WireClient:
        authority.rule(rules + NOTHING_ELSE)
        client = WireClient(user.connect(server.unix_path), open_as=None)
        client.call(70)
        if opens:
            client.call(1, xdr.optional(xdr.string(f"{driver}:///system")) + xdr.u32(0))
        return client

    yield connect
    user.close_connections()


def test_opening_is_a_right(nobody):
    client = nobody("if (action.id == 'org.libvirt.unix.manage') return polkit.Result.YES;\n", opens=False)
    error = client.error(1, xdr.optional(xdr.string("qemu:///system")) + xdr.u32(0))
    assert error.key == DENIED and error.message == "access denied: 'QEMU' denied access"


def test_the_driver_of_the_connection_is_told_and_named(nobody, objects):
    client = nobody(OPEN + "if (action.lookup('connect_driver') == 'storage') return polkit.Result.YES;\n", driver="storage")
    assert client.call(71).i32() == 2
    client = nobody(OPEN, driver="storage")
    assert client.error(71).message == "access denied: 'storage' denied access"


def test_the_details_name_the_object(nobody, objects, guarded):
    """Each right on one object, by each of its names."""
    server, authority = guarded
    uuid = objects.pools["seen"].UUIDString()
    client = nobody(CONNECT + f"if (action.lookup('pool_name') == 'seen' && action.lookup('pool_uuid') == '{uuid}') return polkit.Result.YES;\n")
    assert client.call(87, objects.handle()).i32() == 2
    assert client.error(87, objects.handle("hidden")).key == DENIED
    key = objects.pools["seen"].storageVolLookupByName("a").key()
    authority.rule(CONNECT + f"if (action.lookup('vol_name') == 'a' && action.lookup('vol_key') == '{key}' && action.lookup('pool_uuid') == '{uuid}' "
                   "&& action.lookup('pool_name') == 'seen') return polkit.Result.YES;\n" + NOTHING_ELSE)
    assert client.call(98, xdr.volume("seen", "a")).i32() == 0
    assert client.error(98, xdr.volume("seen", "b")).key == DENIED
    assert client.error(98, xdr.volume("hidden", "a")).key == DENIED
    authority.rule(CONNECT + f"if (action.lookup('secret_uuid') == '{SECRET}' && action.lookup('secret_usage_volume') == '/v') "
                   "return polkit.Result.YES;\n" + NOTHING_ELSE)
    assert SECRET in client.call(143, xdr.secret(objects.secret.UUID()) + xdr.u32(0)).string()


SEEN = "if (action.lookup('pool_name') == 'seen') return polkit.Result.YES;\n"


def test_lists_and_counts_show_what_may_be_seen(nobody, objects):
    client = nobody(CONNECT + SEEN)
    assert client.call(71).i32() == 1
    assert client.call(72, xdr.i32(10)).strings() == ["seen"]
    assert client.call(73).i32() == 0
    assert client.call(74, xdr.i32(10)).strings() == []
    reader = client.call(281, xdr.i32(1) + xdr.u32(0))
    assert (reader.u32(), reader.string()) == (1, "seen")
    assert client.call(139).i32() == 0
    assert client.call(140, xdr.i32(10)).strings() == []
    assert client.call(287, xdr.i32(1) + xdr.u32(0)).u32() == 0


@pytest.mark.cistern_only("libvirtd tells the number of all pools when it is asked for their number alone")
def test_the_number_alone_counts_what_may_be_seen(nobody, objects):
    client = nobody(CONNECT + SEEN)
    assert client.call(281, xdr.i32(0) + xdr.u32(0)).data == xdr.u32(0) + xdr.u32(1)


def test_volumes_are_seen_one_by_one(nobody, objects):
    client = nobody(CONNECT + "if (action.lookup('vol_name') == 'b') return polkit.Result.YES;\n" + api("storage-pool.search-storage-vols"))
    assert client.call(91, objects.handle()).i32() == 1
    assert client.call(92, objects.handle() + xdr.i32(10)).strings() == ["b"]
    reader = client.call(282, objects.handle() + xdr.i32(1) + xdr.u32(0))
    assert (reader.u32(), reader.volume()[1]) == (1, "b")


def test_a_volume_looked_for_by_path_or_key_is_absent_rather_than_denied(nobody, objects):
    client = nobody(CONNECT + SEEN)
    for procedure in (96, 97):
        assert client.call(procedure, xdr.string(str(objects.folder / "seen" / "a"))).volume()[1] == "a"
        assert client.error(procedure, xdr.string(str(objects.folder / "hidden" / "a"))).key == (50, 18)


def test_an_absent_object_is_absent_before_anything_is_denied(nobody):
    client = nobody(CONNECT)
    nil = xdr.pool("none", bytes(16))
    assert client.error(84, xdr.string("none")).key == (49, 18)
    assert client.error(87, nil).key == (49, 18)
    assert client.error(82, nil).key == (49, 18)
    assert client.error(98, xdr.volume("none", "a")).key == (49, 18)
    assert client.error(98, xdr.volume("seen", "none")).key == (50, 18)
    assert client.error(143, xdr.secret(bytes(16)) + xdr.u32(0)).key == (66, 30)


def test_a_definition_needs_each_of_its_rights(nobody, objects, guarded):
    _, authority = guarded
    xml = xdr.string(pool_xml("new", objects.folder / "new", identity=SECRET)) + xdr.u32(0)
    client = nobody(CONNECT)
    for rights in ((), ("storage-pool.write",), ("storage-pool.save",)):
        authority.rule(CONNECT + api(*rights) + NOTHING_ELSE)
        assert client.error(77, xml).key == DENIED
    authority.rule(CONNECT + f"if (action.lookup('pool_name') == 'new' && action.lookup('pool_uuid') == '{SECRET}') return polkit.Result.YES;\n" + NOTHING_ELSE)
    assert client.call(77, xml).string() == "new"
    objects.conn.storagePoolLookupByName("new").undefine()


def test_a_volume_is_created_by_its_name(nobody, objects):
    client = nobody(CONNECT + "if (action.id == 'org.libvirt.api.storage-vol.create' && action.lookup('vol_name') == 'mine') return polkit.Result.YES;\n")
    assert client.error(93, objects.handle() + xdr.string(volume_xml("theirs")) + xdr.u32(0)).key == DENIED
    assert not (objects.folder / "seen" / "theirs").exists()
    assert client.call(93, objects.handle() + xdr.string(volume_xml("mine")) + xdr.u32(0)).volume()[1] == "mine"
    objects.pools["seen"].storageVolLookupByName("mine").delete()


def test_what_is_denied_does_nothing(nobody, objects):
    client = nobody(CONNECT)
    for procedure, arguments in ((80, objects.handle()), (83, objects.handle() + xdr.u32(0)), (90, objects.handle() + xdr.i32(1)),
                                 (94, xdr.volume("seen", "a") + xdr.u32(0)), (260, xdr.volume("seen", "a") + xdr.u64(2 * MIB) + xdr.u32(0)),
                                 (208, xdr.volume("seen", "a") + xdr.u64(0) * 2 + xdr.u32(0)), (209, xdr.volume("seen", "a") + xdr.u64(0) * 2 + xdr.u32(0)),
                                 (144, xdr.secret(objects.secret.UUID()) + xdr.opaque(b"v") + xdr.u32(0)), (146, xdr.secret(objects.secret.UUID()))):
        assert client.error(procedure, arguments).key == DENIED, procedure
    pool = objects.pools["seen"]
    assert pool.isActive() and not pool.autostart()
    assert sorted(volume.name() for volume in pool.listAllVolumes()) == ["a", "b"]
    assert pool.storageVolLookupByName("a").info()[1] == MIB


def test_events_come_for_what_may_be_seen(nobody, objects):
    client = nobody(CONNECT + SEEN)
    client.call(368, xdr.i32(1) + xdr.optional(None))
    for name in ("hidden", "seen", "hidden", "seen"):
        objects.pools[name].refresh()
    for _ in range(2):
        packet = client.receive()
        reader = xdr.Reader(packet.payload)
        assert (packet.type, packet.procedure, reader.i32(), reader.string()) == (MESSAGE, 373, 0, "seen")
    client.assert_silent()


def test_events_of_secrets_too(nobody, objects):
    client = nobody(CONNECT + "if (action.lookup('secret_usage_volume') == '/w') return polkit.Result.YES;\n")
    client.call(380, xdr.i32(0) + xdr.optional(None))
    for volume in ("/x", "/w"):
        objects.conn.secretDefineXML(f"<secret><usage type='volume'><volume>{volume}</volume></usage></secret>").undefine()
    for kind in (0, 1):
        reader = xdr.Reader(client.receive().payload)
        assert (reader.i32(), reader.uuid() and reader.i32(), reader.string(), reader.i32()) == (0, 1, "/w", kind)
    client.assert_silent()


def test_a_rule_that_was_changed_holds_at_once(nobody, objects, guarded):
    _, authority = guarded
    client = nobody(CONNECT + SEEN)
    assert client.call(87, objects.handle()).i32() == 2
    authority.rule(CONNECT + NOTHING_ELSE)
    assert client.error(87, objects.handle()).key == DENIED


def test_root_is_not_asked_about(guarded, objects):
    _, authority = guarded
    authority.rule(NOTHING_ELSE)
    assert sorted(pool.name() for pool in objects.conn.listAllStoragePools()) == ["hidden", "seen", "stopped"]
    objects.pools["seen"].refresh()


def test_who_comes_by_tcp_has_no_process_and_is_denied(guarded):
    server, authority = guarded
    authority.rule("return polkit.Result.YES;")
    with server.connect("tcp") as stream:
        assert WireClient(stream, open_as=None).error(1, xdr.optional(xdr.string("qemu:///system")) + xdr.u32(0)).key == DENIED


def typed(field: str, kind: int, value: bytes) -> bytes:
    return xdr.string(field) + xdr.i32(kind) + value


def identity(user: int, process: int, started: int, *more: bytes) -> bytes:
    return xdr.array([typed("unix-user-id", 4, xdr.u64(user)), typed("process-id", 3, xdr.i64(process)),
                      typed("process-time", 4, xdr.u64(started)), *more]) + xdr.u32(0)


def start_time(process: int) -> int:
    with open(f"/proc/{process}/stat") as stat:
        return int(stat.read().rsplit(")", 1)[1].split()[19])


def test_root_calls_for_another(guarded, objects, user):
    server, authority = guarded
    authority.rule(CONNECT + SEEN + NOTHING_ELSE)
    with server.connect() as stream:
        client = WireClient(stream, open_as=None)
        client.call(66)
        client.call(1, xdr.optional(xdr.string("qemu:///system")) + xdr.u32(0))
        assert client.call(71).i32() == 2
        client.call(SET_IDENTITY, identity(65534, user.process.pid, start_time(user.process.pid)))
        assert client.call(71).i32() == 1
        assert client.error(87, objects.handle("hidden")).key == DENIED


@pytest.mark.cistern_only("libvirtd believes everybody who has the right connect:write")
def test_nobody_is_not_believed_to_be_root(nobody, objects, guarded):
    server, _ = guarded
    client = nobody(CONNECT)
    assert client.error(SET_IDENTITY, identity(0, os.getpid(), start_time(os.getpid()))).key == DENIED
    assert client.error(87, objects.handle()).key == DENIED
    token = server.root / "state" / "run" / "common" / "system.token"
    token.parent.mkdir(exist_ok=True)
    token.write_text("0123456789abcdef" * 2)
    for told, believed in (("", False), ("f" * 32, False), ("0123456789abcdef" * 2, True)):
        payload = identity(0, os.getpid(), start_time(os.getpid()), typed("system.token", 7, xdr.string(told)))
        if believed:
            client.call(SET_IDENTITY, payload)
        else:
            assert client.error(SET_IDENTITY, payload).key == DENIED
    assert client.call(87, objects.handle()).i32() == 2


def test_virsh_of_another_user_sees_its_part(guarded, objects, tmp_path_factory):
    server, authority = guarded
    home = tmp_path_factory.mktemp("home")
    for folder in (home, home.parent, home.parent.parent):
        os.chmod(folder, 0o777 if folder == home else 0o755)
    virsh = NobodysVirsh(server.uri(), home)
    authority.rule(CONNECT + "if (action.lookup('pool_name') == 'seen' && action.id != 'org.libvirt.api.storage-pool.stop') "
                   "return polkit.Result.YES;\n" + NOTHING_ELSE)
    assert virsh.ok("pool-list", "--all", "--name").split() == ["seen"]
    assert [line.split()[0] for line in virsh.ok("vol-list", "seen").splitlines()[2:]] == ["a", "b"]
    virsh.fails("vol-list", "hidden", says="access denied")
    virsh.fails("pool-destroy", "seen", says="'QEMU' denied access")
