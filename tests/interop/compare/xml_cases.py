"""Scripted cases of documents and flags: validation, bad input, capabilities, discovery, lists, look-ups, and what follows what."""

import re

import libvirt

from pools import KIB, MIB, mask, pool_xml, volume_xml

CASES = {}


def case(function):
    CASES[function.__name__.replace("_", " ")] = function
    return function


TARGET = "<target><path>FOLDER/p</path></target>"

# Bodies of dir pools that libvirt's schema refuses or takes, whatever the parser says.
VALIDATED_POOLS = {
    "plain": f"<name>p</name>{TARGET}", "no name": TARGET, "empty name": f"<name/>{TARGET}", "no target": "<name>p</name>", "relative target": "<name>p</name><target><path>p</path></target>",
    "root as target": "<name>p</name><target><path>/</path></target>", "unknown element": f"<name>p</name>{TARGET}<what/>", "unknown attribute": f"<name a='b'>p</name>{TARGET}", "text": f"<name>p</name>text{TARGET}",
    "two names": f"<name>p</name><name>q</name>{TARGET}", "two targets": f"<name>p</name>{TARGET}{TARGET}", "comment": f"<name>p</name><!-- c -->{TARGET}", "uuid with blanks": f"<name>p</name><uuid> 11111111-2222-4333-8444-555555555555</uuid>{TARGET}",
    "bad uuid": f"<name>p</name><uuid>x</uuid>{TARGET}", "numbers": f"<name>p</name><capacity unit='bytes'>1</capacity><allocation>2</allocation><available unit='G'>3</available>{TARGET}",
    "bad number": f"<name>p</name><capacity>x</capacity>{TARGET}", "bad unit": f"<name>p</name><capacity unit='x'>1</capacity>{TARGET}", "source": f"<name>p</name><source/>{TARGET}", "source of lines": f"<name>p</name><source>\n</source>{TARGET}",
    "vendor": f"<name>p</name><source><vendor name='v'/></source>{TARGET}", "host": f"<name>p</name><source><host name='h'/></source>{TARGET}", "cow": f"<name>p</name><features><cow state='yes'/></features>{TARGET}",
    "cow x": f"<name>p</name><features><cow state='x'/></features>{TARGET}", "refresh": f"<name>p</name>{TARGET}<refresh><volume allocation='default'/></refresh>", "mode": "<name>p</name><target><path>FOLDER/p</path><permissions><mode>0700</mode></permissions></target>",
    "bad mode": "<name>p</name><target><path>FOLDER/p</path><permissions><mode>9</mode></permissions></target>", "big mode": "<name>p</name><target><path>FOLDER/p</path><permissions><mode>01777</mode></permissions></target>",
    "any order": "<target><permissions><label>l</label><mode>0700</mode></permissions><path>FOLDER/p</path></target><name>p</name>", "namespace": f"<name>p</name>{TARGET}<x:y xmlns:x='urn:x'/>",
}

WHOLE_POOLS = {
    "another root": "<volume/>", "unclosed": "<pool", "empty": "", "unknown type": f"<pool type='nosuch'><name>p</name>{TARGET}</pool>", "no type": f"<pool><name>p</name>{TARGET}</pool>", "blanks around the type": f"<pool type=' dir '><name>p</name>{TARGET}</pool>",
    "another root element that is valid": "<secret/>", "two types": f"<pool type='dir' type='fs'><name>p</name>{TARGET}</pool>", "another type": f"<pool type='mpath'>{TARGET}</pool>", "disk without a device": f"<pool type='disk'><name>p</name><source/>{TARGET}</pool>",
}


def validated_pool(text: str):
    def run(trial) -> None:
        document = text.replace("FOLDER", str(trial.folder))
        (trial.folder / "p").mkdir()
        if pool := trial("define", trial.conn.storagePoolDefineXML, document, libvirt.VIR_STORAGE_POOL_DEFINE_VALIDATE):
            trial("xml", pool.XMLDesc)
            trial("again", trial.conn.storagePoolDefineXML, pool.XMLDesc(), libvirt.VIR_STORAGE_POOL_DEFINE_VALIDATE)
            pool.undefine()
        for flags in (8, 16):
            trial(f"create {flags}", trial.conn.storagePoolCreateXML, document, flags)
    return run


