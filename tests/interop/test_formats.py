"""Every image format: made, converted into every other, recognised, resized; what cannot be done is refused and leaves nothing."""

import json
import os
import subprocess

import libvirt
import pytest

from busy import tool_working_on, volume_under_construction
from expect import raises
from pools import MIB, backing_xml, volume_xml

WRITABLE = ["raw", "qcow", "qcow2", "qed", "vmdk", "vdi", "vpc"]
UNWRITABLE = ["bochs", "cloop", "dmg", "fat", "vhd", "cow"]
SIZE = 6 * MIB
QCOW2 = "<target><format type='qcow2'/><compat>1.1</compat></target>"


def shown_format(volume) -> str:
    return volume.XMLDesc().split("<format type='")[1].split("'")[0]


def compare(one, format: str, other, other_format: str) -> None:
    subprocess.run(["qemu-img", "compare", "-f", format, "-F", other_format, one, other], check=True, capture_output=True)


def info(path, format: str) -> dict:
    return json.loads(subprocess.run(["qemu-img", "info", "-U", "--output=json", "-f", format, path], check=True, capture_output=True).stdout)


@pytest.fixture
def source(pool):
    """A raw volume with data, a hole, and data again."""
    volume = pool.create("source", SIZE, allocation=0)
    with open(pool.file("source"), "r+b") as file:
        file.write(os.urandom(MIB))
        file.seek(4 * MIB)
        file.write(os.urandom(MIB))
    return volume


@pytest.mark.parametrize("format", WRITABLE)
def test_a_format_is_made_empty_and_recognised(pool, format):
    volume = pool.create("v", SIZE, format=format)
    assert shown_format(volume) == format
    pool.api.refresh()
    volume = pool.api.storageVolLookupByName("v")
    assert shown_format(volume) == format
    assert volume.info()[1] == info(pool.file("v"), format)["virtual-size"] >= SIZE
    assert os.listdir(pool.path) == ["v"]


@pytest.mark.parametrize("format", WRITABLE)
def test_a_format_is_converted_into_every_other(pool, source, format):
    volume = pool.api.createXMLFrom(volume_xml("first", SIZE, format=format), source)
    for target in WRITABLE:
        copy = pool.api.createXMLFrom(volume_xml(f"to-{target}", SIZE, format=target), volume)
        assert shown_format(copy) == target
        compare(pool.file("source"), "raw", copy.path(), target)
    pool.api.refresh()
    for target in WRITABLE:
        assert shown_format(pool.api.storageVolLookupByName(f"to-{target}")) == target
    assert pool.names() == sorted(["source", "first", *(f"to-{target}" for target in WRITABLE)])


def test_a_cd_image_is_raw_data(pool, source):
    copy = pool.api.createXMLFrom(volume_xml("cd", SIZE, format="iso"), source)
    compare(pool.file("source"), "raw", copy.path(), "raw")


@pytest.mark.parametrize("format", UNWRITABLE)
def test_what_the_tool_cannot_write_is_refused_and_leaves_nothing(pool, source, format):
    with raises(libvirt.VIR_ERR_INTERNAL_ERROR, libvirt.VIR_FROM_NONE) as error:
        pool.create("v", SIZE, format=format)
    assert format in error.message and "qemu-img" in error.message
    with raises(libvirt.VIR_ERR_INTERNAL_ERROR, libvirt.VIR_FROM_NONE):
        pool.api.createXMLFrom(volume_xml("v", SIZE, format=format), source)
    assert os.listdir(pool.path) == ["source"] and pool.names() == ["source"]


def test_a_ploop_volume_needs_its_tool(pool, source):
    with raises(libvirt.VIR_ERR_INTERNAL_ERROR) as error:
        pool.create("v", SIZE, format="ploop")
    assert "ploop" in error.message
    with raises(libvirt.VIR_ERR_INTERNAL_ERROR):
        pool.api.createXMLFrom(volume_xml("v", SIZE, format="ploop"), source)
    assert os.listdir(pool.path) == ["source"]


@pytest.mark.parametrize("format, grows, shrinks", [
    ("raw", True, True), ("qcow2", True, True), ("qed", True, False), ("qcow", False, False), ("vmdk", False, False), ("vdi", False, False), ("vpc", False, False)])
