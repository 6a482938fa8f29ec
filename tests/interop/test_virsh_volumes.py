"""virsh's volume commands on dir pools: exit code and output of each."""

import hashlib
import os
import re
import subprocess

import pytest

from pools import KIB, MIB, backing_xml, volume_xml


def rows(table: str) -> list[list[str]]:
    return [re.split(r" {2,}", line.strip()) for line in table.splitlines()[2:] if line.strip()]


def details(virsh, name, pool, *options) -> dict[str, str]:
    """vol-info as a dictionary."""
    return dict(re.findall(r"^(\w+): +(.*)$", virsh.ok("vol-info", name, pool.name, "--bytes", *options), re.M))


def test_a_volume_goes_through_its_whole_life(virsh, pool):
    path = pool.file("v")
    assert virsh.ok("vol-create-as", pool.name, "v", "1M") == "Vol v created\n"
    assert path.stat().st_size == MIB
    assert rows(virsh.ok("vol-list", pool.name)) == [["v", str(path)]]
    assert virsh.ok("vol-info", "v", pool.name) == (
        "Name:           v\n"
        "Type:           file\n"
        "Capacity:       1.00 MiB\n"
        "Allocation:     1.00 MiB\n")
    assert virsh.ok("vol-delete", "v", pool.name) == "Vol v deleted\n"
    assert not path.exists()
    assert rows(virsh.ok("vol-list", pool.name)) == []


def test_list_details_sorts_by_name(virsh, pool):
    pool.create("b", 2 * MIB, allocation=0)
    pool.create("a", MIB)
    assert virsh.ok("vol-list", pool.name, "--details").splitlines()[0].split() == ["Name", "Path", "Type", "Capacity", "Allocation"]
    assert rows(virsh.ok("vol-list", pool.name, "--details")) == [
        ["a", str(pool.file("a")), "file", "1.00 MiB", "1.00 MiB"],
        ["b", str(pool.file("b")), "file", "2.00 MiB", "0.00 B"]]


@pytest.mark.parametrize("allocation, blocks", [(None, MIB), ("1M", MIB), ("0", 0), ("64K", 64 * KIB)])
def test_create_as_allocates_what_is_asked(virsh, pool, allocation, blocks):
    virsh.ok("vol-create-as", pool.name, "v", "1M", *(["--allocation", allocation] if allocation else []))
    assert pool.file("v").stat().st_size == MIB
    assert pool.file("v").stat().st_blocks * 512 == blocks
    assert details(virsh, "v", pool) == {"Name": "v", "Type": "file", "Capacity": f"{MIB} bytes", "Allocation": f"{blocks} bytes"}


@pytest.mark.parametrize("format", ["raw", "qcow2", "qcow", "qed", "vmdk", "vdi", "vpc", "vhd"])
def test_create_as_with_a_format_makes_such_an_image(virsh, pool, format):
    result = virsh("vol-create-as", pool.name, "v", "1M", "--format", format)
    if format == "vhd":
        assert result.code == 1 and not pool.file("v").exists()
        return
    assert result.out == "Vol v created\n\n", result
    image = subprocess.run(["qemu-img", "info", "--output=json", pool.file("v")], capture_output=True, text=True, check=True).stdout
    assert f'"format": "{format}"' in image
    assert f"<format type='{format}'/>" in virsh.ok("vol-dumpxml", "v", pool.name)


def test_create_as_on_a_backing_volume(virsh, pool):
    pool.create("base", 4 * MIB)
    assert virsh.ok("vol-create-as", pool.name, "top", "8M", "--format", "qcow2", "--backing-vol", "base",
                    "--backing-vol-format", "raw") == "Vol top created\n"
    xml = virsh.ok("vol-dumpxml", "top", pool.name)
    assert f"<capacity unit='bytes'>{8 * MIB}</capacity>" in xml
    backing = xml[xml.index("<backingStore>"):]
    assert f"<path>{pool.file('base')}</path>" in backing and "<format type='raw'/>" in backing
    virsh.fails("vol-create-as", pool.name, "other", "8M", "--format", "qcow2", "--backing-vol", "no-such", says="no-such")


def test_create_as_preallocates_metadata(virsh, pool):
    virsh.ok("vol-create-as", pool.name, "v", "64M", "--format", "qcow2", "--prealloc-metadata")
    assert pool.file("v").stat().st_size > 64 * MIB
    virsh.fails("vol-create-as", pool.name, "r", "1M", "--prealloc-metadata", says="error: Failed to create vol r\n")


