"""virsh's pool commands on dir pools: exit code and output of each."""

import os
import re
import stat

import pytest

UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"


def columns(table: str) -> list[list[str]]:
    """The rows of one of virsh's tables, without head and rule; columns are at least two blanks apart."""
    return [re.split(r" {2,}", line.strip()) for line in table.splitlines()[2:] if line.strip()]


@pytest.fixture
def target(tmp_path):
    return tmp_path / "target"


@pytest.fixture
def defined(virsh, target, request):
    """The name of a defined pool whose target does not exist yet."""
    name = "p-" + os.urandom(4).hex()
    virsh.ok("pool-define-as", name, "dir", "--target", target)
    yield name
    virsh("pool-destroy", name)
    virsh("pool-undefine", name)


@pytest.fixture
def started(virsh, defined):
    virsh.ok("pool-build", defined)
    virsh.ok("pool-start", defined)
    return defined


def test_a_pool_goes_through_its_whole_life(virsh, target):
    assert virsh.ok("pool-define-as", "life", "dir", "--target", target) == "Pool life defined\n"
    assert virsh.ok("pool-list", "--all") == (
        " Name   State      Autostart\n"
        "------------------------------\n"
        " life   inactive   no\n")
    assert not target.exists()
    assert virsh.ok("pool-build", "life") == "Pool life built\n"
    assert stat.S_IMODE(target.stat().st_mode) == 0o711
    assert virsh.ok("pool-start", "life") == "Pool life started\n"
    assert virsh.ok("pool-list") == (
        " Name   State    Autostart\n"
        "----------------------------\n"
        " life   active   no\n")
    assert virsh.ok("pool-autostart", "life") == "Pool life marked as autostarted\n"
    assert virsh.ok("pool-autostart", "life", "--disable") == "Pool life unmarked as autostarted\n"
    assert virsh.ok("pool-refresh", "life") == "Pool life refreshed\n"
    assert virsh.ok("pool-destroy", "life") == "Pool life destroyed\n"
    assert virsh.ok("pool-delete", "life") == "Pool life deleted\n"
    assert not target.exists()
    assert virsh.ok("pool-undefine", "life") == "Pool life has been undefined\n"
    assert virsh.ok("pool-list", "--all") == (
        " Name   State   Autostart\n"
        "---------------------------\n")


def test_a_pool_is_created_transient_and_vanishes_when_destroyed(virsh, target):
    target.mkdir()
    assert virsh.ok("pool-create-as", "transient", "dir", "--target", target) == "Pool transient created\n"
    assert "Persistent:     no\n" in virsh.ok("pool-info", "transient")
    virsh.fails("pool-autostart", "transient", says="failed to mark pool transient as autostarted")
    virsh.ok("pool-destroy", "transient")
    virsh.fails("pool-info", "transient", says="'transient'")


def test_create_with_build_makes_the_target(virsh, target):
    virsh.ok("pool-create-as", "built", "dir", "--target", target, "--build")
    assert target.is_dir()
    virsh.ok("pool-destroy", "built")


def test_create_without_a_target_folder_fails_and_leaves_no_pool(virsh, target):
    virsh.fails("pool-create-as", "nowhere", "dir", "--target", target,
                says=("error: Failed to create pool nowhere\n", str(target)))
    assert virsh.ok("pool-list", "--all", "--name").strip() == ""


def test_pools_are_defined_and_created_from_files(virsh, target, tmp_path):
    target.mkdir()
    file = tmp_path / "pool.xml"
    file.write_text(f"<pool type='dir'><name>filed</name><target><path>{target}</path></target></pool>")
    assert virsh.ok("pool-define", file) == f"Pool filed defined from {file}\n"
    virsh.fails("pool-define", file, says=f"error: Failed to define pool from {file}\n")
    virsh.ok("pool-undefine", "filed")
    assert virsh.ok("pool-create", file) == f"Pool filed created from {file}\n"
    virsh.ok("pool-destroy", "filed")


@pytest.mark.parametrize("command", ["pool-define-as", "pool-create-as"])
def test_print_xml_changes_nothing(virsh, command):
    assert virsh.ok(command, "shown", "dir", "--target", "/shown", "--print-xml") == (
        "<pool type='dir'>\n"
        "  <name>shown</name>\n"
        "  <target>\n"
        "    <path>/shown</path>\n"
        "  </target>\n"
        "</pool>\n")
    assert "shown" not in virsh.ok("pool-list", "--all", "--name")


