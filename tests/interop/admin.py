"""The stock virt-admin, and the admin program's packets."""

from dataclasses import dataclass

from virsh import Virsh
from wire import xdr
from wire.client import WireClient
from wire.xdr import Reader

ADMIN = 0x06900690

# The types of typed parameters, and how each is read and written.
INT, UINT, BOOLEAN, STRING = 1, 2, 6, 7
READ = {INT: Reader.i32, UINT: Reader.u32, BOOLEAN: Reader.i32, STRING: Reader.string}
WRITE = {INT: xdr.i32, UINT: xdr.u32, BOOLEAN: xdr.i32, STRING: xdr.string}


class VirtAdmin(Virsh):
    """`virt-admin(*arguments)` runs one command, as with Virsh."""

    def __init__(self, server, home):
        super().__init__(f"libvirtd:///system?socket={server.admin_path}", home)

    def argv(self, *arguments) -> list:
        return ["virt-admin", "-c", self.uri, *map(str, arguments)]

    def table(self, *arguments) -> list[list[str]]:
        """The rows of a list."""
        return [line.split(maxsplit=2) for line in self.ok(*arguments).splitlines()[2:] if line.strip()]

    def fields(self, *arguments) -> dict[str, str]:
        """What is told as `name : value`."""
        lines = (line.partition(":") for line in self.ok(*arguments).splitlines() if line.strip())
        return {name.strip(): value.strip() for name, _, value in lines}


@dataclass(frozen=True)
class Client:
    """One in a list of clients."""

    server: str
    id: int
    timestamp: int
    transport: int

    def encode(self) -> bytes:
        return xdr.string(self.server) + xdr.u64(self.id) + xdr.i64(self.timestamp) + xdr.u32(self.transport)

    @staticmethod
    def read(reader: Reader) -> "Client":
        return Client(reader.string(), reader.u64(), reader.i64(), reader.u32())


class AdminClient(WireClient):
    """A connection to an admin socket, on which nothing has been said."""

    def __init__(self, server):
        super().__init__(server.connect("admin"), open_as=None)

    def send(self, procedure: int, payload: bytes = b"", **header) -> int:
        return super().send(procedure, payload, **({"program": ADMIN} | header))

    def clients(self, server: str) -> list[Client]:
        reader = self.call(8, xdr.string(server) + xdr.u32(1) + xdr.u32(0))
        return [Client.read(reader) for _ in range(reader.u32())]


def parameters(reader: Reader) -> list[tuple]:
    """Typed parameters: name, type and value."""
    found = []
    for _ in range(reader.u32()):
        name, kind = reader.string(), reader.u32()
        found.append((name, kind, READ[kind](reader)))
    return found


def parameter(name: str, value, kind: int = UINT) -> bytes:
    return xdr.string(name) + xdr.u32(kind) + WRITE[kind](value)
