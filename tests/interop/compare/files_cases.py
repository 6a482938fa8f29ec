"""Cases about the files behind volumes: whose they are, what a deletion needs, what a wipe leaves."""

import os
import stat

from compare.trial import Trial
from pools import KIB, MIB, backing_xml, pool_xml, volume_xml

FILES = {}


def case(function):
    FILES[function.__name__.replace("_", " ")] = function
    return function


def has(path) -> tuple[str, int, int]:
    status = os.stat(path)
    return stat.filemode(status.st_mode), status.st_uid, status.st_gid


def asking(name: str, permissions: str, format: str = "raw") -> str:
    target = f"<target><format type='{format}'/><permissions>{permissions}</permissions></target>"
    return volume_xml(name, 64 * KIB, extra=target)


@case
def permissions_of_volumes(trial: Trial) -> None:
    pool = trial.pool()
    asked = {
        "nothing": "", "mode": "<mode>0644</mode>", "short mode": "<mode>7</mode>", "mode 0": "<mode>0</mode>", "all bits": "<mode>0777</mode>",
        "sticky": "<mode>01777</mode>", "not octal": "<mode>08</mode>", "owner": "<owner>77</owner>", "group": "<group>78</group>",
        "none": "<owner>-1</owner><group>-1</group>", "owner -2": "<owner>-2</owner>", "a name": "<owner>root</owner>",
        "all": "<mode>0640</mode><owner>5</owner><group>6</group>", "label": "<label>system_u:object_r:virt_image_t:s0</label>", "no label": "<label/>",
    }
    for name, permissions in asked.items():
        for format in ("raw", "dir"):
            volume = trial(f"{name} {format}", pool.createXML, asking(f"{name} {format}", permissions, format))
            if volume:
                trial(f"{name} {format}: file", has, volume.path())
                trial(f"{name} {format}: xml", volume.XMLDesc)


@case
def permissions_of_pools(trial: Trial) -> None:
    text = pool_xml("p", trial.folder / "p").replace("</path>", "</path><permissions><mode>0750</mode><owner>1234</owner><group>4321</group></permissions>")
    pool = trial.conn.storagePoolDefineXML(text)
    trial("build", pool.build)
    trial("folder", has, trial.folder / "p")
    pool.create()
    trial("xml", pool.XMLDesc)
    for format in ("raw", "dir"):
        volume = pool.createXML(volume_xml(f"inherits {format}", 64 * KIB, format=format))
        trial(f"inherited {format}", has, volume.path())
        volume = pool.createXML(asking(f"asks {format}", "<mode>0604</mode><owner>0</owner><group>0</group>", format))
        trial(f"asked {format}", has, volume.path())
    os.chmod(trial.folder / "p", 0o711)
    trial("refresh", pool.refresh)
    trial("refreshed", pool.XMLDesc)


@case
def deletion_of_volumes_in_use(trial: Trial) -> None:
    pool = trial.pool()
    base = trial.volume(pool, "base")
    trial.volume(pool, "child", format="qcow2", extra=backing_xml(base.path(), "raw"))
    trial("backing file", base.delete)
    trial("its child", pool.storageVolLookupByName("child").delete)
    trial("volumes", pool.listVolumes)


@case
def wipes_that_keep_the_rest(trial: Trial) -> None:
    pool = trial.pool()
    for name, shape in {"full": {}, "half": {"allocation": 512 * KIB}, "sparse": {"allocation": 0}}.items():
        volume = trial.volume(pool, name, MIB, **shape)
        trial(f"{name}: wipe", volume.wipe)
        trial(f"{name}: content", lambda name=name: trial.file(name).read_bytes() == bytes(MIB))
        trial(f"{name}: size", lambda volume=volume: volume.info()[:2])
    os.chmod(trial.file("full"), 0o640)
    trial("again", pool.storageVolLookupByName("full").wipe)
    trial("mode", has, trial.file("full"))