def volume_body(body: str) -> str:
    return f"<volume><name>v</name><capacity>{MIB}</capacity>{body}</volume>"


# The rest of what a volume's document may hold, beside documents.py.
VOLUMES = {
    "backing store alone": "<volume><name>v</name><backingStore><path>/etc/hostname</path><format type='raw'/></backingStore><target><format type='qcow2'/><compat>1.1</compat></target></volume>",
    "unknown elements": volume_body("<what><ever/></what>"), "text": volume_body("text"), "comment in the capacity": "<volume><name>v</name><capacity>1<!-- c -->0</capacity></volume>", "capacity in cdata": "<volume><name>v</name><capacity><![CDATA[10]]></capacity></volume>",
    "element in the capacity": "<volume><name>v</name><capacity><b>10</b></capacity></volume>", "unknown unit of the allocation": volume_body("<allocation unit='x'>1</allocation>"), "bad allocation": volume_body("<allocation>x</allocation>"),
    "negative allocation": volume_body("<allocation>-1</allocation>"), "allocation of 2^63": volume_body(f"<allocation>{1 << 63}</allocation>"), "empty allocation": volume_body("<allocation/>"), "16 E": "<volume><name>v</name><capacity unit='E'>16</capacity><allocation>0</allocation></volume>",
    "bad mode": volume_body("<target><permissions><mode>9</mode></permissions></target>"), "bad owner": volume_body("<target><permissions><owner>x</owner></permissions></target>"), "empty group": volume_body("<target><permissions><group/></permissions></target>"),
    "bad mode of the backing store": volume_body("<backingStore><path>/etc/hostname</path><permissions><mode>9</mode></permissions></backingStore>"), "timestamps": volume_body("<target><timestamps><mtime>1</mtime></timestamps></target>"),
    "bad timestamps": volume_body("<target><timestamps><mtime>x</mtime></timestamps></target>"), "source": volume_body("<source><device path='/dev/nosuch'><extent start='1' end='2'/></device></source>"), "physical": volume_body("<physical unit='x'>y</physical>"),
    "two targets": volume_body("<target/><target><format type='dir'/></target>"), "two formats": volume_body("<target><format/><format type='raw'/></target>"), "empty format": volume_body("<target><format type=''/></target>"),
    **{f"encryption {label}": volume_body(f"<target><encryption {attributes}>{body}</encryption></target>") for label, attributes, body in (
        ("of no format", "", ""), ("of a secret of no type", "format='luks'", "<secret usage='u'/>"), ("of a secret of nothing", "format='luks'", "<secret type='passphrase'/>"), ("of a bad uuid", "format='luks'", "<secret type='passphrase' uuid='x'/>"),
        ("of an unknown secret type", "format='luks'", "<secret type='x' usage='u'/>"), ("with a cipher of no size", "format='luks'", "<cipher name='aes'/>"), ("with an ivgen alone", "format='luks'", "<ivgen name='plain'/>"), ("of an unknown engine", "format='luks' engine='x'", ""))},
    "negative compat": volume_body("<target><format type='raw'/><compat>-1.-1</compat></target>"), "bad cluster size": volume_body("<target><clusterSize>x</clusterSize></target>"), "cluster size of an unknown unit": volume_body("<target><clusterSize unit='x'>1</clusterSize></target>"),
    "cluster size of 16 E": volume_body("<target><clusterSize unit='E'>16</clusterSize></target>"), "features of raw": volume_body("<target><features><lazy_refcounts/></features></target>"), "namespace": "<volume xmlns='urn:x'><name>v</name><capacity>1</capacity></volume>",
    "prefix": "<x:volume xmlns:x='urn:x'><name>v</name><capacity>1</capacity></x:volume>", "prolog": "<?xml version='1.0' encoding='utf-8'?><!-- c -->" + volume_body(""), "tab in the name": volume_xml("a\tb"), "name of entities": volume_xml("a&quot;&apos;&lt;&gt;"),
    "trailing slash": volume_xml("v/"), "blank behind the name": volume_xml("v "), "percent": volume_xml("a%20b"), "backslash": volume_xml("a\\b"), "dash": volume_xml("-v"), "colon": volume_xml("a:b"), "comma": volume_xml("a,b"),
}