def test_create_as_print_xml_creates_nothing(virsh, pool):
    assert virsh.ok("vol-create-as", pool.name, "v", "1M", "--allocation", "1K", "--format", "qcow2", "--print-xml") == (
        "<volume>\n"
        "  <name>v</name>\n"
        f"  <capacity>{MIB}</capacity>\n"
        "  <allocation>1024</allocation>\n"
        "  <target>\n"
        "    <format type='qcow2'/>\n"
        "  </target>\n"
        "</volume>\n")
    assert pool.names() == []


@pytest.mark.parametrize("name, says", [("v", "'v'"), ("a/b", "a/b"), ("../v", "../v")])
def test_create_as_refuses_taken_names_and_those_that_leave_the_pool(virsh, pool, name, says):
    pool.create("v")
    virsh.fails("vol-create-as", pool.name, name, "1M", says=(f"error: Failed to create vol {name}\n", says))
    assert pool.names() == ["v"]
    assert not (pool.path.parent / "v").exists()


def test_create_refuses_a_file_that_is_there_but_not_listed(virsh, unwatched):
    unwatched.file("hidden").write_bytes(b"precious")
    virsh.fails("vol-create-as", unwatched.name, "hidden", "1M", says=str(unwatched.file("hidden")))
    assert unwatched.file("hidden").read_bytes() == b"precious"


def test_create_from_a_file(virsh, pool, tmp_path):
    file = tmp_path / "v.xml"
    file.write_text(volume_xml("v", 3, unit="KiB"))
    assert virsh.ok("vol-create", pool.name, file) == f"Vol v created from {file}\n"
    assert details(virsh, "v", pool)["Capacity"] == "3072 bytes"
    virsh.fails("vol-create", pool.name, file, says=f"error: Failed to create vol from {file}\n")
    file.write_text("<volume><name>")
    virsh.fails("vol-create", pool.name, file, says=f"error: Failed to create vol from {file}\n")
    assert pool.names() == ["v"]


def test_create_from_copies_another_volume(virsh, pool, tmp_path):
    data = os.urandom(MIB)
    pool.create("source")
    pool.file("source").write_bytes(data)
    file = tmp_path / "copy.xml"
    file.write_text(volume_xml("copy", 2 * MIB))
    assert virsh.ok("vol-create-from", pool.name, file, "source", "--inputpool", pool.name) == "Vol copy created from input vol source\n"
    assert pool.file("copy").read_bytes() == data + bytes(MIB)
    virsh.fails("vol-create-from", pool.name, file, "no-such", says=("error: failed to get vol 'no-such', specifying --inputpool might help\n", "'no-such'"))


def test_create_from_another_pool(virsh, pool, tmp_path):
    pool.create("source")
    pool.file("source").write_bytes(b"abc" + bytes(MIB - 3))
    virsh.ok("pool-create-as", "other", "dir", "--target", tmp_path / "other", "--build")
    file = tmp_path / "copy.xml"
    file.write_text(volume_xml("copy"))
    assert virsh.ok("vol-create-from", "other", file, "source", "--inputpool", pool.name) == "Vol copy created from input vol source\n"
    assert (tmp_path / "other" / "copy").read_bytes() == pool.file("source").read_bytes()
    virsh.ok("pool-destroy", "other")


def test_clone_copies_the_data(virsh, pool):
    data = os.urandom(MIB)
    pool.create("v")
    pool.file("v").write_bytes(data)
    assert virsh.ok("vol-clone", "v", "w", pool.name) == "Vol w cloned from v\n"
    assert pool.file("w").read_bytes() == data
    virsh.fails("vol-clone", "v", "w", pool.name, says=("error: Failed to clone vol from v\n", "'w'"))


def test_clone_of_qcow2_is_qcow2(virsh, pool):
    pool.create("v", 4 * MIB, format="qcow2")
    virsh.ok("vol-clone", "v", "w", pool.name, "--prealloc-metadata")
    assert "<format type='qcow2'/>" in virsh.ok("vol-dumpxml", "w", pool.name)
    assert pool.file("w").stat().st_size > 4 * MIB


def test_info_of_physical_size(virsh, pool):
    pool.create("q", 10 * MIB, format="qcow2")
    physical = pool.file("q").stat().st_size
    assert details(virsh, "q", pool, "--physical") == {
        "Name": "q", "Type": "file", "Capacity": f"{10 * MIB} bytes", "Physical": f"{physical} bytes"}


