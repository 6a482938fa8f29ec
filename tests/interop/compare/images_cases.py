"""Scripted cases of image formats, encryption and copies of images."""

import subprocess

from compare.trial import QCOW2, Trial
from encryption import encrypted_xml, encryption_xml, make_secret, patiently
from pools import MIB, backing_xml, volume_xml

IMAGES = {}


def case(function):
    IMAGES[function.__name__.replace("_", " ")] = function
    return function


def image(trial: Trial, name: str, *options) -> None:
    subprocess.run(["qemu-img", "create", "-q", "-u", "-f", "qcow2", *options, name, "8M"], cwd=trial.folder / "p", check=True)


@case
def encrypted_volumes(trial):
    pool = trial.pool()
    named = make_secret(trial.conn, "compare")
    own = make_secret(trial.conn, str(trial.file("own")))
    reference = f"uuid='{named.UUIDString()}'"
    for label, format, encryption in (
            ("raw", "raw", encryption_xml(reference)), ("own", "raw", encryption_xml(f"uuid='{own.UUIDString()}'")),
            ("qcow2", "qcow2", "<compat>1.1</compat>" + encryption_xml("usage='compare'"))):
        if made := trial(f"create {label}", patiently(pool.createXML), encrypted_xml(label, format, encryption)):
            trial.describe(made, label)
    raw, image, plain = pool.storageVolLookupByName("own"), pool.storageVolLookupByName("qcow2"), trial.volume(pool, "plain", 4 * MIB)
    for capacity, flags in ((6 * MIB, 0), (4 * MIB, 0), (4 * MIB, 4), (8 * MIB, 1), (MIB, 2)):
        trial(f"resize {capacity} {flags}", raw.resize, capacity, flags)
        trial(f"info after {capacity} {flags}", lambda: raw.info()[:2])
    for label, source in (("raw", raw), ("qcow2", image)):
        made = trial(f"decrypt {label}", pool.createXMLFrom, volume_xml(f"{label} read", 4 * MIB), source)
        trial.usage(made, f"decrypted {label}")
    made = trial("encrypt", patiently(pool.createXMLFrom), encrypted_xml("filled", "raw", encryption_xml(reference)), plain)
    trial.describe(made, "encrypted")
    trial("refresh", pool.refresh)
    for volume in (raw, image):
        trial(f"{volume.name()} after the refresh", volume.XMLDesc)
    for secret in (named, own):
        secret.undefine()
    trial("without its secret", pool.createXMLFrom, volume_xml("lost", 4 * MIB), raw)


@case
def encryption_that_is_refused(trial):
    pool = trial.pool()
    good = f"uuid='{make_secret(trial.conn, 'good').UUIDString()}'"
    empty = f"uuid='{make_secret(trial.conn, 'empty', None).UUIDString()}'"
    ceph = f"uuid='{make_secret(trial.conn, 'ceph', type='ceph').UUIDString()}'"
    for label, references in {"none": (), "two": (good, good), "empty": (empty,), "ceph": (ceph,), "usage of ceph": ("usage='ceph'",),
                              "no uuid": ("uuid='11111111-1111-1111-1111-111111111111'",), "no usage": ("usage='nosuch'",)}.items():
        for format in ("raw", "qcow2"):
            trial(f"{label} {format}", pool.createXML, encrypted_xml("v", format, encryption_xml(*references)))
    for format in "vpc vdi ploop qcow qed vmdk bochs".split():
        trial(f"format {format}", pool.createXML, encrypted_xml("v", format, encryption_xml(good)))
    for encryption in ("luks2", "qcow", "default", "nosuch", ""):
        for format in ("raw", "qcow2", "vmdk"):
            trial(f"encryption {encryption} {format}", pool.createXML, encrypted_xml("v", format, encryption_xml(good, format=encryption)))
    trial("preallocated raw", pool.createXML, encrypted_xml("v", "raw", encryption_xml(good)), 1)
    trial("raw with a level", pool.createXML, encrypted_xml("v", "raw", "<compat>1.1</compat>" + encryption_xml(good)))
    trial("volumes", pool.listVolumes)
    for usage, type in (("good", 1), ("empty", 1), ("ceph", 2)):
        trial.conn.secretLookupByUsage(type, usage).undefine()
    trial.look()


