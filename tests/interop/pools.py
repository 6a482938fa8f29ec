"""Directory pools and their XML for the tests."""

import re
import uuid
from contextlib import suppress
from pathlib import Path

import libvirt

KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30
NIL_UUID = "00000000-0000-0000-0000-000000000000"


def pool_xml(name: str, path, extra: str = "", identity: str | None = None) -> str:
    return (f"<pool type='dir'><name>{name}</name>{f'<uuid>{identity}</uuid>' if identity else ''}"
            f"{extra}<target><path>{path}</path></target></pool>")


def volume_xml(name: str, capacity=MIB, *, allocation=None, format: str | None = None, extra: str = "",
               unit: str | None = None) -> str:
    unit = f" unit='{unit}'" if unit else ""
    allocated = "" if allocation is None else f"<allocation>{allocation}</allocation>"
    target = f"<target><format type='{format}'/></target>" if format else ""
    return f"<volume><name>{name}</name><capacity{unit}>{capacity}</capacity>{allocated}{target}{extra}</volume>"


def backing_xml(path, format: str) -> str:
    return f"<backingStore><path>{path}</path><format type='{format}'/></backingStore>"


def mask(xml: str) -> str:
    """XML without what differs from run to run: uuids, times, the file system's numbers of a pool."""
    xml = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "UUID", xml)
    xml = re.sub(r"<([amc]time|btime)>[0-9.]+<", r"<\1>TIME<", xml)
    return re.sub(r"(<pool .*?)</pool>", lambda m: re.sub(r"<(capacity|allocation|available) unit='bytes'>[1-9]\d*<", r"<\1 unit='bytes'>N<", m[0]),
                  xml, flags=re.S)


class Pool:
    """A dir pool driven through the binding: made on entry, stopped and undefined on exit, whatever state it is in."""

    def __init__(self, conn, name: str, path: Path, start: bool = True):
        self.conn = conn
        self.name = name
        self.path = Path(path)
        self.uuid = str(uuid.uuid4())
        self.starts = start

    def __enter__(self):
        self.path.mkdir(parents=True, exist_ok=True)
        self.api = self.conn.storagePoolDefineXML(pool_xml(self.name, self.path, identity=self.uuid))
        if self.starts:
            self.api.create()
        return self

    def __exit__(self, *_):
        for step in (self.api.destroy, self.api.undefine):
            with suppress(libvirt.libvirtError):
                step()

    def create(self, name: str, capacity=MIB, flags: int = 0, **shape) -> libvirt.virStorageVol:
        return self.api.createXML(volume_xml(name, capacity, **shape), flags)

    def file(self, name: str) -> Path:
        return self.path / name

    def names(self) -> list[str]:
        return sorted(volume.name() for volume in self.api.listAllVolumes())
