"""Every procedure that a client can send, as a raw packet: what it answers, and what it refuses on a read-only connection."""

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from pools import MIB, pool_xml, volume_xml
from wire import xdr
from wire.client import WireClient
from wire.xdr import Reader

DEFINITION = Path(__file__).resolve().parents[2] / "protocol-defs" / "remote_protocol.x"
NO_UUID = bytes(range(16))
RPC, STORAGE = 7, 18
NO_POOL, NO_VOLUME = (49, STORAGE), (50, STORAGE)
READ_ONLY = (29, STORAGE)


@dataclass
class Context:
    client: WireClient
    pool: object
    folder: Path

    @property
    def handle(self) -> bytes:
        return xdr.pool(self.pool.name, self.pool.uuid)

    @property
    def volume(self) -> bytes:
        return xdr.volume(self.pool.name, "v")


# What the arguments of several procedures look like.
def none(_) -> bytes:
    return b""


def handle(context) -> bytes:
    return context.handle


def handle_flags(context) -> bytes:
    return context.handle + xdr.u32(0)


def volume(context) -> bytes:
    return context.volume


def volume_flags(context) -> bytes:
    return context.volume + xdr.u32(0)


def list_all(_) -> bytes:
    return xdr.i32(1) + xdr.u32(0)


def missing_name(_) -> bytes:
    return xdr.string("no-such")


def missing_uuid(_) -> bytes:
    return NO_UUID


def missing_interface(_) -> bytes:
    return xdr.string("no-such") + xdr.string("00:00:00:00:00:01")


# What the replies look like; each leaves the reader at the end.
def void(_) -> None:
    pass


def an_int(reader: Reader) -> int:
    return reader.i32()


def a_positive_long(reader: Reader) -> None:
    assert reader.u64() > 0


def a_string(reader: Reader) -> str:
    return reader.string()


def names(reader: Reader) -> list[str]:
    return reader.strings()


def listed(read):
    """A list-all reply: items and their number once more."""
    def check(reader: Reader) -> list:
        items = [read(reader) for _ in range(reader.u32())]
        assert reader.u32() == len(items)
        return items
    return check


def exactly(read, wanted):
    def check(reader: Reader) -> None:
        assert read(reader) == wanted
    return check


def the_pool(reader: Reader) -> None:
    assert reader.string() and reader.uuid()


def the_volume(reader: Reader) -> None:
    assert all(reader.volume())


def pool_info(reader: Reader) -> None:
    assert reader.u32() == 2
    capacity, allocation, available = reader.u64(), reader.u64(), reader.u64()
    assert capacity == allocation + available > 0


def volume_info(reader: Reader) -> None:
    assert (reader.i32(), reader.u64(), reader.u64()) == (0, MIB, MIB)


def node_info(reader: Reader) -> None:
    model = bytes(reader.i32() for _ in range(32))
    assert model.rstrip(b"\0")
    assert reader.u64() > 0
    numbers = [reader.i32() for _ in range(6)]
    assert numbers[0] > 0 and all(n > 0 for n in numbers[2:])


def statistics(reader: Reader) -> None:
    """Either the parameters or, when none were asked for, their number."""
    params = [(reader.string(), reader.u64()) for _ in range(reader.u32())]
    assert len(params) + reader.i32() == 4


def longs(reader: Reader) -> None:
    assert [reader.u64() for _ in range(reader.u32())]


def cpu_map(reader: Reader) -> None:
    assert reader.opaque()
    assert 0 < reader.u32() <= reader.i32()


def either(check, *errors):
    """The reply that `check` reads, or one of these errors."""
    return check, errors


def inactive(context) -> None:
    context.pool.api.destroy()


def mac(_) -> bytes:
    return xdr.string("00:00:00:00:00:01")


@dataclass(frozen=True)
class Call:
    number: int
    arguments: object
    expected: object = void             # a reader of the reply, an error's (code, domain), or `either`
    before: object = None               # prepares the pool
    read_only: tuple | None = None      # the error on a read-only connection
    opened: bool = True


def new_pool(context) -> str:
    (context.folder / "new").mkdir(exist_ok=True)
    return pool_xml("new", context.folder / "new")


NO_STREAM_LIMITS = xdr.u64(0) + xdr.u64(0) + xdr.u32(0)