@case
def conversions(trial):
    pool = trial.pool()
    raw = trial.volume(pool, "raw", 2 * MIB)
    trial.file("raw").write_bytes(b"data" * (MIB // 2))
    for format in "bochs cloop dmg iso vpc vdi fat vhd ploop cow qcow qed vmdk".split():
        if made := trial(f"raw to {format}", pool.createXMLFrom, volume_xml(format, 2 * MIB, format=format), raw):
            trial.usage(made, f"{format}")
            if back := trial(f"{format} to raw", pool.createXMLFrom, volume_xml(f"{format}-raw", 2 * MIB, format="raw"), made):
                trial.usage(back, f"{format}-raw")
    for flags in (1, 2, 3):
        for format in ("raw", "qcow2", "vmdk"):
            trial(f"to {format} with {flags}", pool.createXMLFrom, volume_xml(f"f{flags}-{format}", 2 * MIB, format=format), raw, flags)
    trial("volumes", lambda: sorted(pool.listVolumes()))


@case
def copies_of_images(trial):
    (trial.folder / "p").mkdir()
    image(trial, "plain", "-o", "compat=1.1")
    image(trial, "old", "-o", "compat=0.10")
    image(trial, "clusters", "-o", "cluster_size=4096")
    image(trial, "on-plain", "-b", "plain", "-F", "qcow2")
    image(trial, "on-nothing", "-b", "nosuch", "-F", "raw")
    pool = trial.pool()
    for name in ("plain", "old", "clusters", "on-plain", "on-nothing"):
        source = pool.storageVolLookupByName(name)
        for label, inside in (("as it is", "<compat>1.1</compat>"), ("old", "<compat>0.10</compat>"), ("clusters", "<compat>1.1</compat><clusterSize>4096</clusterSize>")):
            document = volume_xml(f"{name} {label}", 8 * MIB, extra=f"<target><format type='qcow2'/>{inside}</target>")
            if made := trial(f"{name} {label}", pool.createXMLFrom, document, source):
                trial(f"{name} {label}: capacity", lambda: made.info()[:2])
                trial(f"{name} {label}: backing", lambda: "<backingStore>" in made.XMLDesc())
    trial("volumes", lambda: sorted(pool.listVolumes()))


@case
def images_on_images(trial):
    (trial.folder / "p").mkdir()
    image(trial, "base")
    image(trial, "missing", "-b", "nosuch", "-F", "raw")
    image(trial, "deep", "-b", "missing", "-F", "qcow2")
    image(trial, "called-raw", "-b", "base", "-F", "raw")
    pool = trial.pool()
    for label, backing in (("base", ("base", "qcow2")), ("called raw", ("called-raw", "qcow2")), ("declared raw", ("missing", "raw")),
                           ("missing", ("nosuch", "raw")), ("missing below", ("missing", "qcow2")), ("missing deeper", ("deep", "qcow2")),
                           ("wrong format", ("base", "vmdk")), ("format none", ("base", "none")), ("folder", (".", "raw"))):
        extra = QCOW2 + backing_xml(trial.file(backing[0]), backing[1])
        if made := trial(label, pool.createXML, volume_xml(f"on {label}", 8 * MIB, extra=extra)):
            trial(f"{label}: shown", lambda: made.XMLDesc().split("<backingStore>")[1])
    for format in ("raw", "vdi", "vpc", "qed", "qcow", "dir"):
        trial(f"{format} on an image", pool.createXML, volume_xml(f"{format}", 8 * MIB, format=format, extra=backing_xml(trial.file("base"), "qcow2")))
    trial("volumes", lambda: sorted(pool.listVolumes()))
