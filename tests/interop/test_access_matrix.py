"""Every procedure that a client can send, as a client that may do everything, may only read, has not authenticated, or is denied one right.
What each of them must get is read off the protocol definition."""

import re
from dataclasses import dataclass

import pytest

from admin import ADMIN, AdminClient
from authority import Authority
from test_access_control import OPEN as OPEN_RULES
from test_access_control import NOTHING_ELSE
from test_polkit import private
from test_wire_admin import CALLS as ADMIN_CALLS
from test_wire_admin import Context as AdminContext
from test_wire_admin import payload_of as admin_payload
from test_wire_procedures import CALLS, DEFINITION, Context
from users import Nobody, only_root
from wire import xdr
from wire.client import AUTH_LIST, OPEN, WireClient

AUTH_POLKIT, SET_IDENTITY = 70, 419
DENIED, UNAUTHENTICATED = (88, 55), (39, 7)
DOMAINS = {"VIR_FROM_STORAGE": 18, "VIR_FROM_DOMAIN": 20, "VIR_FROM_SECRET": 30}
READ_ONLY = {(29, domain) for domain in DOMAINS.values()}

# What is looked for by path or key and may not be seen does not exist.
ABSENT = {96: (50, 18), 97: (50, 18)}

# Kinds of objects of which there is none that a right could be asked of.
NO_OBJECTS = {"domain", "network", "interface", "node_device", "nwfilter", "nwfilter_binding"}

pytestmark = [
    only_root,
    pytest.mark.skipif(not Authority.usable(), reason="polkitd or dbus-daemon is not installed"),
    pytest.mark.skipif(not DEFINITION.exists(), reason="protocol-defs/remote_protocol.x is missing"),
    pytest.mark.cistern_only("libvirtd serves procedures that the definition leaves out, and has objects of every kind"),
]


@dataclass(frozen=True)
class Rules:
    number: int
    rights: tuple = ()          # "object:permission"
    visible: str | None = None  # the right that each result needs
    read_only: int | None = None
    early: bool = False


def definition() -> dict[int, Rules]:
    found = {}
    for comment, number in re.findall(r"/\*\*(.*?)\*/\s*REMOTE_PROC_\w+\s*=\s*(\d+)", DEFINITION.read_text(), re.S):
        notes = re.findall(r"@(\w+):\s*(.*?)\s*$", comment, re.M)
        denied = [DOMAINS[value.split()[1]] for key, value in notes if key == "readonly"]
        found[int(number)] = Rules(
            int(number),
            tuple(value for key, value in notes if key == "acl" and value != "none"),
            next((value for key, value in notes if key == "aclfilter"), None),
            denied[0] if denied else None,
            ("auth", "none") in notes)
    return found


RULES = definition() if DEFINITION.exists() else {}
EVERY_CALL = pytest.mark.parametrize("call", CALLS, ids=lambda call: str(call.number))


def new_secret(_) -> bytes:
    return xdr.string("<secret><usage type='volume'><volume>/new</volume></usage></secret>") + xdr.u32(0)


# Where the table of calls names no object: here there is one.
ARGUMENTS = {
    141: lambda context: context.secret.UUID(),
    142: new_secret,
    143: lambda context: xdr.secret(context.secret.UUID()) + xdr.u32(0),
    144: lambda context: xdr.secret(context.secret.UUID()) + xdr.opaque(b"value") + xdr.u32(0),
    145: lambda context: xdr.secret(context.secret.UUID()) + xdr.u32(0),
    146: lambda context: xdr.secret(context.secret.UUID()),
    147: lambda context: xdr.i32(1) + xdr.string("/old"),
    209: lambda context: context.volume + xdr.u64(0) + xdr.u64(0) + xdr.u32(0),
}


@pytest.fixture(scope="module")
def guarded(request):
    with private(request.config.getoption("against"), auth_unix_rw="polkit", auth_unix_ro="polkit", access_drivers=["polkit"]) as both:
        yield both


@pytest.fixture(scope="module")
def server(guarded):
    return guarded[0]


@pytest.fixture
def context(conn, pool, tmp_path):
    pool.create("v")
    made = Context(None, pool, tmp_path)
    made.secret = conn.secretDefineXML("<secret><usage type='volume'><volume>/old</volume></usage></secret>")
    yield made
    for left in conn.listAllSecrets():
        left.undefine()
    for left in conn.listAllStoragePools():
        if left.name() == "new":
            if left.isActive():
                left.destroy()
            else:
                left.undefine()


def arguments(call, context) -> bytes:
    if call.before:
        call.before(context)
    return ARGUMENTS.get(call.number, call.arguments)(context)


def opened(stream, flags: int = 0) -> WireClient:
    client = WireClient(stream, open_as=None)
    client.call(AUTH_LIST)
    client.call(OPEN, xdr.optional(xdr.string("qemu:///system")) + xdr.u32(flags))
    return client


def key_of(packet) -> tuple | None:
    """The error's code and domain; None for an answer."""
    return packet.error().key if packet.status else None