CALLS = [
    Call(1, lambda _: xdr.optional(xdr.string("qemu:///system")) + xdr.u32(0), opened=False),
    Call(2, none),
    Call(3, none, exactly(a_string, "QEMU")),
    Call(4, none, either(a_positive_long, (1, 10), (1, 0))),
    Call(5, lambda _: xdr.optional(None), an_int),
    Call(6, none, node_info),
    Call(7, none, a_string),
    Call(21, lambda _: xdr.i32(10), names),
    Call(22, lambda _: xdr.i32(1), (42, 10)),
    Call(23, missing_name, (42, 10)),
    Call(24, missing_uuid, (42, 10)),
    Call(25, none, exactly(an_int, 0)),
    Call(36, lambda _: xdr.i32(10), exactly(names, [])),
    Call(37, lambda _: xdr.i32(10), exactly(lambda reader: reader.u32(), 0)),
    Call(38, lambda _: xdr.i32(10), exactly(names, [])),
    Call(46, missing_name, (43, 19)),
    Call(47, missing_uuid, (43, 19)),
    Call(50, none, exactly(an_int, 0)),
    Call(51, none, exactly(an_int, 0)),
    Call(52, none, exactly(an_int, 0)),
    Call(59, none, a_string),
    Call(60, lambda _: xdr.i32(14), exactly(an_int, 1)),
    Call(66, none, exactly(lambda reader: (reader.u32(), reader.i32()), (1, 0)), opened=False),
    Call(67, none, (45, RPC), opened=False),
    Call(68, lambda _: xdr.string("PLAIN") + xdr.i32(1) + xdr.array([]), (45, RPC), opened=False),
    Call(69, lambda _: xdr.i32(1) + xdr.array([]), (45, RPC), opened=False),
    Call(70, none, either(void, (1, RPC), (45, RPC), (45, 60), (45, 0)), opened=False),
    Call(71, none, an_int),
    Call(72, lambda _: xdr.i32(100), names),
    Call(73, none, an_int, before=inactive),
    Call(74, lambda _: xdr.i32(100), names, before=inactive),
    Call(75, lambda _: xdr.string("dir") + xdr.optional(None) + xdr.u32(0), (3, STORAGE), read_only=READ_ONLY),
    Call(76, lambda context: xdr.string(new_pool(context)) + xdr.u32(0), the_pool, read_only=READ_ONLY),
    Call(77, lambda context: xdr.string(new_pool(context)) + xdr.u32(0), the_pool, read_only=READ_ONLY),
    Call(78, handle_flags, before=inactive, read_only=READ_ONLY),
    Call(79, handle_flags, before=inactive, read_only=READ_ONLY),
    Call(80, handle, read_only=READ_ONLY),
    Call(81, handle_flags, (38, STORAGE), before=inactive, read_only=READ_ONLY),
    Call(82, handle, before=inactive, read_only=READ_ONLY),
    Call(83, handle_flags, read_only=READ_ONLY),
    Call(84, lambda context: xdr.string(context.pool.name), the_pool),
    Call(85, lambda context: xdr.uuid(context.pool.uuid), the_pool),
    Call(86, volume, the_pool),
    Call(87, handle, pool_info),
    Call(88, handle_flags, a_string),
    Call(89, handle, exactly(an_int, 0)),
    Call(90, lambda context: context.handle + xdr.i32(1), read_only=READ_ONLY),
    Call(91, handle, exactly(an_int, 1)),
    Call(92, lambda context: context.handle + xdr.i32(10), exactly(names, ["v"])),
    Call(93, lambda context: context.handle + xdr.string(volume_xml("w")) + xdr.u32(0), the_volume, read_only=READ_ONLY),
    Call(94, volume_flags, read_only=READ_ONLY),
    Call(95, lambda context: context.handle + xdr.string("v"), the_volume),
    Call(96, lambda context: xdr.string(str(context.pool.file("v"))), the_volume),
    Call(97, lambda context: xdr.string(str(context.pool.file("v"))), the_volume),
    Call(98, volume, volume_info),
    Call(99, volume_flags, a_string),
    Call(100, volume, a_string),
    Call(101, lambda _: xdr.i32(0) + xdr.i32(1), longs),
    Call(102, none, a_positive_long),
    Call(105, none, an_int),
    Call(106, none, either(an_int, (1, 40), (1, RPC), (1, 10), (8, 40))),
    Call(110, none, a_string),
    Call(111, lambda _: xdr.optional(None) + xdr.u32(0), an_int),
    Call(112, lambda _: xdr.optional(None) + xdr.i32(100) + xdr.u32(0), names),
    Call(113, missing_name, (53, 22)),
    Call(114, lambda _: xdr.string("no-such") + xdr.u32(0), (53, 22)),
    Call(115, missing_name, (53, 22)),
    Call(116, missing_name, (53, 22)),
    Call(117, lambda _: xdr.string("no-such") + xdr.i32(10), (53, 22)),
    Call(125, lambda context: context.handle + xdr.string(volume_xml("w")) + context.volume + xdr.u32(0), the_volume, read_only=READ_ONLY),
    Call(126, none, an_int),
    Call(127, lambda _: xdr.i32(100), names),
    Call(128, missing_name, (57, 26)),
    Call(129, mac, (57, 26)),
    Call(137, none, an_int),
    Call(138, lambda _: xdr.i32(100), names),
    Call(139, none, exactly(an_int, 0)),
    Call(140, lambda _: xdr.i32(10), exactly(names, [])),
    Call(141, missing_uuid, (66, 30)),
    Call(142, lambda _: xdr.string("<secret") + xdr.u32(0), (35, 30), read_only=(29, 30)),
    Call(143, lambda _: xdr.secret(NO_UUID) + xdr.u32(0), (66, 30)),
    Call(144, lambda _: xdr.secret(NO_UUID) + xdr.opaque(b"value") + xdr.u32(0), (66, 30), read_only=(29, 30)),
    Call(145, lambda _: xdr.secret(NO_UUID) + xdr.u32(0), (66, 30), read_only=(29, 30)),
    Call(146, lambda _: xdr.secret(NO_UUID), (66, 30), read_only=(29, 30)),
    Call(147, lambda _: xdr.i32(1) + xdr.string("/no/such"), (66, 30)),
    Call(149, none, an_int),
    Call(154, handle, exactly(an_int, 1)),
    Call(155, handle, exactly(an_int, 1)),
    Call(156, missing_interface, (57, 26)),
    Call(157, none, exactly(lambda reader: reader.u64(), 9000000)),
    Call(165, volume_flags, read_only=READ_ONLY),
    Call(167, lambda _: xdr.i32(0)),
    Call(168, lambda _: xdr.i32(0), either(void, (1, RPC), (8, 40), (1, 40))),
    Call(175, missing_name, (62, 33)),
    Call(176, missing_uuid, (62, 33)),
    Call(178, none, exactly(an_int, 0)),
    Call(179, lambda _: xdr.i32(10), exactly(names, [])),
    Call(203, lambda _: xdr.u32(0), either(a_string, (67, 10), (3, 0), (39, RPC))),
    Call(208, lambda context: context.volume + NO_STREAM_LIMITS, read_only=READ_ONLY),
    Call(209, lambda context: xdr.volume(context.pool.name, "no-such") + NO_STREAM_LIMITS, NO_VOLUME, read_only=READ_ONLY),
    Call(227, lambda _: xdr.i32(-1) + xdr.i32(0) + xdr.u32(0), statistics),
    Call(228, lambda _: xdr.i32(4) + xdr.i32(-1) + xdr.u32(0), statistics),
    Call(259, lambda context: context.volume + xdr.u32(0) + xdr.u32(0), read_only=READ_ONLY),
    Call(260, lambda context: context.volume + xdr.u64(2 * MIB) + xdr.u32(0), read_only=READ_ONLY),
    Call(273, list_all, exactly(listed(None), [])),
    Call(281, list_all, listed(Reader.pool)),
    Call(282, lambda context: context.handle + list_all(context), listed(Reader.volume)),
    Call(283, list_all, exactly(listed(Reader.pool), [])),
    Call(284, list_all, listed(lambda reader: (reader.string(), reader.string()))),
    Call(285, list_all, listed(Reader.string)),
    Call(286, list_all, exactly(listed(Reader.pool), [])),
    Call(287, list_all, exactly(listed(None), [])),
    Call(293, lambda _: xdr.i32(1) + xdr.i32(1) + xdr.u32(0), cpu_map),
    Call(297, lambda _: xdr.string("2000000012341234") * 2 + xdr.u32(0), either(None, (53, 22), (1, 0))),
    Call(312, lambda _: xdr.string("x86_64") + xdr.i32(0) + xdr.u32(0), either(lambda reader: (names(reader), reader.i32()), (3, 0), (39, RPC))),
    Call(313, lambda _: xdr.i32(0) + xdr.optional(None), an_int),
    Call(314, lambda _: xdr.i32(4711), (1, RPC)),
    Call(316, lambda _: xdr.i32(0) + xdr.optional(None), an_int),
    Call(317, lambda _: xdr.i32(4711), (1, RPC)),
    Call(340, lambda _: xdr.array([xdr.u32(4)]) + xdr.i32(0) + xdr.u32(1) + xdr.u32(0), longs),
    Call(342, lambda _: xdr.optional(None) * 4 + xdr.u32(0), either(a_string, (67, 10), (3, 0), (39, RPC), (67, 0))),
    Call(344, lambda _: xdr.array([]) + xdr.u32(0) + xdr.u32(0), exactly(lambda reader: reader.u32(), 0)),
    Call(360, none),
    Call(361, none),
    Call(368, lambda _: xdr.i32(0) + xdr.optional(None), an_int),
    Call(369, lambda _: xdr.i32(4711), (1, RPC)),
    Call(374, lambda _: xdr.i32(0) + xdr.optional(None), an_int),
    Call(375, lambda _: xdr.i32(4711), (1, RPC)),
    Call(378, lambda context: context.volume + xdr.u32(1), volume_info),
    Call(380, lambda _: xdr.i32(0) + xdr.optional(None), an_int),
    Call(381, lambda _: xdr.i32(4711), (1, RPC)),
    Call(391, lambda context: xdr.string(str(context.pool.path)), the_pool),
    Call(401, list_all, exactly(listed(None), [])),
    Call(403, lambda _: xdr.u32(0), a_string),
    Call(419, lambda _: xdr.array([]) + xdr.u32(0), either(void, (8, 0), (39, RPC))),
    Call(435, missing_name, (53, 22)),
    Call(436, missing_name, (53, 22)),
]