def normal(xml: str) -> str:
    return re.sub(r"<([amcb]time)>(\d+\.\d{9}|(?<=<btime>)0)<", r"<\1>TIME<", xml)


def test_the_xml_of_a_raw_volume(virsh, pool):
    pool.create("v")
    path = pool.file("v")
    assert normal(virsh.ok("vol-dumpxml", "v", pool.name)) == (
        "<volume type='file'>\n"
        "  <name>v</name>\n"
        f"  <key>{path}</key>\n"
        f"  <capacity unit='bytes'>{MIB}</capacity>\n"
        f"  <allocation unit='bytes'>{MIB}</allocation>\n"
        f"  <physical unit='bytes'>{MIB}</physical>\n"
        "  <target>\n"
        f"    <path>{path}</path>\n"
        "    <format type='raw'/>\n"
        "    <permissions>\n"
        "      <mode>0600</mode>\n"
        f"      <owner>{os.geteuid()}</owner>\n"
        f"      <group>{os.getegid()}</group>\n"
        "    </permissions>\n"
        "    <timestamps>\n"
        "      <atime>TIME</atime>\n"
        "      <mtime>TIME</mtime>\n"
        "      <ctime>TIME</ctime>\n"
        "      <btime>TIME</btime>\n"
        "    </timestamps>\n"
        "  </target>\n"
        "</volume>\n")


def test_the_xml_of_a_qcow2_volume_on_a_raw_one(virsh, pool):
    pool.create("base")
    pool.create("top", 2 * MIB, extra="<target><format type='qcow2'/><compat>1.1</compat></target>" + backing_xml(pool.file("base"), "raw"))
    pool.api.refresh()
    path, base = pool.file("top"), pool.file("base")
    size, blocks = path.stat().st_size, path.stat().st_blocks * 512
    assert normal(virsh.ok("vol-dumpxml", "top", pool.name)) == (
        "<volume type='file'>\n"
        "  <name>top</name>\n"
        f"  <key>{path}</key>\n"
        f"  <capacity unit='bytes'>{2 * MIB}</capacity>\n"
        f"  <allocation unit='bytes'>{blocks}</allocation>\n"
        f"  <physical unit='bytes'>{size}</physical>\n"
        "  <target>\n"
        f"    <path>{path}</path>\n"
        "    <format type='qcow2'/>\n"
        "    <permissions>\n"
        "      <mode>0600</mode>\n"
        f"      <owner>{os.geteuid()}</owner>\n"
        f"      <group>{os.getegid()}</group>\n"
        "    </permissions>\n"
        "    <timestamps>\n"
        "      <atime>TIME</atime>\n"
        "      <mtime>TIME</mtime>\n"
        "      <ctime>TIME</ctime>\n"
        "      <btime>TIME</btime>\n"
        "    </timestamps>\n"
        "    <compat>1.1</compat>\n"
        "    <clusterSize unit='B'>65536</clusterSize>\n"
        "    <features/>\n"
        "  </target>\n"
        "  <backingStore>\n"
        f"    <path>{base}</path>\n"
        "    <format type='raw'/>\n"
        "    <permissions>\n"
        "      <mode>0600</mode>\n"
        f"      <owner>{os.geteuid()}</owner>\n"
        f"      <group>{os.getegid()}</group>\n"
        "    </permissions>\n"
        "    <timestamps>\n"
        "      <atime>TIME</atime>\n"
        "      <mtime>TIME</mtime>\n"
        "      <ctime>TIME</ctime>\n"
        "      <btime>TIME</btime>\n"
        "    </timestamps>\n"
        "  </backingStore>\n"
        "</volume>\n")


def test_key_name_path_and_pool_lead_to_each_other(virsh, pool):
    pool.create("v")
    path = str(pool.file("v"))
    assert virsh.ok("vol-key", "v", pool.name) == f"{path}\n"
    assert virsh.ok("vol-path", "v", pool.name) == f"{path}\n"
    assert virsh.ok("vol-name", path) == "v\n"
    assert virsh.ok("vol-pool", path) == f"{pool.name}\n"
    assert virsh.ok("vol-pool", "--uuid", path) == f"{pool.uuid}\n"
    assert virsh.ok("vol-path", path, "--pool", pool.name) == f"{path}\n"
    assert "Name:           v\n" in virsh.ok("vol-info", path)


