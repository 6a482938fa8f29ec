"""Volume groups for tests inside a machine."""

import json
import subprocess
from contextlib import contextmanager, suppress

import libvirt

from devices import run, settle

OVERWRITE = libvirt.VIR_STORAGE_POOL_BUILD_OVERWRITE


def pool_xml(name: str, devices=(), group: str | None = None) -> str:
    source = "".join(f"<device path='{device}'/>" for device in devices)
    return f"<pool type='logical'><name>{name}</name><source>{source}<name>{group or name}</name></source><target><path>/dev/{group or name}</path></target></pool>"


def volume_xml(name: str, capacity: int, allocation: int | None = None, backing: str | None = None, target: str = "") -> str:
    allocated = "" if allocation is None else f"<allocation>{allocation}</allocation>"
    store = f"<backingStore><path>{backing}</path></backingStore>" if backing else ""
    return f"<volume><name>{name}</name><capacity>{capacity}</capacity>{allocated}<target>{target}</target>{store}</volume>"


@contextmanager
def built(conn, name: str, devices):
    """A running pool on a volume group of its own; both are gone afterwards, whatever state they are in."""
    pool = conn.storagePoolDefineXML(pool_xml(name, devices))
    try:
        pool.build(OVERWRITE)
        pool.create()
        yield pool
    finally:
        with suppress(libvirt.libvirtError):
            pool.destroy()
        pool.undefine()
        remove(name, devices)


@contextmanager
def shown(conn, pool, devices=()):
    """The group of a pool as a pool of another server, which has it deactivated when it stops."""
    name = pool.name()
    other = conn.storagePoolDefineXML(pool_xml(name, devices))
    try:
        other.create()
        yield other
    finally:
        with suppress(libvirt.libvirtError):
            other.destroy()
        other.undefine()
        run("vgchange", "-aly", name)
        pool.refresh()


def remove(group: str, devices) -> None:
    settle()
    subprocess.run(["vgremove", "-f", "-y", group], capture_output=True, check=False)
    for device in devices:
        subprocess.run(["pvremove", "-f", "-f", "-y", device], capture_output=True, check=False)
        subprocess.run(["wipefs", "-a", device], capture_output=True, check=False)


def reported(group: str) -> dict[str, dict]:
    """What LVM says of a group's volumes, by name."""
    columns = "lv_name,lv_size,segtype,origin,pool_lv,data_percent,lv_attr"
    rows = json.loads(run("lvs", "--reportformat", "json", "--units", "b", "--nosuffix", "-o", columns, group))["report"][0]["lv"]
    return {row["lv_name"]: row for row in rows}


def group_numbers(group: str) -> list[int]:
    """Size and free bytes."""
    return [int(word) for word in run("vgs", "--noheadings", "--units", "b", "--nosuffix", "-o", "vg_size,vg_free", group).split()]


def thin_pool(group: str, name: str = "tp", size: str = "48M") -> None:
    run("lvcreate", "--type", "thin-pool", "--name", name, "-L", size, group, "--yes")
