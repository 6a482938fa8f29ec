"""The scripted cases: documents, then sequences of calls. A case is a function of a Trial."""

import os
import subprocess

import libvirt

from compare import secret_cases, xml_cases
from compare.documents import ONLY_DEFINED, POOLS, VOLUMES
from compare.files_cases import FILES
from compare.images_cases import IMAGES
from compare.trial import QCOW2, Trial
from pools import GIB, KIB, MIB, backing_xml, pool_xml, volume_xml

SEQUENCES = {}


def case(function):
    SEQUENCES[function.__name__.replace("_", " ")] = function
    return function


def pool_document(name: str, text: str):
    def run(trial: Trial) -> None:
        (trial.folder / "p").mkdir()
        document = text.replace("FOLDER", str(trial.folder))
        if pool := trial("define", trial.conn.storagePoolDefineXML, document):
            trial.state(pool, "defined")
            trial("name", pool.name)
            if name not in ONLY_DEFINED:
                trial("build", pool.build)
                trial("create", pool.create)
                trial.state(pool, "created")
                trial.look()
                trial("destroy", pool.destroy)
            trial("undefine", pool.undefine)
        if name not in ONLY_DEFINED and (pool := trial("create transient", trial.conn.storagePoolCreateXML, document)):
            trial.state(pool, "transient")
            trial("destroy transient", pool.destroy)
        trial("nothing left", lambda: len(trial.conn.listAllStoragePools()))
    return run


def volume_document(text: str):
    def run(trial: Trial) -> None:
        pool = trial.pool()
        if volume := trial("create", pool.createXML, text):
            trial.describe(volume, "made")
            trial.look()
            trial("refresh", pool.refresh)
            trial.describe(volume, "refreshed")
            trial("again", pool.createXML, text)
            trial("delete", volume.delete)
        trial("volumes", pool.listVolumes)
        trial.look("files at the end")
    return run


@case
def life_of_a_pool(trial):
    pool = trial("define", trial.conn.storagePoolDefineXML, pool_xml("p", trial.folder / "a/b/p"))
    trial("create without a folder", pool.create)
    trial("build", pool.build)
    trial.look("built")
    for step in ("build", "create", "create", "build", "undefine", "delete", "refresh", "destroy", "destroy", "refresh", "numOfVolumes"):
        trial(step, getattr(pool, step))
    trial.state(pool, "stopped")
    for step in ("delete", "delete", "create", "undefine", "undefine", "info", "destroy"):
        trial(f"then {step}", getattr(pool, step))
    trial.look("at the end")


@case
def flags_of_pool_calls(trial):
    pool = trial.pool(start=False)
    for flags in (1, 2, 3, 4, 6, 7, 8, 12, 16, 1 << 31):
        trial(f"build {flags}", pool.build, flags)
        trial(f"create {flags}", pool.create, flags)
        trial(f"active {flags}", pool.isActive)
        if pool.isActive():
            pool.destroy()
        trial(f"delete {flags}", pool.delete, flags)
        trial(f"refresh {flags}", pool.refresh, flags)
        trial(f"xml {flags}", pool.XMLDesc, flags)
        trial(f"list {flags}", lambda: len(trial.conn.listAllStoragePools(flags)))
        trial(f"capabilities {flags}", lambda: trial.conn.getStoragePoolCapabilities(flags) and None)
    trial.look()


@case
def build_over_a_file(trial):
    (trial.folder / "p").write_text("in the way")
    pool = trial.conn.storagePoolDefineXML(pool_xml("p", trial.folder / "p"))
    trial("build", pool.build)
    trial("create", pool.create)
    trial("delete", pool.delete)
    trial.look()


@case
def autostart(trial):
    pool = trial.pool(start=False)
    for flag in (1, 1, 0, 0, 5, -1):
        trial(f"set {flag}", pool.setAutostart, flag)
        trial(f"after {flag}", pool.autostart)
    transient = trial.conn.storagePoolCreateXML(pool_xml("t", trial.folder))
    trial("transient", transient.setAutostart, 1)
    trial("transient off", transient.setAutostart, 0)
    trial("transient undefine", transient.undefine)