@pytest.mark.parametrize("arguments, capacity", [
    (["2M"], 2 * MIB),
    (["1M", "--delta"], 2 * MIB),
    (["512K", "--shrink"], 512 * KIB),
    (["--shrink", "--delta", "--", "-256K"], 768 * KIB),
    (["2M", "--allocate"], 2 * MIB),
])
def test_resize(virsh, pool, arguments, capacity):
    pool.create("v", MIB, allocation=0)
    verb = "by" if "--delta" in arguments else "to"
    amount = next(a for a in arguments if a[-1] in "MK").removeprefix("-")
    assert virsh.ok("vol-resize", "--pool", pool.name, "v", *arguments) == f"Size of volume 'v' successfully changed {verb} {amount}\n"
    assert pool.file("v").stat().st_size == capacity
    allocated = capacity if "--allocate" in arguments else 0
    assert details(virsh, "v", pool) == {"Name": "v", "Type": "file", "Capacity": f"{capacity} bytes", "Allocation": f"{allocated} bytes"}


@pytest.mark.parametrize("arguments", [["512K"], ["512K", "--shrink"], ["100000T", "--allocate"]])
def test_resize_refuses_to_lose_data_or_to_overfill(virsh, pool, arguments):
    pool.create("v", MIB, allocation=MIB)
    virsh.fails("vol-resize", "--pool", pool.name, "v", *arguments, says=f"error: Failed to change size of volume 'v' to {arguments[0]}\n")
    assert pool.file("v").stat().st_size == MIB


def test_resize_refuses_a_negative_size_locally(virsh, pool):
    pool.create("v")
    virsh.fails("vol-resize", "--pool", pool.name, "v", "--", "-1M", says="error: negative size requires --shrink\n")


def test_resize_of_qcow2(virsh, pool):
    pool.create("q", MIB, format="qcow2")
    virsh.ok("vol-resize", "q", "2M", "--pool", pool.name)
    assert details(virsh, "q", pool)["Capacity"] == f"{2 * MIB} bytes"


@pytest.mark.parametrize("algorithm", [None, "zero", "random", "nnsa"])
def test_wipe_overwrites_the_data(virsh, pool, algorithm):
    data = os.urandom(64 * KIB)
    pool.create("v", 64 * KIB)
    pool.file("v").write_bytes(data)
    assert virsh.ok("vol-wipe", "v", pool.name, *(["--algorithm", algorithm] if algorithm else [])) == "Vol v wiped\n"
    wiped = pool.file("v").read_bytes()
    assert len(wiped) == len(data) and wiped != data
    if algorithm in (None, "zero"):
        assert wiped == bytes(64 * KIB)


def test_wipe_keeps_a_sparse_file_sparse(virsh, pool):
    pool.create("v", 10 * MIB, allocation=0)
    with open(pool.file("v"), "r+b") as file:
        file.write(b"secret")
    virsh.ok("vol-wipe", "v", pool.name)
    assert pool.file("v").stat().st_size == 10 * MIB
    assert pool.file("v").stat().st_blocks <= 64
    assert pool.file("v").read_bytes() == bytes(10 * MIB)


def test_wipe_turns_qcow2_into_raw(virsh, pool):
    pool.create("q", MIB, format="qcow2")
    virsh.ok("vol-wipe", "q", pool.name)
    assert "<format type='raw'/>" in virsh.ok("vol-dumpxml", "q", pool.name)


def test_wipe_refuses_what_a_file_cannot_do(virsh, pool):
    pool.create("v")
    virsh.fails("vol-wipe", "v", pool.name, "--algorithm", "nosuch", says="error: Unsupported algorithm 'nosuch'\n")


def test_upload_and_download_whole(virsh, pool, tmp_path):
    data = os.urandom(3 * MIB + 17)
    (tmp_path / "in").write_bytes(data)
    pool.create("v", len(data))
    assert virsh.ok("vol-upload", "v", tmp_path / "in", "--pool", pool.name) == ""
    assert pool.file("v").read_bytes() == data
    assert virsh.ok("vol-download", "v", tmp_path / "out", "--pool", pool.name) == ""
    assert (tmp_path / "out").read_bytes() == data


def test_upload_and_download_a_part(virsh, pool, tmp_path):
    (tmp_path / "in").write_bytes(b"x" * 5000)
    pool.create("v")
    virsh.ok("vol-upload", "v", tmp_path / "in", "--pool", pool.name, "--offset", "1000", "--length", "5000")
    assert pool.file("v").read_bytes() == bytes(1000) + b"x" * 5000 + bytes(MIB - 6000)
    virsh.ok("vol-download", "v", tmp_path / "out", "--pool", pool.name, "--offset", "900", "--length", "200")
    assert (tmp_path / "out").read_bytes() == bytes(100) + b"x" * 100