def test_start_with_build_makes_the_target(virsh, defined, target):
    assert virsh.ok("pool-start", defined, "--build") == f"Pool {defined} started\n"
    assert target.is_dir()


def test_start_without_the_target_fails_and_the_pool_stays_inactive(virsh, defined, target):
    virsh.fails("pool-start", defined, says=(f"error: Failed to start pool {defined}\n", str(target)))
    assert "State:          inactive\n" in virsh.ok("pool-info", defined)


def test_info_of_an_inactive_pool(virsh, defined):
    assert re.fullmatch(
        f"Name:           {defined}\n"
        f"UUID:           {UUID}\n"
        "State:          inactive\n"
        "Persistent:     yes\n"
        "Autostart:      no\n", virsh.ok("pool-info", defined))


def test_info_of_an_active_pool_in_bytes_is_that_of_the_file_system(virsh, started, target):
    text = virsh.ok("pool-info", started, "--bytes")
    numbers = dict(re.findall(r"^(\w+): +(\d+)$", text, re.M))
    assert "State:          running\n" in text
    disk = os.statvfs(target)
    assert int(numbers["Capacity"]) == disk.f_frsize * disk.f_blocks
    assert int(numbers["Capacity"]) == int(numbers["Allocation"]) + int(numbers["Available"])
    assert re.search(r"^Capacity:       [\d.]+ [KMGTP]iB\n", virsh.ok("pool-info", started), re.M)


def test_the_inactive_pools_xml(virsh, defined, target):
    identity = virsh.ok("pool-uuid", defined).strip()
    for options in ([], ["--inactive"]):
        assert virsh.ok("pool-dumpxml", defined, *options) == (
            "<pool type='dir'>\n"
            f"  <name>{defined}</name>\n"
            f"  <uuid>{identity}</uuid>\n"
            "  <capacity unit='bytes'>0</capacity>\n"
            "  <allocation unit='bytes'>0</allocation>\n"
            "  <available unit='bytes'>0</available>\n"
            "  <source>\n"
            "  </source>\n"
            "  <target>\n"
            f"    <path>{target}</path>\n"
            "  </target>\n"
            "</pool>\n")


def test_the_active_pools_xml(virsh, started, target):
    identity = virsh.ok("pool-uuid", started).strip()
    disk = os.statvfs(target)
    text = virsh.ok("pool-dumpxml", started)
    assert re.sub(r"<(allocation|available) unit='bytes'>\d+<", r"<\1 unit='bytes'>N<", text) == (
        "<pool type='dir'>\n"
        f"  <name>{started}</name>\n"
        f"  <uuid>{identity}</uuid>\n"
        f"  <capacity unit='bytes'>{disk.f_frsize * disk.f_blocks}</capacity>\n"
        "  <allocation unit='bytes'>N</allocation>\n"
        "  <available unit='bytes'>N</available>\n"
        "  <source>\n"
        "  </source>\n"
        "  <target>\n"
        f"    <path>{target}</path>\n"
        "    <permissions>\n"
        "      <mode>0711</mode>\n"
        f"      <owner>{os.geteuid()}</owner>\n"
        f"      <group>{os.getegid()}</group>\n"
        "    </permissions>\n"
        "  </target>\n"
        "</pool>\n")
    assert virsh.ok("pool-dumpxml", started, "--xpath", "/pool/target/path/text()") == f"{target}\n"


def test_name_and_uuid_lead_to_each_other(virsh, defined):
    identity = virsh.ok("pool-uuid", defined).strip()
    assert re.fullmatch(UUID, identity)
    assert virsh.ok("pool-name", identity) == f"{defined}\n"
    assert f"Name:           {defined}\n" in virsh.ok("pool-info", identity)


def test_list_details(virsh, started):
    rows = columns(virsh.ok("pool-list", "--details"))
    row = next(row for row in rows if row[0] == started)
    assert row[1:4] == ["running", "no", "yes"]
    assert all(re.fullmatch(r"[\d.]+ [KMGTP]iB", number) for number in row[4:7])