def action(right: str) -> str:
    return "org.libvirt.api." + right.replace(":", ".").replace("_", "-")


@pytest.fixture(scope="module")
def user():
    with Nobody() as process:
        yield process


@pytest.fixture
def nobody(server, user):
    def connect(opens: bool = True) -> WireClient:
        client = WireClient(user.connect(server.unix_path), open_as=None)
        assert client.call(AUTH_POLKIT).i32() == 1
        if opens:
            client.call(OPEN, xdr.optional(xdr.string("qemu:///system")) + xdr.u32(0))
        return client

    yield connect
    user.close_connections()


@EVERY_CALL
def test_who_may_do_everything_is_refused_nothing(server, context, call):
    stream = server.connect()
    client = opened(stream) if call.opened else WireClient(stream, open_as=None)
    if not call.opened and call.number == OPEN:
        client.call(AUTH_LIST)
    key = key_of(client.call_packet(call.number, arguments(call, context)))
    assert key not in {DENIED, *READ_ONLY} and (key != UNAUTHENTICATED or call.number in (203, 342)), key
    stream.close()


@EVERY_CALL
@pytest.mark.parametrize("how", ["flag", "socket"])
def test_who_may_only_read_is_refused_every_change(server, context, call, how):
    if not call.opened:
        pytest.skip("comes before the connection is read-only")
    stream = server.connect("unix" if how == "flag" else "ro")
    key = key_of(opened(stream, flags=how == "flag").call_packet(call.number, arguments(call, context)))
    domain = RULES[call.number].read_only
    assert key == (29, domain) if domain else key not in READ_ONLY, key
    stream.close()


@EVERY_CALL
def test_who_has_not_authenticated_is_refused_everything_but_that(server, context, call):
    stream = server.connect()
    key = key_of(WireClient(stream, open_as=None).call_packet(call.number, arguments(call, context)))
    assert (key == UNAUTHENTICATED) == (not RULES[call.number].early), key
    stream.close()


@EVERY_CALL
def test_the_stated_rights_suffice(guarded, nobody, context, call):
    rules = RULES[call.number]
    granted = [*rules.rights, *([rules.visible] if rules.visible else [])]
    payload = arguments(call, context)
    guarded[1].rule(OPEN_RULES + "".join(f"if (action.id == '{action(right)}') return polkit.Result.YES;\n" for right in granted) + NOTHING_ELSE)
    key = key_of(nobody(call.opened).call_packet(call.number, payload))
    assert key != DENIED or call.number == SET_IDENTITY


RIGHTS = sorted({right for rules in RULES.values() for right in rules.rights})


@pytest.mark.parametrize("right", RIGHTS)
def test_each_stated_right_is_necessary(guarded, nobody, context, right):
    """Everything is granted but this one."""
    guarded[1].rule(f"return action.id == '{action(right)}' ? polkit.Result.NO : polkit.Result.YES;")
    for call in CALLS:
        if right not in RULES[call.number].rights or (right == "connect:getattr" and call.number != OPEN):
            continue
        client = nobody(opens=call.opened)
        key = key_of(client.call_packet(call.number, arguments(call, context)))
        if right.split(":")[0] in NO_OBJECTS:
            assert key not in (None, DENIED), (call.number, key)
        else:
            assert key == ABSENT.get(call.number, DENIED), (call.number, key)
        if call.before and not context.pool.api.isActive():
            context.pool.api.create()


FILTERED = {71: 4, 72: 4, 91: 4, 92: 4, 281: 8, 282: 8, 139: 4, 140: 4, 287: 8}


@pytest.mark.parametrize("number", sorted(FILTERED))
def test_what_may_not_be_seen_is_not_in_a_list(guarded, nobody, context, number):
    call, = (call for call in CALLS if call.number == number)
    guarded[1].rule(f"return action.id == '{action(RULES[number].visible)}' ? polkit.Result.NO : polkit.Result.YES;")
    assert nobody().call(number, arguments(call, context)).data == bytes(FILTERED[number])
    guarded[1].rule("return polkit.Result.YES;")
    assert nobody().call(number, arguments(call, context)).data != bytes(FILTERED[number])


@pytest.mark.parametrize("call", ADMIN_CALLS, ids=lambda call: str(call.number))
def test_no_right_lets_a_client_administer(guarded, nobody, call):
    """The admin program is spoken on its own socket alone, whatever polkit grants, and there with nobody but root and the server's user."""
    server, authority = guarded
    authority.rule("return polkit.Result.YES;")
    with AdminClient(server) as administrator:
        payload = admin_payload(call, AdminContext(administrator))
    client = nobody()
    assert client.error(call.number, payload, program=ADMIN).key == (39, 7)
    with WireClient(server.connect("ro"), open_as=None) as unauthenticated:
        assert unauthenticated.error(call.number, payload, program=ADMIN).key == (39, 7)


def test_the_definition_states_rules_for_every_call():
    assert {call.number for call in CALLS} <= RULES.keys()
    assert len(RIGHTS) > 30 and sum(rules.read_only is not None for rules in RULES.values()) > 20
