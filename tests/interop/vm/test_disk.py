"""Partitions of a disk: what stock clients do with them, next to libvirtd on the same disk and to what the tools see."""

import os
import re
import subprocess
from contextlib import contextmanager, suppress
from pathlib import Path

import libvirt
import pytest

from devices import run, scsi_debug, settle
from encryption import encryption_xml, make_secret, patiently
from expect import eventually, raises
from pools import MIB, Pool, mask
from transcripts import tool

LIMIT = 900
MODULES = ["dm-mod"]

BUILD_NO_OVERWRITE = libvirt.VIR_STORAGE_POOL_BUILD_NO_OVERWRITE
OVERWRITE = libvirt.VIR_STORAGE_POOL_BUILD_OVERWRITE
REFLINK = libvirt.VIR_STORAGE_VOL_CREATE_REFLINK
INACCESSIBLE = libvirt.VIR_STORAGE_POOL_INACCESSIBLE
FORMATS = {"dos": ("linux", "linux-swap", "extended", "fat32", "linux-lvm", None, "extended"), "gpt": (None, None, None)}
PRINT = ("parted", "--script", "--machine", "--align", "cylinder")
AS_PARTED = ("unit", "cyl", "print", "unit", "B", "print", "free")


@pytest.fixture(scope="module")
def scsi():
    with scsi_debug(dev_size_mb=128, per_host_store=1, add_host=2) as made:
        yield made


@pytest.fixture
def disk(scsi):
    """An empty disk."""
    path = scsi.disks()[0]
    settle()
    run("wipefs", "-a", path)
    run("dd", "if=/dev/zero", f"of={path}", "bs=1M", "count=1", "conv=fsync")
    run("blockdev", "--rereadpt", path)
    settle()
    return path


def pool_xml(disk: str, label: str | None, target: str = "/dev") -> str:
    form = f"<format type='{label}'/>" if label else ""
    return (f"<pool type='disk'><name>disk</name><source><device path='{disk}'/>{form}</source>"
            f"<target><path>{target}</path></target></pool>")


def volume_xml(name: str, capacity: int, format: str | None = None, extra: str = "") -> str:
    form = f"<format type='{format}'/>" if format else ""
    return f"<volume><name>{name}</name><capacity>{capacity}</capacity><target>{form}{extra}</target></volume>"


@contextmanager
def defined(conn, xml: str):
    pool = conn.storagePoolDefineXML(xml)
    try:
        yield pool
    finally:
        with suppress(libvirt.libvirtError):
            pool.destroy()
        pool.undefine()


@contextmanager
def built(conn, disk: str, label: str, target: str = "/dev"):
    with defined(conn, pool_xml(disk, label, target)) as pool:
        pool.build(OVERWRITE)
        pool.create()
        yield pool


def create(pool, name: str, capacity: int, format: str | None = None, extra: str = ""):
    return pool.createXML(volume_xml(name, capacity, format, extra))


def names(pool) -> list[str]:
    return sorted(pool.listVolumes())


def nodes(disk: str) -> list[str]:
    """The partitions that the kernel has."""
    return sorted(path.parent.name for path in Path("/sys/block", Path(disk).name).glob("*/partition"))


def free_extents(pool) -> list[tuple[int, int]]:
    return [(int(start), int(end)) for start, end in re.findall(r"freeExtent start='(\d+)' end='(\d+)'", pool.XMLDesc())]


def extent(volume) -> tuple[int, int]:
    start, end = re.search(r"<extent start='(\d+)' end='(\d+)'", volume.XMLDesc()).groups()
    return int(start), int(end)