@pytest.fixture
def four_pools(virsh, tmp_path):
    """An inactive, an active autostarted, an active and a transient pool."""
    for name in ("off", "auto", "on"):
        virsh.ok("pool-define-as", name, "dir", "--target", tmp_path / name)
    for name in ("auto", "on"):
        virsh.ok("pool-start", name, "--build")
    virsh.ok("pool-autostart", "auto")
    virsh.ok("pool-create-as", "passing", "dir", "--target", tmp_path / "passing", "--build")
    yield
    for name in ("off", "auto", "on", "passing"):
        virsh("pool-destroy", name)
        virsh("pool-undefine", name)


@pytest.mark.parametrize("options, names", [
    ("", "auto on passing"),
    ("--all", "auto off on passing"),
    ("--inactive", "off"),
    ("--persistent", "auto on"),
    ("--all --persistent", "auto off on"),
    ("--transient", "passing"),
    ("--inactive --transient", ""),
    ("--autostart", "auto"),
    ("--no-autostart", "on passing"),
    ("--all --no-autostart", "off on passing"),
    ("--all --autostart --no-autostart", "auto off on passing"),
    ("--all --type dir", "auto off on passing"),
    ("--all --type fs,netfs", ""),
    ("--all --type dir,fs", "auto off on passing"),
    *((f"--all --type {other}", "") for other in (
        "fs netfs logical disk iscsi scsi mpath rbd sheepdog gluster zfs vstorage iscsi-direct".split())),
])
def test_list_filters(virsh, four_pools, options, names):
    assert [row[0] for row in columns(virsh.ok("pool-list", *options.split()))] == names.split()
    assert virsh.ok("pool-list", "--name", *options.split()).split() == names.split()


def test_list_rejects_an_unknown_type_locally(virsh):
    virsh.fails("pool-list", "--type", "nosuch", says="Invalid pool type")


def test_list_prints_uuids(virsh, started):
    assert virsh.ok("pool-uuid", started).strip() in virsh.ok("pool-list", "--uuid").split()


def test_an_empty_list_is_the_bare_head(virsh):
    assert virsh.ok("pool-list", "--all") == " Name   State   Autostart\n---------------------------\n"


def edit(virsh, tmp_path, name, script):
    """pool-edit with a sed script as the editor."""
    editor = tmp_path / "editor"
    editor.write_text(f'#!/bin/sh\nexec sed -i -e "{script}" "$1"\n')
    editor.chmod(0o755)
    return virsh("pool-edit", name, environment={"EDITOR": str(editor), "VISUAL": str(editor)})


def test_edit_changes_the_definition(virsh, defined, target, tmp_path):
    result = edit(virsh, tmp_path, defined, f"s,{target},{target}-moved,")
    assert (result.code, result.out) == (0, f"Pool {defined} XML configuration edited.\n\n")
    assert f"<path>{target}-moved</path>" in virsh.ok("pool-dumpxml", defined)


def test_edit_of_an_active_pool_waits_for_the_next_start(virsh, started, target, tmp_path):
    edit(virsh, tmp_path, started, f"s,{target},{target}-later,")
    assert f"<path>{target}</path>" in virsh.ok("pool-dumpxml", started)
    assert f"<path>{target}-later</path>" in virsh.ok("pool-dumpxml", started, "--inactive")
    virsh.ok("pool-destroy", started)
    assert f"<path>{target}-later</path>" in virsh.ok("pool-dumpxml", started)


def test_edit_without_a_change_defines_nothing(virsh, defined, tmp_path):
    result = edit(virsh, tmp_path, defined, "s/nothing-like-this//")
    assert (result.code, result.out) == (0, f"Pool {defined} XML configuration not changed.\n\n")


def test_refresh_finds_new_files_and_forgets_lost_ones(virsh, unwatched):
    unwatched.file("found").write_bytes(b"x" * 1000)
    assert columns(virsh.ok("vol-list", unwatched.name)) == []
    virsh.ok("pool-refresh", unwatched.name)
    assert columns(virsh.ok("vol-list", unwatched.name)) == [["found", str(unwatched.file("found"))]]
    unwatched.file("found").unlink()
    virsh.ok("pool-refresh", unwatched.name)
    assert columns(virsh.ok("vol-list", unwatched.name)) == []


