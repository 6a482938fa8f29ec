"""Packets, and a client that sends and receives them one by one."""

import struct
from dataclasses import dataclass

from wire import xdr

REMOTE = 0x20008086
KEEPALIVE = 0x6B656570
CALL, REPLY, MESSAGE, STREAM, CALL_WITH_FDS, REPLY_WITH_FDS, HOLE = range(7)
OK, ERROR, CONTINUE = range(3)
PING, PONG = 1, 2
OPEN, CLOSE, AUTH_LIST = 1, 2, 66
MAX_LENGTH = 33554436
HEADER = struct.Struct(">IIiIII")


@dataclass(frozen=True)
class Packet:
    program: int
    version: int
    procedure: int
    type: int
    serial: int
    status: int
    payload: bytes = b""

    def encode(self) -> bytes:
        header = HEADER.pack(self.program, self.version, self.procedure, self.type, self.serial, self.status)
        return xdr.u32(4 + len(header) + len(self.payload)) + header + self.payload

    def error(self) -> "RemoteError":
        assert self.status == ERROR, f"not an error: {self}"
        return RemoteError.decode(self.payload)

    def read(self) -> xdr.Reader:
        assert self.status == OK, f"not a reply: {self.error() if self.status == ERROR else self}"
        return xdr.Reader(self.payload)


class Closed(Exception):
    """The server closed the connection."""


@dataclass
class RemoteError(Exception):
    code: int
    domain: int
    message: str
    level: int
    int1: int
    int2: int

    @staticmethod
    def decode(payload: bytes) -> "RemoteError":
        reader = xdr.Reader(payload)
        code, domain, message, level = reader.i32(), reader.i32(), reader.optional(reader.string), reader.i32()
        assert reader.u32() == 0, "an error carries no domain object"
        for _ in range(3):
            reader.optional(reader.string)
        error = RemoteError(code, domain, message, level, reader.i32(), reader.i32())
        assert reader.u32() == 0, "an error carries no network object"
        assert reader.done(), "trailing bytes behind the error"
        return error

    @property
    def key(self) -> tuple[int, int]:
        return self.code, self.domain


class WireClient:
    """One connection; `call` returns a reader of the reply or raises RemoteError."""

    def __init__(self, stream, open_as: str | None = "qemu:///system", flags: int = 0):
        self.stream = stream
        self.serial = 0
        if open_as is not None:
            self.call(OPEN, xdr.optional(xdr.string(open_as)) + xdr.u32(flags))

    def send(self, procedure: int, payload: bytes = b"", *, program: int = REMOTE, version: int = 1, type: int = CALL,
             serial: int | None = None, status: int = OK) -> int:
        """Sends one packet and returns its serial."""
        if serial is None:
            serial = self.serial
            self.serial += 1
        self.send_raw(Packet(program, version, procedure, type, serial, status, payload).encode())
        return serial

    def send_raw(self, data: bytes) -> None:
        self.stream.sendall(data)

    def receive(self) -> Packet:
        length, = struct.unpack(">I", self._exactly(4))
        assert 28 <= length <= MAX_LENGTH, f"bad length {length}"
        data = self._exactly(length - 4)
        return Packet(*HEADER.unpack(data[:24]), data[24:])

    def call_packet(self, procedure: int, payload: bytes = b"", **header) -> Packet:
        serial = self.send(procedure, payload, **header)
        return self.reply_to(serial)

    def reply_to(self, serial: int) -> Packet:
        packet = self.receive()
        assert (packet.type, packet.serial) == (REPLY, serial), f"unexpected {packet}"
        return packet

    def call(self, procedure: int, payload: bytes = b"", **header) -> xdr.Reader:
        packet = self.call_packet(procedure, payload, **header)
        if packet.status == ERROR:
            raise packet.error()
        return packet.read()

    def error(self, procedure: int, payload: bytes = b"", **header) -> RemoteError:
        """The error that a call must give."""
        packet = self.call_packet(procedure, payload, **header)
        assert packet.status == ERROR, f"procedure {procedure} succeeded"
        return packet.error()

    def assert_silent(self) -> None:
        """Nothing is on the wire but the answer to one more call: what came before was dropped."""
        self.call(AUTH_LIST)

    def assert_closed(self) -> None:
        try:
            packet = self.receive()
        except (Closed, ConnectionResetError):
            return
        raise AssertionError(f"the server answered {packet} instead of closing")

    def close(self) -> None:
        self.stream.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _exactly(self, size: int) -> bytes:
        data = bytearray()
        while len(data) < size:
            piece = self.stream.recv(size - len(data))
            if not piece:
                raise Closed
            data += piece
        return bytes(data)