@case
def redefinition(trial):
    pool = trial.pool()
    other = pool_xml("p", trial.folder / "q", identity=pool.UUIDString())
    trial("while active", trial.conn.storagePoolDefineXML, other)
    trial.state(pool, "active")
    trial("transient over active", trial.conn.storagePoolCreateXML, other)
    trial("destroy", pool.destroy)
    trial.state(pool, "stopped")
    trial("start without its folder", pool.create)
    trial("back", trial.conn.storagePoolDefineXML, pool_xml("p", trial.folder / "p", identity=pool.UUIDString()))
    trial.state(pool, "back")
    trial("create", pool.create)
    trial.state(pool, "at the end")


@case
def transient_over_defined(trial):
    pool = trial.pool(start=False)
    (trial.folder / "q").mkdir()
    trial("create", trial.conn.storagePoolCreateXML, pool_xml("p", trial.folder / "q", identity=pool.UUIDString()))
    trial.state(pool, "running")
    trial("destroy", pool.destroy)
    trial.state(pool, "stopped")


@case
def transient_made_persistent(trial):
    transient = trial.conn.storagePoolCreateXML(pool_xml("t", trial.folder))
    trial.state(transient, "transient")
    trial("define", trial.conn.storagePoolDefineXML, pool_xml("t", trial.folder, identity=transient.UUIDString()))
    trial.state(transient, "persistent")
    trial("destroy", transient.destroy)
    trial.state(transient, "stopped")


@case
def conflicts_of_pools(trial):
    pool = trial.pool("p")
    trial.pool("q", start=False)
    for label, name, folder, identity in (
            ("same name", "p", "x", None), ("same uuid", "r", "x", pool.UUIDString()), ("same folder", "r", "p", None),
            ("same folder with slashes", "r", "p//", None), ("folder of an inactive pool", "r", "q", None),
            ("everything the same", "p", "p", pool.UUIDString()), ("folder inside", "r", "p/inside", None)):
        for how in (trial.conn.storagePoolDefineXML, trial.conn.storagePoolCreateXML):
            made = trial(f"{label}: {how.__name__}", how, pool_xml(name, f"{trial.folder}/{folder}", identity=identity))
            if made and made.name() == "r":
                made.undefine()
    trial("pools", lambda: sorted((found.name(), found.isActive(), found.isPersistent()) for found in trial.conn.listAllStoragePools()))


@case
def lookups(trial):
    pool = trial.pool()
    trial.volume(pool)
    path = str(trial.file("v"))
    for label, call in {
        "pool": lambda: trial.conn.storagePoolLookupByName("p").name(),
        "pool with a blank": lambda: trial.conn.storagePoolLookupByName("p ").name(),
        "no name": lambda: trial.conn.storagePoolLookupByName("").name(),
        "target": lambda: trial.conn.storagePoolLookupByTargetPath(str(trial.folder / "p")).name(),
        "target with slashes": lambda: trial.conn.storagePoolLookupByTargetPath(f"{trial.folder}//p/").name(),
        "target with dots": lambda: trial.conn.storagePoolLookupByTargetPath(f"{trial.folder}/./p").name(),
        "empty target": lambda: trial.conn.storagePoolLookupByTargetPath("").name(),
        "key": lambda: trial.conn.storageVolLookupByKey(path).name(),
        "key with slashes": lambda: trial.conn.storageVolLookupByKey(path.replace("/v", "//v")).name(),
        "path": lambda: trial.conn.storageVolLookupByPath(path).name(),
        "path with slashes": lambda: trial.conn.storageVolLookupByPath(path.replace("/v", "//v")).name(),
        "path with a slash behind": lambda: trial.conn.storageVolLookupByPath(path + "/").name(),
        "path with dots": lambda: trial.conn.storageVolLookupByPath(path.replace("/v", "/./v")).name(),
        "relative path": lambda: trial.conn.storageVolLookupByPath("v").name(),
        "empty path": lambda: trial.conn.storageVolLookupByPath("").name(),
        "empty key": lambda: trial.conn.storageVolLookupByKey("").name(),
        "empty volume name": lambda: pool.storageVolLookupByName("").name(),
        "folder as path": lambda: trial.conn.storageVolLookupByPath(str(trial.folder / "p")).name(),
    }.items():
        trial(label, call)