# Packets of the server: covered by the event tests, and as calls they are refused.
SENT_BY_THE_SERVER = {315, 362, 370, 373, 376, 377, 382, 383}


@pytest.fixture
def context(wire, pool, tmp_path):
    pool.create("v")
    return Context(wire(), pool, tmp_path)


@pytest.fixture(autouse=True)
def no_new_pool_stays(conn):
    yield
    for left in conn.listAllStoragePools():
        if left.name() == "new":
            if left.isActive():
                left.destroy()
            else:
                left.undefine()


@pytest.mark.parametrize("call", CALLS, ids=lambda call: str(call.number))
def test_the_procedure_answers(context, wire, call):
    if call.before:
        call.before(context)
    client = context.client if call.opened else wire(open_as=None)
    packet = client.call_packet(call.number, call.arguments(context))
    check, errors = call.expected, ()
    if isinstance(check, tuple):
        check, errors = (None, (check,)) if isinstance(check[0], int) else check
    if packet.status == 0:
        assert check, f"succeeded, expected {errors}"
        reader = packet.read()
        check(reader)
        assert reader.done(), f"{len(reader.data) - reader.at} bytes too many"
    else:
        assert packet.error().key in errors, packet.error()


@pytest.mark.parametrize("call", [call for call in CALLS if call.read_only], ids=lambda call: str(call.number))
@pytest.mark.parametrize("how", ["flag", "socket"])
def test_a_read_only_connection_is_denied(context, wire, call, how):
    if call.before:
        call.before(context)
    client = wire(flags=1) if how == "flag" else wire("ro")
    assert client.error(call.number, call.arguments(context)).key == call.read_only