def volume_document(text: str):
    def run(trial) -> None:
        pool = trial.pool()
        source = trial.volume(pool, "source", 64 * KIB)
        if volume := trial("create", pool.createXML, text):
            trial.describe(volume)
            trial("delete", volume.delete)
        if "encryption" not in text and "16" not in text and (copy := trial("create from", pool.createXMLFrom, text, source)):
            trial.describe(copy, "copy")
        trial("volumes", lambda: sorted(pool.listVolumes()))
    return run


@case
def pool_capabilities(trial):
    """Of all types; which of them are served is each server's own business."""
    trial("capabilities", lambda: re.sub("supported='(yes|no)'", "supported", trial.conn.getStoragePoolCapabilities()))
    for flags in (1, 2, 1 << 31):
        trial(f"flags {flags}", trial.conn.getStoragePoolCapabilities, flags)


@case
def discovery_of_dir_pools(trial):
    for type in ("dir", "DIR", " dir", "d", "mpath", "scsi"):
        for text in (None, "<source/>", "<source><host name='h'/></source>", "<source><host/></source>", "<pool/>"):
            for flags in (0, 1):
                trial(f"{type} {text} {flags}", trial.conn.findStoragePoolSources, type, text, flags)


@case
def list_filters_of_pools(trial):
    trial.pool("inactive", start=False)
    trial.pool("active")
    trial.pool("autostarted", start=False).setAutostart(1)
    (trial.folder / "t").mkdir()
    trial.conn.storagePoolCreateXML(pool_xml("transient", trial.folder / "t"))
    for flags in (*range(65), *(1 << bit for bit in range(6, 24)), 1 | 4 | 16, 2 | 8 | 32, 64 | 1, 64 | 2, 128 | 1, 0xFFFFF, 0x100000, 1 << 31):
        trial(f"{flags}", lambda: sorted(pool.name() for pool in trial.conn.listAllStoragePools(flags)))
    trial("active", lambda: sorted(trial.conn.listStoragePools()))
    trial("inactive", lambda: sorted(trial.conn.listDefinedStoragePools()))
    trial("numbers", lambda: (trial.conn.numOfStoragePools(), trial.conn.numOfDefinedStoragePools()))


def create_with_build_flags(flags: int, exists: bool, transient: bool):
    def run(trial) -> None:
        folder = trial.folder / "deep" / "p"
        if exists:
            folder.mkdir(parents=True)
            (folder / "file").write_bytes(b"x")
        if transient:
            pool = trial("create", trial.conn.storagePoolCreateXML, pool_xml("p", folder), flags)
        else:
            pool = trial.conn.storagePoolDefineXML(pool_xml("p", folder))
            trial("create", pool.create, flags)
        if pool:
            trial.state(pool)
        trial.look()
        trial("pools", lambda: [(found.name(), found.isActive()) for found in trial.conn.listAllStoragePools()])
    return run