@case
def volumes_of_a_stopped_pool(trial):
    pool = trial.pool()
    volume = trial.volume(pool)
    pool.destroy()
    trial.describe(volume)
    for label, call in {
        "delete": volume.delete, "wipe": volume.wipe, "resize": lambda: volume.resize(1), "pool": lambda: volume.storagePoolLookupByVolume().name(),
        "create": lambda: pool.createXML(volume_xml("w")), "bad create": lambda: pool.createXML("<volume"),
        "names": pool.listVolumes, "lookup": lambda: pool.storageVolLookupByName("v"),
        "path": lambda: trial.conn.storageVolLookupByPath(str(trial.file("v"))),
        "upload": lambda: volume.upload(trial.conn.newStream(), 0, 0), "download": lambda: volume.download(trial.conn.newStream(), 0, 0),
    }.items():
        trial(label, call)


@case
def flags_of_volume_calls(trial):
    pool = trial.pool()
    for flags in (1, 2, 3, 8, 16, 1 << 31):
        trial(f"create {flags}", pool.createXML, volume_xml("w"), flags)
        trial(f"create qcow2 {flags}", pool.createXML, volume_xml(f"q{flags}", format="qcow2"), flags)
    volume = trial.volume(pool)
    for flags in (1, 2, 3, 4, 8, 1 << 31):
        trial(f"info {flags}", volume.infoFlags, flags)
        trial(f"xml {flags}", volume.XMLDesc, flags)
        trial(f"wipe {flags}", volume.wipe, flags)
        trial(f"pattern {flags}", volume.wipePattern, 0, flags)
        trial(f"upload {flags}", lambda: volume.upload(trial.conn.newStream(), 0, 0, flags) if flags != 1 else None)
        trial(f"download {flags}", lambda: volume.download(trial.conn.newStream(), 0, 0, flags) if flags != 1 else None)
        trial(f"copy {flags}", lambda: pool.createXMLFrom(volume_xml(f"c{flags}"), volume, flags))
        trial(f"list {flags}", lambda: len(pool.listAllVolumes(flags)))
        trial(f"delete {flags}", volume.delete, flags)
    trial.look()


@case
def resizes_of_a_raw_volume(trial):
    pool = trial.pool()
    volume = trial.volume(pool, capacity=4 * MIB, allocation=MIB)
    for capacity, flags in ((8 * MIB, 0), (8 * MIB, 0), (6 * MIB, 0), (6 * MIB, 4), (MIB, 4), (MIB - 1, 4), (1, 2), (1, 6), (2 * MIB, 1), (MIB, 3),
                            (100 * MIB, 6), (0, 0), (0, 4), (5, 8), (1 << 62, 0), ((1 << 63) - 1, 2), (1 << 55, 1), (12345678, 0)):
        trial(f"resize {capacity} {flags}", volume.resize, capacity, flags)
        trial(f"info after {capacity} {flags}", volume.info)
    trial.look()


@case
def resizes_of_a_qcow2_volume(trial):
    pool = trial.pool()
    volume = trial.volume(pool, capacity=4 * MIB, format="qcow2")
    for capacity, flags in ((8 * MIB, 0), (6 * MIB, 0), (6 * MIB, 4), (MIB, 2), (MIB, 6), (8 * MIB, 1), (8 * MIB + 1, 0), (1, 4), (9 * MIB, 8)):
        trial(f"resize {capacity} {flags}", volume.resize, capacity, flags)
        trial(f"info after {capacity} {flags}", volume.info)
    pool.refresh()
    trial.describe(volume)


@case
def resizes_of_other_formats(trial):
    pool = trial.pool()
    for format in ("vmdk", "vdi", "vpc", "qed", "qcow", "iso"):
        volume = trial.volume(pool, format, 4 * MIB, format=format)
        trial(f"grow {format}", volume.resize, 8 * MIB)
        trial.usage(volume, f"{format}")
    folder = trial.volume(pool, "d", 0, format="dir")
    trial("grow dir", folder.resize, 5)