def fill(path, size: int, seed: int = 1) -> bytes:
    data = bytes((seed * (index >> 8) + index) & 0xFF for index in range(4096)) * (size // 4096)
    with open(path, "r+b" if Path(path).exists() else "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    return data


def content(path) -> bytes:
    run("blockdev", "--flushbufs", path)
    return Path(path).read_bytes()


class Recorder:
    """Does the same on one server after the other, and keeps what each answers."""

    def __init__(self):
        self.answers = []

    def __call__(self, what: str, call, *arguments):
        try:
            answer = call(*arguments)
            self.answers.append((what, answer if isinstance(answer, (str, list)) else "done"))
            return answer
        except libvirt.libvirtError as error:
            self.answers.append((what, (error.get_error_code(), error.get_error_domain())))
            return None

    def documents(self, what: str, pool) -> None:
        """Formats are left out: libvirtd forgets them when it looks at the disk again."""
        pool.refresh()
        volumes = [re.sub("<format type='[a-z0-9-]*'/>", "", mask(pool.storageVolLookupByName(name).XMLDesc())) for name in names(pool)]
        xml = re.sub(r"<uuid>.*</uuid>", "", pool.XMLDesc())
        self.answers.append((what, [xml, *volumes]))


def life(conn, disk: str, label: str) -> list:
    """Everything that a partition table goes through, and what is refused."""
    of, stem = Recorder(), Path(disk).name
    with defined(conn, pool_xml(disk, label)) as pool:
        of("start without a label", pool.create)
        for flags in (1, BUILD_NO_OVERWRITE | OVERWRITE, 0, BUILD_NO_OVERWRITE):
            of(f"build {flags}", pool.build, flags)
        of("start", pool.create)
        of.documents("empty", pool)
        for number, format in enumerate(FORMATS[label], start=1):
            of(f"create {number}", create, pool, f"{stem}{number}", (40 if format == "extended" else number + 3) * MIB, format)
        of("name taken", create, pool, f"{stem}1", MIB)
        of("another name", create, pool, "other", MIB)
        of("too large", create, pool, f"{stem}9", 120 * MIB)
        of("no size", create, pool, f"{stem}9", 0)
        of("encryption", create, pool, f"{stem}9", MIB, None, "<encryption format='qcow'/>")
        of.documents("full", pool)
        last, third = (pool.storageVolLookupByName(f"{stem}{number}") for number in (5 if label == "dos" else 2, 3))
        of("wipe 3", third.wipe)
        of("resize", third.resize, 20 * MIB)
        of("delete with flags", third.delete, 1)
        of("delete one", last.delete)
        of("delete 3", third.delete)
        of("names", names, pool)
        of.documents("without two", pool)
        of("stop", pool.destroy)
        of("delete flags", pool.delete, 1)
        of("delete", pool.delete)
        of("start of a deleted one", pool.create)
    return of.answers


@pytest.mark.parametrize("label", ["dos", "gpt"])
def test_as_libvirtd_does_it(conn, judge, disk, label):
    expected = life(judge, disk, label)
    assert any(answer == "done" for what, answer in expected if what.startswith("create "))
    assert life(conn, disk, label) == expected


def probed(conn, disk: str) -> list:
    of = Recorder()
    for made, labels in (("mkfs.ext4 -qF {}", ("dos", "pc98")), ("parted --script {} mklabel msdos", ("gpt", "pc98", "lvm2", None))):
        subprocess.run(f"{made.format(disk)}; udevadm settle", shell=True, check=True, capture_output=True)
        for label in labels:
            with defined(conn, pool_xml(disk, label)) as pool:
                of(f"{label} on {made}: start", pool.create)
                with suppress(libvirt.libvirtError):
                    pool.destroy()
                of(f"{label} on {made}: build", pool.build)
    for device in ("/dev/none", "/tmp"):
        with defined(conn, pool_xml(device, "dos")) as pool:
            of(f"{device} start", pool.create)
            of(f"{device} build", pool.build)
            of(f"{device} overwrite", pool.build, OVERWRITE)
            of(f"{device} delete", pool.delete)
    with defined(conn, pool_xml(disk, "lvm2")) as pool:
        of("no label of parted's", pool.build, OVERWRITE)
    with defined(conn, pool_xml(disk, None)) as pool:
        of("build without format", pool.build, OVERWRITE)
        of("start without format", pool.create)
        of("its format", lambda: re.search("<format.*/>", pool.XMLDesc())[0])
    return of.answers


def test_what_is_on_a_disk_is_found_out_as_by_libvirtd(conn, judge, disk):
    assert probed(conn, disk) == probed(judge, disk)


@pytest.mark.parametrize("label", ["mac", "dvh", "bsd", "sun"])
def test_other_labels(conn, disk, label):
    """On the last two libvirtd can make nothing."""
    first = 2 if label == "mac" else 1      # the first one is the map itself
    stem = Path(disk).name
    with built(conn, disk, label) as pool:
        one, two = create(pool, f"{stem}{first}", 4 * MIB), create(pool, f"{stem}{first + 1}", 5 * MIB)
        assert (one.info()[1] >= 4 * MIB, two.info()[1] >= 5 * MIB) == (True, True)
        assert extent(one)[1] <= extent(two)[0]
        data = fill(one.path(), MIB)
        two.delete()
        pool.destroy()
        pool.create()
        assert (one.name() in names(pool), two.name() in names(pool)) == (True, False)
        assert content(one.path())[:MIB] == data


def test_a_partition_without_a_device_is_none(conn, disk):
    """parted tells the kernel of no partition of pc98."""
    with built(conn, disk, "pc98") as pool:
        with raises(libvirt.VIR_ERR_INTERNAL_ERROR) as failed:
            create(pool, f"{Path(disk).name}1", 4 * MIB)
        assert "pc98" in failed.message
        assert names(pool) == [] and len(free_extents(pool)) == 1


def test_a_whole_life_through_virsh(virsh, disk, tmp_path):
    stem = Path(disk).name
    virsh.ok("pool-define-as", "life", "disk", "--source-dev", disk, "--source-format", "gpt", "--target", "/dev")
    try:
        virsh.fails("pool-start", "life", says="it has no label")
        virsh.ok("pool-build", "life")
        virsh.fails("pool-build", "life", "--no-overwrite", says="'gpt'")
        virsh.ok("pool-start", "life")
        virsh.fails("vol-create-as", "life", "data", "10M", says=f"'{stem}1'")
        assert nodes(disk) == []
        virsh.ok("vol-create-as", "life", f"{stem}1", "10M")
        data = fill(tmp_path / "data", 10 * MIB)
        virsh.ok("vol-upload", f"{stem}1", tmp_path / "data", "--pool", "life")
        virsh.ok("vol-clone", f"{stem}1", f"{stem}2", "--pool", "life")
        virsh.ok("vol-download", f"{stem}2", tmp_path / "copy", "--pool", "life")
        assert (tmp_path / "copy").read_bytes() == data
        virsh.ok("vol-wipe", f"{stem}2", "--pool", "life")
        assert not any(content(f"/dev/{stem}2"))
        virsh.fails("vol-resize", f"{stem}2", "20M", "--pool", "life", says="do not support")
        listed = virsh.ok("vol-list", "life", "--details")
        assert [line.split() for line in listed.splitlines()[2:]] == [
            [f"{stem}{number}", f"/dev/{stem}{number}", "block", "10.00", "MiB", "10.00", "MiB"] for number in (1, 2)]
        virsh.ok("vol-delete", f"{stem}1", "--pool", "life")
        assert nodes(disk) == [f"{stem}2"]
        virsh.ok("pool-destroy", "life")
        virsh.ok("pool-delete", "life")
        assert nodes(disk) == []
        assert run("wipefs", disk) == ""
    finally:
        virsh("pool-destroy", "life")
        virsh.ok("pool-undefine", "life")


def test_a_deletion_numbers_logical_partitions_anew(conn, disk):
    stem = Path(disk).name
    with built(conn, disk, "dos") as pool:
        for number, format in enumerate(("linux", "linux", "extended", "linux", "linux", "linux", "linux"), start=1):
            create(pool, f"{stem}{number}", 30 * MIB if format == "extended" else 5 * MIB, format)
        places = {number: extent(pool.storageVolLookupByName(f"{stem}{number}")) for number in (5, 6, 7)}
        last = fill(f"/dev/{stem}7", MIB, seed=7)
        pool.storageVolLookupByName(f"{stem}5").delete()
        assert names(pool) == nodes(disk) == [f"{stem}{number}" for number in (1, 2, 3, 4, 5, 6)]
        assert [extent(pool.storageVolLookupByName(f"{stem}{number}")) for number in (5, 6)] == [places[6], places[7]]
        assert content(f"/dev/{stem}6")[:MIB] == last
        assert sum(end - start for start, end in free_extents(pool)) == pool.info()[3]
        pool.storageVolLookupByName(f"{stem}3").delete()
        assert names(pool) == nodes(disk) == [f"{stem}{number}" for number in (1, 2, 4)]


def test_a_partition_made_in_front_of_others_is_itself(conn, disk):
    """The kernel numbers it as the last one, the label in the order of the disk."""
    stem = Path(disk).name
    with built(conn, disk, "dos") as pool:
        for number, format in enumerate(("linux", "linux", "extended", "linux", "linux", "linux"), start=1):
            create(pool, f"{stem}{number}", 60 * MIB if format == "extended" else 5 * MIB, format)
        second = fill(f"/dev/{stem}6", MIB, seed=6)
        pool.storageVolLookupByName(f"{stem}5").delete()
        made = create(pool, f"{stem}6", 2 * MIB)
        other = pool.storageVolLookupByName(f"{stem}5")
        assert extent(made)[1] <= extent(other)[0]
        assert content(other.path())[:MIB] == second
        first = fill(made.path(), MIB, seed=9)
        other.delete()
        assert names(pool) == nodes(disk) == [f"{stem}{number}" for number in (1, 2, 3, 4, 5)]
        assert content(f"/dev/{stem}5")[:MIB] == first


def test_links_that_survive_a_reboot(conn, disk):
    stem = Path(disk).name
    with built(conn, disk, "gpt", "/dev/disk/by-id") as pool:
        for number in (1, 2):
            volume = create(pool, f"{stem}{number}", 8 * MIB)
            assert volume.path().startswith("/dev/disk/by-id/") and volume.path().endswith(f"-part{number}")
            assert os.path.realpath(volume.path()) == f"/dev/{stem}{number}"
        assert conn.storageVolLookupByPath(f"{volume.path()}").name() == f"{stem}2"
        pool.storageVolLookupByName(f"{stem}1").delete()
        assert names(pool) == nodes(disk) == [f"{stem}2"]


def test_a_disk_named_by_a_link(conn, disk):
    stem = Path(disk).name
    link = min(str(path) for path in Path("/dev/disk/by-id").iterdir() if os.path.realpath(path) == disk)
    with built(conn, link, "gpt") as pool:
        assert create(pool, f"{stem}1", 8 * MIB).path() == f"/dev/{stem}1"
        assert f"<device path='{link}'>" in pool.XMLDesc()


def test_a_mapped_disk(conn, disk):
    run("dmsetup", "create", "mapped", "--table", f"0 {128 * 2048} linear {disk} 0")
    settle()
    try:
        with built(conn, "/dev/mapper/mapped", "gpt") as pool:
            volume = create(pool, "mapped1", 8 * MIB)
            assert volume.path() == "/dev/mapper/mapped1"
            data = fill(volume.path(), MIB)
            assert content(disk)[extent(volume)[0]:][:MIB] == data
            volume.delete()
            assert not Path("/dev/mapper/mapped1").exists()
    finally:
        settle()
        run("dmsetup", "remove", "mapped")


def test_partitions_in_use_stay(conn, disk, tmp_path):
    stem, target = Path(disk).name, tmp_path / "mounted"
    target.mkdir()
    with built(conn, disk, "dos") as pool:
        for number, format in enumerate(("linux", "linux", "extended", "linux", "linux", "linux"), start=1):
            create(pool, f"{stem}{number}", 40 * MIB if format == "extended" else 8 * MIB, format)
        volumes = {number: pool.storageVolLookupByName(f"{stem}{number}") for number in range(1, 7)}
        run("mkfs.ext4", "-q", f"/dev/{stem}6")
        run("mount", f"/dev/{stem}6", target)
        try:
            for number in (6, 5, 3):        # itself; what would number it anew; what it lies in
                with raises(libvirt.VIR_ERR_OPERATION_INVALID) as refused:
                    volumes[number].delete()
                assert "mounted" in refused.message
        finally:
            run("umount", target)
        with open(f"/dev/{stem}6", "rb"):
            with raises(libvirt.VIR_ERR_OPERATION_INVALID) as refused:
                volumes[5].delete()
            assert f"process {os.getpid()}" in refused.message
        with open(f"/dev/{stem}1", "rb"), raises(libvirt.VIR_ERR_OPERATION_INVALID):
            volumes[1].delete()
        assert names(pool) == nodes(disk) == [f"{stem}{number}" for number in range(1, 7)]
        run("mount", f"/dev/{stem}6", target)
        try:
            pool.destroy()
            for step in (pool.delete, lambda: pool.build(OVERWRITE)):
                with raises(libvirt.VIR_ERR_OPERATION_INVALID):
                    step()
            pool.create()
            assert len(names(pool)) == 6
        finally:
            run("umount", target)


def test_what_the_tool_says_is_told(conn, disk):
    with built(conn, disk, "gpt") as pool:
        run("blockdev", "--setro", disk)
        try:
            with raises(libvirt.VIR_ERR_INTERNAL_ERROR, libvirt.VIR_FROM_NONE) as failed:
                create(pool, f"{Path(disk).name}1", 8 * MIB)
            assert "mkpart" in failed.message and "not permitted" in failed.message
            assert names(pool) == nodes(disk) == []
        finally:
            run("blockdev", "--setrw", disk)
        create(pool, f"{Path(disk).name}1", 8 * MIB)


def test_what_others_do_is_seen(conn, disk):
    stem = Path(disk).name
    with built(conn, disk, "gpt") as pool:
        run("parted", "--script", disk, "mkpart", "mine", "1MiB", "9MiB")
        eventually(lambda: names(pool) == [f"{stem}1"])
        run("parted", "--script", disk, "mkpart", "mine", "9MiB", "19MiB")
        pool.refresh()
        assert names(pool) == [f"{stem}1", f"{stem}2"]
        assert pool.info()[2] == 18 * MIB
        run("parted", "--script", disk, "rm", "1")
        eventually(lambda: names(pool) == [f"{stem}2"])
        assert extent(pool.storageVolLookupByName(f"{stem}2")) == (9 * MIB, 19 * MIB)


def test_a_pool_at_rest_asks_nobody(conn, server, disk):
    """parted opens a disk for writing, and udev tells of that as of a change."""
    with built(conn, disk, "gpt") as pool:
        create(pool, f"{Path(disk).name}1", 8 * MIB)
        settle()
        monitor = subprocess.Popen(["udevadm", "monitor", "--udev", "--subsystem-match=block"], stdout=subprocess.PIPE, text=True)
        try:
            for _ in range(3):
                pool.refresh()
            settle()
        finally:
            monitor.terminate()
        assert f"/{Path(disk).name} " not in monitor.communicate()[0]


def test_a_restart_of_the_server(own_server, disk):
    stem = Path(disk).name
    conn = libvirt.open(own_server.uri())
    pool = conn.storagePoolDefineXML(pool_xml(disk, "gpt"))
    pool.build(OVERWRITE)
    pool.create()
    create(pool, f"{stem}1", 8 * MIB)
    before = pool.XMLDesc()
    conn.close()
    own_server.restart()
    conn = libvirt.open(own_server.uri())
    pool = conn.storagePoolLookupByName("disk")
    assert pool.isActive() and names(pool) == [f"{stem}1"]
    assert pool.XMLDesc() == before
    conn.close()
    own_server.stop()
    run("wipefs", "-a", disk)
    own_server.start()
    conn = libvirt.open(own_server.uri())
    pool = conn.storagePoolLookupByName("disk")
    assert not pool.isActive()
    pool.undefine()
    conn.close()


def test_a_disk_that_goes(conn, scsi):
    disk = scsi.disks()[-1]
    stem = Path(disk).name
    with built(conn, disk, "gpt") as pool:
        volume = create(pool, f"{stem}1", 8 * MIB)
        host = scsi.hosts[-1]
        Path("/sys/block", stem, "device/delete").write_text("1")
        settle()
        eventually(lambda: pool.info()[0] == INACCESSIBLE)
        with raises(libvirt.VIR_ERR_SYSTEM_ERROR) as refused:
            create(pool, f"{stem}2", 8 * MIB)
        assert f"device path '{disk}' does not exist" in refused.message
        with raises(libvirt.VIR_ERR_SYSTEM_ERROR):
            volume.wipe()
        Path(f"/sys/class/scsi_host/host{host}/scan").write_text("- - -")
        settle()
        eventually(lambda: pool.info()[0] == libvirt.VIR_STORAGE_POOL_RUNNING)
        assert names(pool) == [f"{stem}1"]
        create(pool, f"{stem}2", 8 * MIB)


def test_copies_between_pools(conn, disk, tmp_path):
    stem = Path(disk).name
    with built(conn, disk, "gpt") as pool, Pool(conn, "files", tmp_path / "files") as files:
        fill(disk_image := tmp_path / "files" / "raw", 4 * MIB, seed=3)
        os.truncate(disk_image, 12 * MIB)
        files.api.refresh()
        copied = pool.createXMLFrom(volume_xml(f"{stem}1", 0), files.api.storageVolLookupByName("raw"), 0)
        assert content(copied.path()) == disk_image.read_bytes()
        run("qemu-img", "create", "-q", "-f", "qcow2", tmp_path / "files" / "image", "8M")
        run("qemu-io", "-c", "write -P 0x5a 1M 2M", tmp_path / "files" / "image")
        files.api.refresh()
        converted = pool.createXMLFrom(volume_xml(f"{stem}2", 0), files.api.storageVolLookupByName("image"), 0)
        assert content(converted.path()) == bytes(MIB) + b"\x5a" * (2 * MIB) + bytes(5 * MIB)
        back = files.api.createXMLFrom("<volume><name>back</name><capacity>0</capacity><target><format type='qcow2'/></target></volume>", copied, 0)
        assert run("qemu-img", "compare", "-f", "raw", "-F", "qcow2", disk_image, back.path()) == "Images are identical."
        with raises(libvirt.VIR_ERR_SYSTEM_ERROR):
            pool.createXMLFrom(volume_xml(f"{stem}3", 0), copied, REFLINK)
        assert names(pool) == nodes(disk) == [f"{stem}1", f"{stem}2"]


def test_encryption(conn, disk):
    stem = Path(disk).name
    secret = make_secret(conn, f"/dev/{stem}1")
    element = encryption_xml(f"uuid='{secret.UUIDString()}'")
    try:
        with built(conn, disk, "gpt") as pool:
            volume = patiently(create)(pool, f"{stem}1", 16 * MIB, None, element)
            assert volume.info()[1:] == [16 * MIB, 16 * MIB]
            assert content(volume.path()).startswith(b"LUKS\xba\xbe")
            assert run("blockdev", "--getsize64", volume.path()) == str(18 * MIB)
            assert "<encryption format='luks'>" in volume.XMLDesc()
            with raises(libvirt.VIR_ERR_NO_SECRET, libvirt.VIR_FROM_SECRET):
                create(pool, f"{stem}2", 16 * MIB, None, encryption_xml("usage='/none'"))
            assert names(pool) == nodes(disk) == [f"{stem}1"]
    finally:
        secret.undefine()


def test_parted_is_recorded(disk):
    tool("disk", "print-none", *PRINT, disk, *AS_PARTED, status=1)
    for label in ("msdos", "gpt", "bsd", "dvh", "mac", "pc98", "sun"):
        run("parted", "--script", disk, "mklabel", label)
        tool("disk", f"print-{label}-empty", *PRINT, disk, *AS_PARTED)
    run("parted", "--script", disk, "mklabel", "msdos")
    for part in ("primary ext2 1024B 21150719B", "extended 33586176B 99999743B", "logical linux-swap 34603008B 68157439B", "logical 70000128B 80000000B"):
        run("parted", "--script", disk, "mkpart", *part.split())
    tool("disk", "print-msdos", *PRINT, disk, *AS_PARTED)
    settle()
    run("mkfs.ext4", "-q", f"{disk}1")
    run("mount", f"{disk}1", "/mnt")
    tool("disk", "rm-mounted", "parted", disk, "rm", "--script", "1", status=1)
    run("umount", "/mnt")