def test_resizes(pool, format, grows, shrinks):
    volume = pool.create("v", SIZE, format=format, allocation=0)
    size = volume.info()[1]
    for change, capacity, flags, works in (
            (2 * MIB, size + 2 * MIB, 0, grows), (MIB, MIB, libvirt.VIR_STORAGE_VOL_RESIZE_DELTA, grows),
            (-2 * MIB, 2 * MIB, libvirt.VIR_STORAGE_VOL_RESIZE_DELTA | libvirt.VIR_STORAGE_VOL_RESIZE_SHRINK, shrinks)):
        if works:
            volume.resize(capacity, flags)
            size += change
        else:
            with raises(libvirt.VIR_ERR_INTERNAL_ERROR, libvirt.VIR_FROM_NONE):
                volume.resize(capacity, flags)
        assert volume.info()[1] == size == info(pool.file("v"), format)["virtual-size"]
    if format == "raw":
        volume.resize(size + MIB, libvirt.VIR_STORAGE_VOL_RESIZE_ALLOCATE)
        assert volume.info()[2] >= size + MIB
    else:
        with raises(libvirt.VIR_ERR_OPERATION_UNSUPPORTED):
            volume.resize(size + MIB, libvirt.VIR_STORAGE_VOL_RESIZE_ALLOCATE)


def test_a_vmdk_image_names_the_file_that_it_is_in(pool):
    pool.create("disk.vmdk", SIZE, format="vmdk")
    assert b'SPARSE "disk.vmdk"\n' in pool.file("disk.vmdk").read_bytes()


def test_a_backing_file_without_a_format_is_raw(pool):
    pool.create("base", SIZE, extra=QCOW2)
    volume = pool.create("v", SIZE, extra=f"{QCOW2}<backingStore><path>{pool.file('base')}</path></backingStore>")
    assert "<format type='raw'/>" in volume.XMLDesc().split("<backingStore>")[1]
    assert info(pool.file("v"), "qcow2")["backing-filename-format"] == "raw"


def image(pool, name: str, backing: str, format: str = "qcow2") -> None:
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", name, "8M"], cwd=pool.path, check=True)
    subprocess.run(["qemu-img", "rebase", "-u", "-f", "qcow2", "-b", backing, "-F", format, name], cwd=pool.path, check=True)


@pytest.mark.cistern_only("libvirtd has qemu-img follow the loop until its memory is used up")
def test_a_loop_of_images_is_shown_and_nothing_is_made_of_it(pool):
    image(pool, "a", "b")
    image(pool, "b", "a")
    pool.api.refresh()
    assert pool.names() == ["a", "b"]
    for call in (lambda: pool.create("v", 8 * MIB, extra=QCOW2 + backing_xml(pool.file("a"), "qcow2")),
                 lambda: pool.api.createXMLFrom(volume_xml("v", 8 * MIB, format="raw"), pool.api.storageVolLookupByName("b"))):
        with raises(libvirt.VIR_ERR_INTERNAL_ERROR) as error:
            call()
        assert "loop" in error.message
    assert pool.names() == ["a", "b"]


@pytest.mark.cistern_only("libvirtd tells what qemu-img said")
def test_a_file_missing_below_is_shown_and_named(pool):
    image(pool, "middle", "nosuch", "raw")
    image(pool, "top", "middle")
    pool.api.refresh()
    assert f"<path>{pool.file('nosuch')}</path>" in pool.api.storageVolLookupByName("middle").XMLDesc()
    for call in (lambda: pool.create("v", 8 * MIB, extra=QCOW2 + backing_xml(pool.file("top"), "qcow2")),
                 lambda: pool.api.createXMLFrom(volume_xml("v", 8 * MIB, format="raw"), pool.api.storageVolLookupByName("top"))):
        with raises(libvirt.VIR_ERR_SYSTEM_ERROR) as error:
            call()
        assert str(pool.file("nosuch")) in error.message


@pytest.mark.cistern_only("libvirtd sets no limits, and shows no allocation of what is converted")
def test_a_tool_has_limits_and_its_file_is_seen_to_grow(pool):
    with volume_under_construction(pool):
        limits = open(f"/proc/{tool_working_on(pool.file('source'))}/limits").read()
        cpu, space = (next(line for line in limits.splitlines() if line.startswith(name)) for name in ("Max cpu time", "Max address space"))
        assert "unlimited" not in cpu and "unlimited" not in space
        part = next(name for name in os.listdir(pool.path) if name.startswith(".new"))
        volume = pool.api.storageVolLookupByName("new")
        while volume.info()[2] != os.stat(pool.file(part)).st_blocks * 512:
            pass


@pytest.mark.cistern_only("libvirtd refuses the deletion")
def test_a_conversion_that_is_cancelled_leaves_nothing(pool):
    with volume_under_construction(pool) as creating:
        creating.expected_to_fail = True
        pool.api.storageVolLookupByName("new").delete()
    with raises(libvirt.VIR_ERR_OPERATION_ABORTED):
        creating.finish()
    assert os.listdir(pool.path) == ["source"]