def test_upload_longer_than_the_given_length_fails(virsh, pool, tmp_path):
    (tmp_path / "in").write_bytes(b"x" * 5000)
    pool.create("v")
    virsh.fails("vol-upload", "v", tmp_path / "in", "--pool", pool.name, "--length", "4000")
    assert pool.file("v").read_bytes()[4000:] == bytes(MIB - 4000)


def test_upload_extends_a_file(virsh, pool, tmp_path):
    (tmp_path / "in").write_bytes(b"y" * 100)
    pool.create("v", 10)
    virsh.ok("vol-upload", "v", tmp_path / "in", "--pool", pool.name, "--offset", "50")
    assert pool.file("v").stat().st_size == 150


def test_download_behind_the_end_is_empty(virsh, pool, tmp_path):
    pool.create("v")
    virsh.ok("vol-download", "v", tmp_path / "out", "--pool", pool.name, "--offset", str(2 * MIB))
    assert (tmp_path / "out").read_bytes() == b""


def test_sparse_transfers_keep_holes(virsh, pool, tmp_path):
    with open(tmp_path / "in", "wb") as file:
        file.truncate(64 * MIB)
        file.seek(20 * MIB)
        file.write(b"d" * 65536)
    pool.create("v", 64 * MIB, allocation=0)
    virsh.ok("vol-upload", "v", tmp_path / "in", "--pool", pool.name, "--sparse")
    virsh.ok("vol-download", "v", tmp_path / "out", "--pool", pool.name, "--sparse")
    want = hashlib.sha256((tmp_path / "in").read_bytes()).digest()
    for copy in (pool.file("v"), tmp_path / "out"):
        assert hashlib.sha256(copy.read_bytes()).digest() == want
        assert copy.stat().st_blocks * 512 <= 128 * KIB


def test_upload_of_a_missing_file_is_a_local_error(virsh, pool, tmp_path):
    pool.create("v")
    virsh.fails("vol-upload", "v", tmp_path / "no-such", "--pool", pool.name, says="no-such")


@pytest.mark.parametrize("command", ["vol-delete", "vol-dumpxml", "vol-info", "vol-key", "vol-path", "vol-wipe", "vol-clone",
                                     "vol-resize", "vol-upload", "vol-download"])
def test_a_missing_volume_is_named(virsh, pool, tmp_path, command):
    (tmp_path / "file").touch()
    more = {"vol-clone": ["copy"], "vol-resize": ["1M"], "vol-upload": [tmp_path / "file"], "vol-download": [tmp_path / "file"]}
    virsh.fails(command, "--pool", pool.name, "no-such", *more.get(command, []), says=("error: failed to get vol 'no-such'\n", "'no-such'"))
    virsh.fails(command, "no-such", *more.get(command, []), says="error: failed to get vol 'no-such'")


@pytest.mark.parametrize("command", ["vol-name", "vol-pool"])
def test_a_missing_path_is_named(virsh, command):
    virsh.fails(command, "/no/such", says=("error: failed to get vol '/no/such'\n", "/no/such"))


def test_volumes_of_an_inactive_pool_are_out_of_reach(virsh, pool):
    pool.create("v")
    pool.api.destroy()
    virsh.fails("vol-info", "v", pool.name, says=f"error: pool '{pool.name}' is not active\n")
    virsh.fails("vol-create-as", pool.name, "w", "1M", says=f"'{pool.name}'")
    virsh.fails("vol-name", pool.file("v"), says=str(pool.file("v")))


def test_delete_of_a_file_that_is_gone_succeeds(virsh, unwatched):
    unwatched.create("v")
    unwatched.file("v").unlink()
    virsh.ok("vol-delete", "v", unwatched.name)
    assert unwatched.names() == []


def test_directories_are_volumes(virsh, pool):
    pool.file("folder").mkdir()
    virsh.ok("pool-refresh", pool.name)
    assert "Type:           dir\n" in virsh.ok("vol-info", "folder", pool.name)
    virsh.ok("vol-delete", "folder", pool.name)
    assert not pool.file("folder").exists()
    virsh.ok("vol-create-as", pool.name, "made", "0", "--format", "dir")
    assert pool.file("made").is_dir()
