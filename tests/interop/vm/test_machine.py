"""The machine itself: the server runs in it, devices come and go, tools are recorded."""

from pathlib import Path

import machine
from devices import run, scsi_debug
from transcripts import tool

DISKS = ["8M"]
MODULES = ["dm-mod"]


def test_the_server_lists_its_pool(virsh, tmp_path):
    (tmp_path / "pool").mkdir()
    virsh.ok("pool-create-as", "here", "dir", "--target", tmp_path / "pool")
    virsh.ok("vol-create-as", "here", "one", "1M")
    assert "here" in virsh.ok("pool-list")
    assert "one" in virsh.ok("vol-list", "here")
    virsh.ok("pool-destroy", "here")


def test_libvirtd_runs_next_to_the_server(conn, judge):
    assert judge.listAllStoragePools() == conn.listAllStoragePools() == []
    assert judge.getLibVersion() > 0


def test_it_is_a_machine_of_its_own():
    assert Path("/proc/sys/kernel/hostname").read_text().strip() == "machine"
    assert run("blockdev", "--getsize64", "/dev/ubda") == str(8 << 20)
    assert Path("/sys/module/dm_mod").is_dir()


def test_scsi_disks_come_and_go():
    with scsi_debug(dev_size_mb=8, max_luns=2) as scsi:
        assert len(scsi.hosts) == 1
        assert [run("blockdev", "--getsize64", disk) for disk in scsi.disks()] == [str(8 << 20)] * 2
        scsi.add_host()
        assert len(scsi.disks()) == 4
    assert not Path("/sys/module/scsi_debug").exists()


def test_a_tool_is_recorded(tmp_path, monkeypatch):
    monkeypatch.setenv(machine.RECORD, str(tmp_path))
    assert tool("shell", "echo", "sh", "-c", "echo out; echo err >&2; exit 3", status=3).stdout == "out\n"
    lines = (tmp_path / "shell" / "echo.txt").read_text().splitlines()
    assert lines[0] == "$ sh -c 'echo out; echo err >&2; exit 3'"
    assert lines[1].startswith("version dash ")
    assert lines[2:] == ["status 3", "--- stdout", "out", "--- stderr", "err"]