@case
def starts_and_stops_of_every_kind(trial):
    folder = trial.folder / "p"
    folder.mkdir()
    text = pool_xml("p", folder, identity="11111111-2222-4333-8444-555555555555")
    other = pool_xml("p", trial.folder, identity="11111111-2222-4333-8444-555555555555")
    define, create = trial.conn.storagePoolDefineXML, trial.conn.storagePoolCreateXML

    def step(label, call, *arguments):
        trial(label, call, *arguments)
        trial(f"{label}: pools", lambda: [(pool.isActive(), pool.isPersistent(), pool.autostart(), pool.XMLDesc(1).count("/p</path>")) for pool in trial.conn.listAllStoragePools()])

    step("transient", create, text)
    pool = trial.conn.storagePoolLookupByName("p")
    step("transient again", create, text)
    step("undefine the transient", pool.undefine)
    step("autostart the transient", pool.setAutostart, 1)
    step("define the transient", define, other)
    step("autostart it", pool.setAutostart, 1)
    step("undefine while active", pool.undefine)
    step("stop", pool.destroy)
    step("start", pool.create)
    step("stop again", pool.destroy)
    step("create over it", create, text)
    step("define while that runs", define, text)
    step("stop that", pool.destroy)
    step("autostart off", pool.setAutostart, 0)
    step("undefine", pool.undefine)
    step("use after all", pool.create)
    step("define anew", define, text)
    step("create with another name", create, pool_xml("q", folder, identity="11111111-2222-4333-8444-555555555555"))
    step("create with another uuid", create, pool_xml("p", folder))
    step("failing create over it", create, pool_xml("p", trial.folder / "nosuch", identity="11111111-2222-4333-8444-555555555555"))
    step("start at the end", pool.create)


@case
def lookups_of_volumes(trial):
    first, second = trial.pool("p"), trial.pool("q")
    for pool in (first, second):
        trial.volume(pool, "same", 4 * KIB)
    trial.volume(first, "a b'c", 4 * KIB)
    (trial.folder / "link").symlink_to(trial.folder / "p")
    for label, text in {"path": f"{trial.folder}/p/same", "other path": f"{trial.folder}/q/same", "blank": f"{trial.folder}/p/a b'c", "slashes": f"{trial.folder}//p///same", "two slashes before": f"/{trial.folder}/p/same",
                        "through a link": f"{trial.folder}/link/same", "dots": f"{trial.folder}/q/../p/same", "folder": f"{trial.folder}/p", "slash behind": f"{trial.folder}/p/same/", "name": "same", "nothing": "", "blank before": f" {trial.folder}/p/same",
                        "scheme": f"file://{trial.folder}/p/same", "missing": f"{trial.folder}/p/nosuch"}.items():
        trial(f"path: {label}", lambda: trial.conn.storageVolLookupByPath(text).key())
        trial(f"key: {label}", lambda: trial.conn.storageVolLookupByKey(text).path())
        trial(f"target: {label}", lambda: trial.conn.storagePoolLookupByTargetPath(text).name())
        trial(f"name: {label}", lambda: first.storageVolLookupByName(text).path())
    second.destroy()
    trial("path in a stopped pool", lambda: trial.conn.storageVolLookupByPath(f"{trial.folder}/q/same").name())
    trial("key in a stopped pool", lambda: trial.conn.storageVolLookupByKey(f"{trial.folder}/q/same").name())
    trial("target of a stopped pool", lambda: trial.conn.storagePoolLookupByTargetPath(f"{trial.folder}/q").name())
    trial("pool by volume", lambda: first.storageVolLookupByName("same").storagePoolLookupByVolume().name())
    trial("pool by bytes", lambda: trial.conn.storagePoolLookupByUUID(first.UUID()).name())
    for text in ("nosuch", "P", " p", "p ", ""):
        trial(f"pool {text}", lambda: trial.conn.storagePoolLookupByName(text).name())


@case
def rules_of_resizing(trial):
    """Every flag with sizes below, at and above what there is."""
    pool = trial.pool()
    for number, (capacity, flags) in enumerate((capacity, flags) for capacity in (0, 1, 4096, MIB - 1, MIB, MIB + 1, 2 * MIB) for flags in range(8)):
        volume = trial.volume(pool, f"v{number}", MIB, allocation=64 * KIB)
        trial(f"{capacity} {flags}", volume.resize, capacity, flags)
        trial(f"info {capacity} {flags}", lambda: volume.info()[:2])
        volume.delete()


