"""Copies: which share blocks, which take space of their own, and what of an image is copied byte by byte."""

import json
import os
import subprocess

import libvirt
import pytest

from expect import raises
from loopmount import lacking, mounted, shared
from pools import MIB, Pool, backing_xml, volume_xml

SIZE = 32 * MIB
REFLINK = libvirt.VIR_STORAGE_VOL_CREATE_REFLINK
SPARSE = {"allocation": 0}

pytestmark = pytest.mark.cistern_only("libvirtd shares blocks only when told to, copies raw volumes only, and sees no later mounts")


@pytest.fixture(params=["xfs", "btrfs", "ext4"])
def disk(request, conn, tmp_path):
    """A pool on a file system of its own, which shares blocks or does not."""
    if reason := lacking(request.param):
        pytest.skip(reason)
    with mounted(request.param, tmp_path) as folder, Pool(conn, f"on-{request.param}", folder / "pool") as pool:
        pool.shares = request.param != "ext4"
        yield pool


@pytest.fixture(params=["raw", "qcow2"])
def source(request, disk):
    """A volume with 8 MiB of data among holes; of the format that is also the copy's."""
    disk.create("data", SIZE, allocation=0)
    with open(disk.file("data"), "r+b") as file:
        for at in range(0, SIZE, 8 * MIB):
            file.seek(at)
            file.write(os.urandom(2 * MIB))
    disk.format = request.param
    return disk.api.createXMLFrom(volume_xml("source", SIZE, format=request.param, **SPARSE), disk.api.storageVolLookupByName("data"))


def check(disk, copy) -> None:
    subprocess.run(["qemu-img", "compare", "-f", "raw", "-F", disk.format, disk.file("data"), copy.path()], check=True, capture_output=True)


def test_a_copy_that_need_not_take_all_its_space_shares_blocks_where_it_can(disk, source):
    copy = disk.api.createXMLFrom(volume_xml("copy", SIZE, format=disk.format, **SPARSE), source)
    assert shared(copy.path()) == [disk.shares]
    check(disk, copy)


def test_a_copy_that_must_share_blocks_does_or_fails(disk, source):
    document = volume_xml("copy", SIZE, format=disk.format)
    if disk.shares:
        copy = disk.api.createXMLFrom(document, source, REFLINK)
        assert shared(copy.path()) == [True]
        check(disk, copy)
    else:
        with raises(libvirt.VIR_ERR_SYSTEM_ERROR):
            disk.api.createXMLFrom(document, source, REFLINK)
        assert sorted(os.listdir(disk.path)) == ["data", "source"]


def test_a_copy_that_is_to_take_its_space_shares_nothing(disk, source):
    copy = disk.api.createXMLFrom(volume_xml("copy", SIZE, format=disk.format), source)
    assert shared(copy.path()) == [False]
    check(disk, copy)
    if disk.format == "raw":
        assert os.stat(copy.path()).st_blocks * 512 >= SIZE


def test_a_copy_of_a_sparse_volume_stays_sparse(disk, source):
    copy = disk.api.createXMLFrom(volume_xml("copy", SIZE, format=disk.format, **SPARSE), source)
    assert os.stat(copy.path()).st_blocks * 512 < 12 * MIB


def test_what_cannot_be_copied_byte_by_byte_cannot_be_made_to_share(pool):
    volume = pool.create("v", SIZE, format="qcow2")
    for document in (volume_xml("w", SIZE, format="raw"), volume_xml("w", 2 * SIZE, format="qcow2"), volume_xml("w", SIZE, format="vmdk")):
        with raises(libvirt.VIR_ERR_INVALID_ARG):
            pool.api.createXMLFrom(document, volume, REFLINK)
    assert os.listdir(pool.path) == ["v"]


def info(path) -> dict:
    return json.loads(subprocess.run(["qemu-img", "info", "--output=json", path], check=True, capture_output=True).stdout)


def qcow2(name: str, inside: str = "", capacity: int = SIZE) -> str:
    return volume_xml(name, capacity, allocation=0, extra=f"<target><format type='qcow2'/>{inside}</target>")


@pytest.mark.parametrize("inside", ["<compat>0.10</compat>", "<clusterSize>4096</clusterSize>", "<features><lazy_refcounts/></features>",
                                    "<clusterSize>16384</clusterSize><features><extended_l2/></features>"])
def test_an_image_is_copied_byte_by_byte_only_to_equal_options(pool, inside):
    source = pool.api.createXML(qcow2("source", inside))
    subprocess.run(["qemu-io", "-f", "qcow2", "-c", "write -P 7 1M 3M", source.path()], check=True, capture_output=True)
    equal = pool.api.createXMLFrom(qcow2("equal", inside), source)
    assert pool.file("equal").read_bytes() == pool.file("source").read_bytes()
    other = pool.api.createXMLFrom(qcow2("other"), source)
    for copy in (equal, other):
        subprocess.run(["qemu-img", "compare", "-f", "qcow2", "-F", "qcow2", source.path(), copy.path()], check=True, capture_output=True)
    plain = info(pool.api.createXML(qcow2("plain")).path())
    assert info(other.path())["format-specific"] == plain["format-specific"]
    assert info(other.path())["cluster-size"] == plain["cluster-size"]


def test_an_image_with_more_than_its_data_is_flattened(pool):
    pool.create("base", SIZE)
    pool.file("base").write_bytes(os.urandom(MIB) + bytes(SIZE - MIB))
    pool.api.createXML(volume_xml("layered", SIZE, extra="<target><format type='qcow2'/></target>" + backing_xml(pool.file("base"), "raw")))
    for name, *command in (("snapshot", "snapshot", "-c", "s"), ("bitmap", "bitmap", "--add")):
        pool.api.createXML(qcow2(name))
        subprocess.run(["qemu-img", *command, pool.file(name), *(["b"] if name == "bitmap" else [])], check=True)
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-o", "refcount_bits=8", pool.file("refcounts"), str(SIZE)], check=True)
    pool.api.refresh()
    plain = info(pool.api.createXML(qcow2("plain")).path())["format-specific"]
    for name in ("layered", "snapshot", "bitmap", "refcounts"):
        source = pool.api.storageVolLookupByName(name)
        copy = pool.api.createXMLFrom(qcow2(f"{name}-copy"), source)
        told = info(copy.path())
        assert "backing-filename" not in told and "snapshots" not in told and told["format-specific"] == plain, name
        assert "<backingStore>" not in copy.XMLDesc()
        subprocess.run(["qemu-img", "compare", "-f", "qcow2", "-F", "qcow2", source.path(), copy.path()], check=True, capture_output=True)