@pytest.mark.parametrize("command, complaint", [
    ("pool-start", "error: Failed to start pool {0}\n"),
    ("pool-build", "error: Failed to build pool {0}\n"),
    ("pool-delete", "error: Failed to delete pool {0}\n"),
    ("pool-undefine", "error: Failed to undefine pool {0}\n"),
])
def test_what_an_active_pool_refuses(virsh, started, command, complaint):
    virsh.fails(command, started, says=(complaint.format(started), f"'{started}'"))
    assert "State:          running\n" in virsh.ok("pool-info", started)


@pytest.mark.parametrize("command, complaint", [
    ("pool-destroy", "error: Failed to destroy pool {0}\n"),
    ("pool-refresh", "error: Failed to refresh pool {0}\n"),
    ("vol-list", "error: Failed to list volumes\n"),
])
def test_what_an_inactive_pool_refuses(virsh, defined, command, complaint):
    virsh.fails(command, defined, says=(complaint.format(defined), f"'{defined}'"))


def test_delete_refuses_a_folder_with_files(virsh, started, target):
    virsh.ok("vol-create-as", started, "v", "1M")
    virsh.ok("pool-destroy", started)
    virsh.fails("pool-delete", started, says=(f"error: Failed to delete pool {started}\n", str(target)))
    assert (target / "v").exists()


@pytest.mark.parametrize("options", [["--overwrite"], ["--no-overwrite"], ["--overwrite", "--no-overwrite"]])
def test_build_refuses_overwrite_options_for_a_folder(virsh, defined, options):
    virsh.fails("pool-build", defined, *options)


def test_build_keeps_the_mode_of_an_existing_folder(virsh, defined, target):
    target.mkdir(mode=0o750)
    virsh.ok("pool-build", defined)
    assert stat.S_IMODE(target.stat().st_mode) == 0o750


COMMANDS_ON_ONE_POOL = ["pool-autostart", "pool-build", "pool-delete", "pool-destroy", "pool-dumpxml", "pool-edit", "pool-info",
                        "pool-refresh", "pool-start", "pool-undefine", "pool-uuid", "vol-list"]


@pytest.mark.parametrize("command", COMMANDS_ON_ONE_POOL)
def test_a_missing_pool_is_named(virsh, command):
    virsh.fails(command, "no-such-pool", says=("error: failed to get pool 'no-such-pool'\n", "'no-such-pool'"))


def test_a_missing_uuid_is_an_error(virsh):
    virsh.fails("pool-name", "2d2e4ae0-0000-4000-8000-000000000000")


def test_two_pools_on_one_folder_are_refused(virsh, defined, target):
    virsh.fails("pool-define-as", "second", "dir", "--target", target, says=f"'{defined}'")


def test_capabilities_lists_every_type(virsh):
    text = virsh.ok("pool-capabilities")
    assert text.startswith("<storagepoolCapabilities>\n")
    types = re.findall(r"<pool type='([\w-]+)' supported='(yes|no)'>", text)
    assert [name for name, _ in types] == ("dir fs netfs logical disk iscsi iscsi-direct scsi mpath rbd sheepdog gluster zfs "
                                           "vstorage").split()
    assert dict(types)["dir"] == "yes"
    first = text[text.index("<pool type='dir'"):text.index("<pool type='fs'")]
    assert "<defaultFormat type='raw'/>" in first
    assert re.findall(r"<value>(\w+)</value>", first) == "none raw dir bochs cloop dmg iso vpc vdi fat vhd ploop cow qcow qcow2 qed vmdk".split()


@pytest.mark.parametrize("type", ["dir", "fs", "scsi", "mpath", "zfs"])
def test_source_discovery_is_refused_where_there_is_none(virsh, type):
    virsh.fails("find-storage-pool-sources", type, says=f"error: Failed to find any {type} pool sources\n")


def test_source_discovery_of_an_unknown_type(virsh):
    virsh.fails("find-storage-pool-sources", "nosuch", says="nosuch")


def test_source_discovery_as_with_a_host(virsh):
    virsh.fails("find-storage-pool-sources-as", "dir", "localhost", says="error: Failed to find any dir pool sources\n")