@case
def info_flags(trial):
    pool = trial.pool()
    for name, shape in {"full": {}, "sparse": {"allocation": 0}, "half": {"allocation": MIB // 2}, "odd": {"capacity": 12345}, "empty": {"capacity": 0}}.items():
        volume = trial.volume(pool, name, **shape)
        for flags in (0, 1, 2, 3, 4, 1 << 31):
            trial(f"{name} {flags}", volume.infoFlags, flags)
    folder = trial.volume(pool, "folder", 0, format="dir")
    trial("folder", lambda: folder.infoFlags(1)[0])


@case
def duplicates_of_pools(trial):
    """Name, uuid and folder, each the same as that of another pool or not, for an active and an inactive one."""
    for active in (False, True):
        trial.pool("p", start=active)
        pool = trial.conn.storagePoolLookupByName("p")
        (trial.folder / "q").mkdir(exist_ok=True)
        for name in ("p", "q"):
            for identity in (None, pool.UUIDString(), "11111111-2222-4333-8444-555555555555"):
                for folder in ("p", "q", "p/", "./p", "p/../p"):
                    text = pool_xml(name, f"{trial.folder}/{folder}", identity=identity)
                    label = mask(f"{'active' if active else 'inactive'} {name} {identity if identity == '11111111-2222-4333-8444-555555555555' else bool(identity)} {folder}")
                    for how in (trial.conn.storagePoolDefineXML, trial.conn.storagePoolCreateXML):
                        made = trial(f"{label} {how.__name__}", lambda: how(text).name())
                        if made == "q":
                            other = trial.conn.storagePoolLookupByName("q")
                            if other.isActive():
                                other.destroy()
                            else:
                                other.undefine()
        trial(f"pools {active}", lambda: sorted((found.name(), found.isActive(), found.isPersistent()) for found in trial.conn.listAllStoragePools()))
        for found in trial.conn.listAllStoragePools():
            if found.isActive():
                found.destroy()
        for found in trial.conn.listAllStoragePools():
            found.undefine()


@case
def names_that_are_files(trial):
    """A pool's name becomes the name of a file."""
    for number, name in enumerate((".", "..", "a b", "-", "--help", "*", "$(x)", "ü" * 100, "n" * 246, "n" * 255, "a\tb", "a\\b", "%s", ".hidden", "x.xml", "autostart")):
        folder = trial.folder / f"f{number}"
        folder.mkdir()
        if pool := trial(f"define {name}", trial.conn.storagePoolDefineXML, pool_xml(name, folder)):
            trial(f"autostart {name}", pool.setAutostart, 1)
            trial(f"create {name}", pool.create)
            trial(f"lookup {name}", lambda: trial.conn.storagePoolLookupByName(name).name())
            trial(f"destroy {name}", pool.destroy)
            trial(f"undefine {name}", pool.undefine)


@case
def volumes_with_validation(trial):
    """The flag that libvirt 9.0 refuses always: its schemas are the same as later releases'."""
    pool = trial.pool()
    trial("valid", pool.createXML, volume_xml("v", extra="<target/>"), 4)
    trial("not valid", pool.createXML, volume_xml("w", extra="<what/>"), 4)


CASES.update({
    **{f"validated pool: {name}": validated_pool(f"<pool type='dir'>{body}</pool>") for name, body in VALIDATED_POOLS.items()},
    **{f"validated pool: {name}": validated_pool(text) for name, text in WHOLE_POOLS.items()},
    **{f"volume input: {name}": volume_document(text) for name, text in VOLUMES.items()},
    **{f"create with flags {flags} {'over a folder' if exists else 'of nothing'}, {'transient' if transient else 'persistent'}": create_with_build_flags(flags, exists, transient)
       for flags in (1, 2, 4, 6) for exists in (False, True) for transient in (False, True)},
})