@case
def wipes(trial):
    pool = trial.pool()
    for algorithm in (*range(0, 12), -1, 1 << 20):
        volume = trial.volume(pool, f"v{algorithm}", 16 * KIB)
        trial(f"wipe {algorithm}", volume.wipePattern, algorithm)
        trial(f"info {algorithm}", volume.info)
    sparse = trial.volume(pool, "sparse", 4 * MIB, allocation=0)
    trial("sparse", sparse.wipe)
    trial.describe(sparse, "sparse")
    image = trial.volume(pool, "image", 4 * MIB, format="qcow2")
    trial("image", image.wipe)
    trial.describe(image, "image")
    folder = trial.volume(pool, "folder", 0, format="dir")
    trial("folder", folder.wipe)
    trial.look()


@case
def copies(trial):
    pool = trial.pool()
    raw = trial.volume(pool, "raw", 2 * MIB)
    trial.file("raw").write_bytes(b"data" * (MIB // 2))
    image = trial.volume(pool, "image", 2 * MIB, format="qcow2")
    trial.volume(pool, "on-top", 4 * MIB, format="qcow2", extra=backing_xml(trial.file("raw"), "raw"))
    for label, document, source in (
            ("same size", volume_xml("a", 2 * MIB), raw), ("larger", volume_xml("b", 3 * MIB), raw), ("smaller", volume_xml("c", MIB), raw),
            ("no capacity", "<volume><name>d</name></volume>", raw), ("sparse", volume_xml("e", 2 * MIB, allocation=0), raw),
            ("to qcow2", volume_xml("f", 2 * MIB, extra=QCOW2), raw), ("from qcow2 to raw", volume_xml("g", 2 * MIB, format="raw"), image),
            ("qcow2 to qcow2", volume_xml("h", 2 * MIB, extra=QCOW2), image), ("qcow2 without a format", volume_xml("i", 2 * MIB), image),
            ("larger qcow2", volume_xml("k", 8 * MIB, extra=QCOW2), image),
            ("name taken", volume_xml("raw", 2 * MIB), image), ("bad name", volume_xml("x/y"), raw), ("to a dir", volume_xml("l", 0, format="dir"), raw),
            ("with a mode", volume_xml("m", extra="<target><permissions><mode>0644</mode></permissions></target>"), raw),
            ("bad document", "<volume>", raw), ("onto itself", volume_xml("raw", 2 * MIB), raw),
            ("backed", volume_xml("n", 4 * MIB, extra=QCOW2 + backing_xml(trial.file("raw"), "raw")), image)):
        if made := trial(label, pool.createXMLFrom, document, source):
            trial.describe(made, label)
    trial("volumes", lambda: sorted(pool.listVolumes()))
    trial("refresh", pool.refresh)
    trial("volumes at the end", lambda: [volume.XMLDesc() for volume in sorted(pool.listAllVolumes(), key=lambda volume: volume.name())] and None)


@case
def copies_between_pools(trial):
    first, second, stopped = trial.pool("a"), trial.pool("b"), trial.pool("c", start=False)
    volume = trial.volume(first)
    made = trial("copy", second.createXMLFrom, volume_xml("v"), volume)
    trial.describe(made)
    trial("into a stopped pool", stopped.createXMLFrom, volume_xml("v"), volume)
    first.destroy()
    trial("out of a stopped pool", second.createXMLFrom, volume_xml("w"), volume)
    trial.look()


@case
def a_folder_full_of_surprises(trial):
    folder = trial.folder / "p"
    folder.mkdir()
    for name in (".hidden", "with blank", "ünicode", "a'b\"c", "tab\there"):
        (folder / name).write_bytes(b"x")
    (folder / "folder").mkdir()
    (folder / "folder" / "inside").write_bytes(b"x")
    (folder / "link").symlink_to("with blank")
    (folder / "folder-link").symlink_to("folder")
    (folder / "dangling").symlink_to("nosuch")
    (folder / "loop").symlink_to("loop")
    os.mkfifo(folder / "fifo")
    (folder / "unreadable").write_bytes(b"x")
    (folder / "unreadable").chmod(0)
    pool = trial.pool()
    trial.state(pool)
    for volume in sorted(pool.listAllVolumes(), key=lambda volume: volume.name()):
        trial.describe(volume, volume.name())


@case
def images_in_the_folder(trial):
    folder = trial.folder / "p"
    folder.mkdir()
    for format in ("raw", "qcow2", "qcow", "qed", "vmdk", "vdi", "vpc", "vhdx", "parallels"):
        subprocess.run(["qemu-img", "create", "-q", "-f", format, folder / format, "8M"], check=True)
    luks = b"LUKS\xba\xbe\0\1" + b"aes".ljust(32, b"\0") + b"xts-plain64".ljust(32, b"\0") + b"sha256".ljust(32, b"\0") + (4040).to_bytes(4, "big")
    (folder / "luks").write_bytes(luks.ljust(4 * MIB, b"\0"))
    for name, content in {"empty": b"", "short": b"QFI", "qfi": b"QFI\xfb\0\0\0\3", "qfi9": b"QFI\xfb\0\0\0\x09" + bytes(600), "iso": bytes(32769) + b"CD001" + bytes(4096),
                          "zeros": bytes(70000), "conectix": b"conectix" + bytes(600), "bochs": b"Bochs Virtual HD Image" + bytes(600)}.items():
        (folder / name).write_bytes(content)
    pool = trial.pool()
    trial.state(pool)
    for volume in sorted(pool.listAllVolumes(), key=lambda volume: volume.name()):
        trial.describe(volume, volume.name())


@case
def backing_chains(trial):
    folder = trial.folder / "p"
    folder.mkdir()

    def image(name, *options):
        subprocess.run(["qemu-img", "create", "-q", "-u", "-f", "qcow2", *options, name, "8M"], cwd=folder, check=True)

    subprocess.run(["qemu-img", "create", "-q", "-f", "raw", folder / "base", "4M"], check=True)
    image("relative", "-b", "base", "-F", "raw")
    image("absolute", "-b", str(folder / "base"), "-F", "raw")
    image("dotted", "-b", "./base", "-F", "raw")
    image("missing", "-b", "/no/such", "-F", "raw")
    image("self")
    subprocess.run(["qemu-img", "rebase", "-u", "-f", "qcow2", "-b", "self", "-F", "qcow2", "self"], cwd=folder, check=True)
    image("second", "-b", "relative", "-F", "qcow2")
    image("json", "-b", 'json:{"driver":"raw","file":{"driver":"file","filename":"/no/such"}}', "-F", "raw")
    image("url", "-b", "nbd://127.0.0.1:1/x", "-F", "raw")
    image("v3", "-o", "compat=1.1,lazy_refcounts=on")
    image("v2", "-o", "compat=0.10")
    image("clusters", "-o", "cluster_size=512")
    pool = trial.pool()
    trial.state(pool)
    for volume in sorted(pool.listAllVolumes(), key=lambda volume: volume.name()):
        trial.describe(volume, volume.name())


@case
def files_that_change_behind_the_servers_back(trial):
    pool = trial.pool()
    volume = trial.volume(pool)
    os.truncate(trial.file("v"), 5 * MIB)
    trial.describe(volume, "longer")
    trial.file("v").chmod(0o644)
    trial.describe(volume, "other mode")
    trial.file("v").unlink()
    trial.describe(volume, "gone")
    trial("resize", volume.resize, 6 * MIB)
    trial("wipe", volume.wipe)
    trial("upload", lambda: volume.upload(trial.conn.newStream(), 0, 0))
    trial("download", lambda: volume.download(trial.conn.newStream(), 0, 0))
    trial("copy", lambda: pool.createXMLFrom(volume_xml("w"), volume))
    trial("create over it", pool.createXML, volume_xml("v"))
    trial("delete", volume.delete)
    trial("volumes", pool.listVolumes)
    trial.file("new").write_bytes(b"x")
    trial("create over a new file", pool.createXML, volume_xml("new"))
    trial("refresh", pool.refresh)
    trial("volumes after the refresh", pool.listVolumes)


@case
def a_file_that_becomes_an_image(trial):
    pool = trial.pool()
    volume = trial.volume(pool)
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", trial.file("v"), "9M"], check=True)
    trial.describe(volume, "now qcow2")
    trial("refresh", pool.refresh)
    trial.describe(volume, "refreshed")


@case
def deletions(trial):
    pool = trial.pool()
    folder = trial.volume(pool, "folder", 0, format="dir")
    trial.file("folder/inside").write_bytes(b"x")
    trial("folder with a file", folder.delete)
    trial.file("folder/inside").unlink()
    trial("empty folder", folder.delete)
    link = trial.file("link")
    link.symlink_to("target")
    trial.file("target").write_bytes(b"x")
    pool.refresh()
    trial("link", pool.storageVolLookupByName("link").delete)
    trial("volumes", lambda: sorted(pool.listVolumes()))
    trial.look()


def transfer(trial, label, volume, *, send=None, offset=0, length=0, flags=0, finish=True):
    """An upload of `send`, or a download when there is none."""
    stream = volume.connect().newStream()
    start = volume.download if send is None else volume.upload
    if trial(f"{label}: start", start, stream, offset, length, flags) is None:
        return
    if send is None:
        def receive():
            got = b""
            while piece := stream.recv(1 << 16):
                got += piece
            return got
        trial(f"{label}: data", receive)
    else:
        def push():
            sent = stream.send(send)
            stream.finish() if finish else stream.abort()
            return sent
        trial(f"{label}: sent", push)
        return
    trial(f"{label}: end", stream.finish if finish else stream.abort)


@case
def uploads_and_downloads(trial):
    pool = trial.pool()
    volume = trial.volume(pool, capacity=10000)
    transfer(trial, "upload", volume, send=b"abc" * 1000)
    transfer(trial, "at an offset", volume, send=b"xyz" * 10, offset=5000)
    transfer(trial, "beyond the end", volume, send=b"end", offset=20000)
    transfer(trial, "exactly the length", volume, send=b"12345", length=5)
    own = libvirt.open(trial.conn.getURI())     # the client library may close a connection on which a finish meets the server's error
    transfer(trial, "more than the length", own.storageVolLookupByPath(volume.path()), send=b"123456", length=5)
    transfer(trial, "aborted", trial.volume(pool, "other", 10000), send=b"???", finish=False)
    for offset, length in ((0, 0), (0, 10), (4990, 50), (20000, 0), (20003, 0), (99999, 0), (0, 1 << 40)):
        transfer(trial, f"download {offset} {length}", volume, offset=offset, length=length)
    trial.look()


@case
def changes_of_the_pools_numbers(trial):
    """In GiB, rounded: others write to the same file system."""
    pool = trial.pool()
    before = pool.info()

    def change():
        return [round((now - then) / GIB) for now, then in zip(pool.info(), before)]

    made = {}
    for name, shape in {"full": {}, "sparse": {"allocation": 0}, "image": {"format": "qcow2"}}.items():
        made[name] = trial.volume(pool, name, GIB, **shape)
        trial(name, change)
    made["sparse"].resize(3 * GIB, libvirt.VIR_STORAGE_VOL_RESIZE_ALLOCATE)
    trial("allocated", change)
    for name, volume in made.items():
        volume.delete()
        trial(f"{name} deleted", change)


@case
def source_discovery(trial):
    for type in ("dir", "fs", "disk", "scsi", "mpath", "nosuch", ""):
        for text in (None, "<source/>", "<source", ""):
            trial(f"{type} {text}", trial.conn.findStoragePoolSources, type, text)


@case
def a_read_only_connection(trial):
    pool = trial.pool()
    trial.volume(pool)
    conn = libvirt.openReadOnly(trial.conn.getURI())
    pool = conn.storagePoolLookupByName("p")
    volume = pool.storageVolLookupByName("v")
    trial.state(pool)
    trial.describe(volume)
    conn.close()


CASES = {
    **{f"pool document: {name}": pool_document(name, text) for name, text in POOLS.items()},
    **{f"volume document: {name}": volume_document(text) for name, text in VOLUMES.items()},
    **SEQUENCES,
    **FILES,
    **xml_cases.CASES,
    **secret_cases.CASES,
    **IMAGES,
}
