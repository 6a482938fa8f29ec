"""XDR (RFC 4506) encoders, one function a type, and a reader."""

import struct
import uuid as uuids


def i32(value: int) -> bytes:
    return struct.pack(">i", value)


def u32(value: int) -> bytes:
    return struct.pack(">I", value)


def i64(value: int) -> bytes:
    return struct.pack(">q", value)


def u64(value: int) -> bytes:
    return struct.pack(">Q", value)


def opaque(value: bytes) -> bytes:
    return u32(len(value)) + value + bytes(-len(value) % 4)


def string(value: str) -> bytes:
    return opaque(value.encode())


def optional(encoded: bytes | None) -> bytes:
    return u32(0) if encoded is None else u32(1) + encoded


def array(items) -> bytes:
    items = list(items)
    return u32(len(items)) + b"".join(items)


def uuid(value: str | bytes) -> bytes:
    return value if isinstance(value, bytes) else uuids.UUID(value).bytes


def pool(name: str, identity: str | bytes) -> bytes:
    return string(name) + uuid(identity)


def volume(pool_name: str, name: str, key: str = "") -> bytes:
    return string(pool_name) + string(name) + string(key)


def secret(identity: str | bytes, usage_type: int = 0, usage: str = "") -> bytes:
    return uuid(identity) + i32(usage_type) + string(usage)


class Reader:
    """Takes values off the front of a reply's payload; `done` says that nothing is left."""

    def __init__(self, data: bytes):
        self.data = data
        self.at = 0

    def _take(self, size: int) -> bytes:
        assert self.at + size <= len(self.data), "payload too short"
        self.at += size
        return self.data[self.at - size:self.at]

    def i32(self) -> int:
        return struct.unpack(">i", self._take(4))[0]

    def u32(self) -> int:
        return struct.unpack(">I", self._take(4))[0]

    def i64(self) -> int:
        return struct.unpack(">q", self._take(8))[0]

    def u64(self) -> int:
        return struct.unpack(">Q", self._take(8))[0]

    def opaque(self) -> bytes:
        size = self.u32()
        value = self._take(size)
        self._take(-size % 4)
        return value

    def string(self) -> str:
        return self.opaque().decode()

    def strings(self) -> list[str]:
        return [self.string() for _ in range(self.u32())]

    def optional(self, read):
        return read() if self.u32() else None

    def uuid(self) -> bytes:
        return self._take(16)

    def pool(self) -> tuple[str, bytes]:
        return self.string(), self.uuid()

    def volume(self) -> tuple[str, str, str]:
        return self.string(), self.string(), self.string()

    def done(self) -> bool:
        return self.at == len(self.data)