@pytest.mark.parametrize("call", [call for call in CALLS if not call.read_only and call.expected in (an_int, the_pool, a_string, pool_info)],
                         ids=lambda call: str(call.number))
def test_a_read_only_connection_may_read(context, wire, call):
    if call.before:
        call.before(context)
    assert wire("ro").call(call.number, call.arguments(context))


@pytest.mark.parametrize("number", sorted(SENT_BY_THE_SERVER))
def test_a_servers_event_is_no_call(context, number):
    assert context.client.error(number).key == (39, RPC)


NEEDS_NO_ARGUMENTS = {call.number for call in CALLS if call.arguments is none}


@pytest.mark.parametrize("call", [call for call in CALLS if call.number not in NEEDS_NO_ARGUMENTS], ids=lambda call: str(call.number))
def test_truncated_arguments_are_an_rpc_error(context, wire, call):
    arguments = call.arguments(context)
    client = context.client if call.opened else wire(open_as=None)
    for size in {0, len(arguments) - 4, len(arguments) - 1}:
        assert client.error(call.number, arguments[:size]).key == (39, RPC)
    client.assert_silent()


@pytest.mark.parametrize("number", [72, 74, 92])
@pytest.mark.parametrize("count", [-1, 16385])
def test_old_list_calls_bound_the_number_of_names(context, number, count):
    arguments = (context.handle if number == 92 else b"") + xdr.i32(count)
    assert context.client.error(number, arguments).key == (39, RPC)


def test_pools_are_found_by_uuid_and_volumes_by_names(context):
    """The name of a pool handle and the key of a volume handle are not looked at."""
    assert context.client.call(87, xdr.pool("other name", context.pool.uuid)).i32() == 2
    assert context.client.error(87, xdr.pool(context.pool.name, NO_UUID)).key == NO_POOL
    assert context.client.call(98, xdr.volume(context.pool.name, "v", "/other/key")).i32() == 0
    assert context.client.error(98, xdr.volume(context.pool.name, "w", str(context.pool.file("v")))).key == NO_VOLUME


def test_every_procedure_has_a_row_in_this_table():
    """The protocol definition is the list of what there is."""
    assert len({call.number for call in CALLS}) == len(CALLS)
    if not DEFINITION.exists():
        pytest.skip("protocol-defs/remote_protocol.x is missing")
    defined = {int(number) for number in re.findall(r"\bREMOTE_PROC_\w+\s*=\s*(\d+)", DEFINITION.read_text())}
    assert defined, "no procedure found in the definition"
    assert defined - SENT_BY_THE_SERVER == {call.number for call in CALLS}
