"""One scripted case on one server: every call's outcome in a form that can be compared."""

import os
import re
import shutil
import stat
from contextlib import suppress
from pathlib import Path

import libvirt

from pools import mask, pool_xml, volume_xml

# The default level is one of the intended differences.
QCOW2 = "<target><format type='qcow2'/><compat>1.1</compat></target>"

# Bytes: what a file system may take beyond a file's data depends on how it laid the file out.
ODD = 1 << 16

# The outcome of one call: what was asked, and what came of it.
Outcome = tuple[str, object]


class Trial:
    """`trial("label", call)` performs a call and records its outcome; a case goes on after an error."""

    def __init__(self, conn, folder: Path):
        self.conn = conn
        self.folder = folder
        self.outcomes: list[Outcome] = []

    def __call__(self, label: str, call, *arguments):
        try:
            value = call(*arguments)
        except libvirt.libvirtError as error:
            self.outcomes.append((label, f"error {error.get_error_code()}/{error.get_error_domain()}"))
            return None
        self.outcomes.append((label, self._plain(value)))
        return value

    def pool(self, name: str = "p", start: bool = True):
        """A pool on a folder of its own; its making is not recorded."""
        (self.folder / name).mkdir(exist_ok=True)
        pool = self.conn.storagePoolDefineXML(pool_xml(name, self.folder / name))
        if start:
            pool.create()
        return pool

    def volume(self, pool, name: str = "v", capacity: int = 1 << 20, **shape):
        if shape.get("format") == "qcow2":
            del shape["format"]
            shape["extra"] = QCOW2 + shape.get("extra", "")
        return pool.createXML(volume_xml(name, capacity, **shape))

    def file(self, name: str, pool: str = "p") -> Path:
        return self.folder / pool / name

    def look(self, label: str = "files") -> None:
        """Records everything below the case's folder: kind, mode, size and allocation."""
        found = []
        for folder, folders, files in sorted(os.walk(self.folder)):
            for name in sorted(folders + files):
                path = Path(folder, name)
                status = path.lstat()
                size = (status.st_size, status.st_blocks * 512) if stat.S_ISREG(status.st_mode) else ()
                found.append((str(path.relative_to(self.folder)), stat.filemode(status.st_mode), *size))
        self.outcomes.append((label, found))

    def state(self, pool, label: str = "state") -> None:
        """Everything that can be asked of a pool."""
        self(f"{label}: active", pool.isActive)
        self(f"{label}: persistent", pool.isPersistent)
        self(f"{label}: autostart", pool.autostart)
        self(f"{label}: info", lambda: self._rough(pool.info()))
        self(f"{label}: xml", pool.XMLDesc)
        self(f"{label}: inactive xml", pool.XMLDesc, libvirt.VIR_STORAGE_XML_INACTIVE)
        self(f"{label}: number of volumes", pool.numOfVolumes)
        self(f"{label}: volumes", lambda: sorted(volume.name() for volume in pool.listAllVolumes()))

    def describe(self, volume, label: str = "volume") -> None:
        """Everything that can be asked of a volume."""
        self(f"{label}: name", volume.name)
        self(f"{label}: key", volume.key)
        self(f"{label}: path", volume.path)
        self(f"{label}: info", volume.info)
        self(f"{label}: physical", volume.infoFlags, libvirt.VIR_STORAGE_VOL_GET_PHYSICAL)
        self(f"{label}: xml", volume.XMLDesc)

    def usage(self, volume, label: str) -> None:
        """A volume's type, capacity and allocation, the last without the odd block that a file system takes for its own records."""
        self(label, lambda: [*volume.info()[:2], volume.info()[2] // ODD * ODD])

    def clean(self) -> None:
        for pool in self.conn.listAllStoragePools():
            for step in (pool.destroy, pool.undefine):
                with suppress(libvirt.libvirtError):
                    step()
        for secret in self.conn.listAllSecrets():
            secret.undefine()
        shutil.rmtree(self.folder, ignore_errors=True)

    @staticmethod
    def _rough(info: list) -> list:
        """A pool's state and whether its numbers are known; the numbers are the file system's, which changes."""
        return [info[0], *(number > 0 for number in info[1:])]

    def _plain(self, value):
        if isinstance(value, str):
            return re.sub(re.escape(str(self.folder)), "FOLDER", mask(value))
        if isinstance(value, (int, list, tuple, bytes, type(None))):
            return value
        return type(value).__name__
