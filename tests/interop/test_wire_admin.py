"""Every procedure of the admin program as a raw packet: what it answers, what it refuses, and on which sockets it is served."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

import pytest

from admin import ADMIN, BOOLEAN, INT, STRING, UINT, AdminClient, Client, parameter, parameters
from test_wire_procedures import CALLS as REMOTE_CALLS
from test_wire_procedures import a_string, an_int, exactly, void
from users import Nobody, only_root
from wire import xdr
from wire.client import AUTH_LIST, MESSAGE, PING, PONG, KEEPALIVE, Packet, WireClient
from wire.xdr import Reader

DEFINITION = Path(__file__).resolve().parents[2] / "protocol-defs" / "admin_protocol.x"
RPC, ADMIN_MODULE = 7, 62
SERVER = xdr.string("libvirtd")
NO_SERVER, NO_CLIENT, BAD_FLAGS = 95, 96, (8, ADMIN_MODULE)
ZERO = xdr.u32(0)
WORKERS = ["minWorkers", "maxWorkers", "nWorkers", "freeWorkers", "prioWorkers", "jobQueueDepth"]
LIMITS = ["nclients_max", "nclients", "nclients_unauth_max", "nclients_unauth"]


@dataclass
class Context:
    client: AdminClient

    @property
    def one(self) -> Client:
        """A client to ask about: this one itself."""
        return self.client.clients("admin")[-1]


@dataclass(frozen=True)
class Call:
    number: int
    arguments: Callable                         # of the context, less the flags at the end
    expected: Callable | tuple = void           # reads the reply, or is an error's code and domain
    has_flags: bool = True
    missing: int | None = None                  # the module of the error when the server is another one

    def payload(self, context: Context, flags: int = 0, server: str = "libvirtd") -> bytes:
        arguments = self.arguments(context).replace(SERVER, xdr.string(server), 1)
        return arguments + (xdr.u32(flags) if self.has_flags else b"")


def none(_) -> bytes:
    return b""


def server(_) -> bytes:
    return SERVER


def servers(reader: Reader) -> None:
    assert sorted(reader.strings()) == ["admin", "libvirtd"] and reader.u32() == 2


def uints(names: list[str]):
    def check(reader: Reader) -> None:
        assert [(name, kind) for name, kind, _ in parameters(reader)] == [(name, UINT) for name in names]
    return check


def clients(reader: Reader) -> None:
    listed = [Client.read(reader) for _ in range(reader.u32())]
    assert reader.u32() == len(listed)


def client_info(reader: Reader) -> None:
    told = {name: (kind, value) for name, kind, value in parameters(reader)}
    assert told["readonly"] == (BOOLEAN, 0) and told["unix_user_id"][0] == INT and told["unix_user_name"][0] == STRING


def optional_string(reader: Reader) -> None:
    assert reader.optional(reader.string) is None and reader.u32() == 0


def outputs(reader: Reader) -> None:
    assert len(reader.string().split()) == reader.u32() == 1


CALLS = [
    Call(1, none),
    Call(2, none, has_flags=False),
    Call(3, none, exactly(Reader.u64, 9_000_000), has_flags=False),
    Call(4, lambda _: xdr.u32(1), servers),
    Call(5, server, a_string, has_flags=False, missing=RPC),
    Call(6, server, uints(WORKERS), missing=RPC),
    Call(7, lambda _: SERVER + xdr.array([]), missing=ADMIN_MODULE),
    Call(8, lambda _: SERVER + xdr.u32(1), clients, missing=RPC),
    Call(9, lambda _: SERVER + xdr.u64(4711), (NO_CLIENT, RPC), missing=RPC),
    Call(10, lambda context: context.one.encode(), client_info),
    Call(11, lambda _: Client("libvirtd", 4711, 0, 0).encode(), (NO_CLIENT, RPC), missing=RPC),
    Call(12, server, uints(LIMITS), missing=RPC),
    Call(13, lambda _: SERVER + xdr.array([]), missing=ADMIN_MODULE),
    Call(14, none, outputs),
    Call(15, none, optional_string),
    Call(16, lambda _: xdr.optional(None)),
    Call(17, lambda _: xdr.optional(None)),
    Call(18, server, (1, RPC), missing=RPC),
    Call(19, lambda _: xdr.u32(0)),
]

# The one whose flags libvirt does not look at, and so nobody does.
LOOKUP_SERVER = 5


def payload_of(call: Call, context: Context, **changes) -> bytes:
    return call.payload(context, **changes) + (ZERO if call.number == LOOKUP_SERVER else b"")


EVERY_CALL = pytest.mark.parametrize("call", CALLS, ids=lambda call: str(call.number))


@pytest.fixture
def context(server):
    with AdminClient(server) as client:
        yield Context(client)


@EVERY_CALL
def test_the_procedure_answers(context, call):
    """Nothing needs to be opened before."""
    packet = context.client.call_packet(call.number, payload_of(call, context))
    if isinstance(call.expected, tuple):
        assert packet.error().key == call.expected
        return
    reader = packet.read()
    call.expected(reader)
    assert reader.done(), f"{len(reader.data) - reader.at} bytes too many"


@pytest.mark.parametrize("call", [call for call in CALLS if call.has_flags], ids=lambda call: str(call.number))
def test_flags_that_mean_nothing_are_refused(context, call):
    if call.expected == (NO_CLIENT, RPC):
        pytest.skip("the client is looked for first")
    assert context.client.error(call.number, call.payload(context, flags=4)).key == BAD_FLAGS


def test_looking_a_server_up_takes_any_flags(context):
    assert context.client.call(LOOKUP_SERVER, SERVER + xdr.u32(4)).string() == "libvirtd"


@pytest.mark.parametrize("call", [call for call in CALLS if call.missing], ids=lambda call: str(call.number))
def test_a_server_that_is_not_there_is_missed(context, call):
    assert context.client.error(call.number, payload_of(call, context, server="libvirtq")).key == (NO_SERVER, call.missing)


def test_a_client_that_is_not_there_is_missed(context):
    error = context.client.error
    assert error(10, Client("admin", 4711, 0, 0).encode() + ZERO).key == (NO_CLIENT, ADMIN_MODULE)
    assert error(10, Client("no", 1, 0, 0).encode() + ZERO).key == (NO_SERVER, ADMIN_MODULE)
    assert error(9, SERVER + xdr.u64(2 ** 64 - 1) + ZERO).key == (NO_CLIENT, RPC)


@pytest.mark.parametrize("number, known", [(7, "minWorkers"), (13, "nclients_max")])
@pytest.mark.parametrize("given, key", [
    (lambda _: [parameter("nothing", 1)], (74, 0)),
    (lambda known: [parameter(known, 1, INT)], (8, 0)),
    (lambda known: [parameter(known, "1", STRING)], (8, 0)),
    (lambda known: [parameter(known, 1), parameter(known, 1)], (8, 0)),
    (lambda _: [parameter("n" * 80, 1)], (1, 0)),
    (lambda known: [parameter(known, 1)] * 33, (39, RPC)),
], ids=["unknown", "type", "string", "twice", "long", "many"])
def test_parameters_that_mean_nothing_are_refused(context, number, known, given, key):
    assert context.client.error(number, SERVER + xdr.array(given(known)) + ZERO).key == key


@pytest.mark.parametrize("number, name", [(4, b""), (8, SERVER)])
def test_a_list_may_be_asked_for_its_length_alone(context, number, name):
    reader = context.client.call(number, name + ZERO + ZERO)
    assert reader.u32() == 0
    assert number == 8 or reader.u32() == 2


@pytest.mark.parametrize("call", [call for call in CALLS if call.has_flags or call.arguments is not none], ids=lambda call: str(call.number))
def test_truncated_arguments_are_an_rpc_error(context, call):
    arguments = payload_of(call, context)
    for size in {0, len(arguments) - 4, len(arguments) - 1}:
        assert context.client.error(call.number, arguments[:size]).key == (39, RPC)
    assert context.client.call(3).u64()


@pytest.mark.parametrize("number", [0, -1, 20, 2 ** 31 - 1])
def test_a_procedure_that_is_not_there_is_an_rpc_error(context, number):
    assert context.client.error(number).key == (39, RPC)


def test_closing_ends_the_connection(context):
    context.client.call(2)
    context.client.assert_closed()


def test_the_client_may_ask_whether_the_server_lives(context):
    context.client.send_raw(Packet(KEEPALIVE, 1, PING, MESSAGE, 0, 0).encode())
    packet = context.client.receive()
    assert (packet.program, packet.procedure) == (KEEPALIVE, PONG)


@EVERY_CALL
@pytest.mark.parametrize("transport", ["unix", "ro", "tcp"])
def test_it_is_not_spoken_on_other_sockets(server, context, call, transport):
    with WireClient(server.connect(transport)) as client:
        assert client.error(call.number, payload_of(call, context), program=ADMIN).key == (39, RPC)
        client.assert_silent()


@pytest.mark.parametrize("number", sorted({call.number for call in REMOTE_CALLS} | {AUTH_LIST}))
def test_nothing_else_is_spoken_on_its_socket(context, number):
    assert context.client.error(number, program=0x20008086).key == (39, RPC)
    assert context.client.call(3).u64()


@only_root
def test_others_are_closed_unheard_even_where_the_file_lets_them(serve):
    server = serve({"unix_sock_admin_perms": "0777"})
    with Nobody() as nobody:
        stream = nobody.connect(server.admin_path)
        try:
            stream.sendall(Packet(ADMIN, 1, 3, 0, 0, 0).encode())
            assert stream.recv(1) == b""
        except (ConnectionResetError, BrokenPipeError):
            pass
    with AdminClient(server) as client:
        assert client.call(3).u64()


def test_every_procedure_has_a_row_in_this_table():
    """The protocol definition is the list of what there is."""
    assert len({call.number for call in CALLS}) == len(CALLS)
    if not DEFINITION.exists():
        pytest.skip("protocol-defs/admin_protocol.x is missing")
    defined = {int(number) for number in re.findall(r"\bADMIN_PROC_\w+\s*=\s*(\d+)", DEFINITION.read_text())}
    assert defined == {call.number for call in CALLS}
