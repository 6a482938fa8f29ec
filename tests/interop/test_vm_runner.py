"""The runner of tests in machines: nothing that happens in a machine goes unnoticed, and nothing is left of one."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from expect import eventually

VM = Path(__file__).parent / "vm"
sys.path.insert(0, str(VM))

import machine  # noqa: E402

usable = pytest.mark.skipif(machine.unusable() is not None, reason=machine.unusable() or "")


def run(*arguments, **environment) -> subprocess.CompletedProcess:
    return subprocess.run([Path(__file__).parent / "run", *arguments], capture_output=True, text=True, check=False, env=os.environ | environment)


@usable
def test_a_machine_that_ends_early_fails_its_tests_and_leaves_its_output():
    done = run("vm/sample_lost.py")
    assert done.returncode == 1
    for said in ("3 failed, 1 passed, 1 skipped", "assert [1] == [2]", "never", "said before the end", "reboot: System halted", "test_comes_too_late"):
        assert said in done.stdout, done.stdout


def test_machines_can_be_left_out():
    done = run("vm/sample_lost.py", SKIP_VM="1")
    assert done.returncode == 0 and "5 skipped" in done.stdout and "SKIP_VM=1" in done.stdout


@usable
@pytest.mark.parametrize("options, command, status", [((), "exit 3", 3), (("-t", "5"), "sleep 60", 124), (("-d", "nonsense"), "true", 125)])
def test_a_machines_end_is_the_commands(options, command, status):
    assert subprocess.run([VM / "run-in-uml", *options, "--", "sh", "-c", command], capture_output=True, check=False).returncode == status


@usable
def test_output_comes_back_as_it_is_and_what_is_written_is_lost_but_for_shares(tmp_path):
    done = subprocess.run([VM / "run-in-uml", "-w", tmp_path, "--", "sh", "-c", f"printf 'a\\nb'; printf c >&2; echo x >/etc/x; echo y >{tmp_path}/y"],
                          capture_output=True, check=True)
    assert (done.stdout, done.stderr) == (b"a\nb", b"c")
    assert not Path("/etc/x").exists() and (tmp_path / "y").read_text() == "y\n"


@usable
def test_nothing_is_left_of_a_machine_that_is_ended(tmp_path):
    process = subprocess.Popen([VM / "run-in-uml", "-w", tmp_path, "--", "sh", "-c", f"ls /run/machine >{tmp_path}/up; sleep 600"],
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    eventually(lambda: (tmp_path / "up").exists())
    process.terminate()
    assert process.wait(60) == 143
    name = f"umid=uml{process.pid}"
    assert not [file for file in Path("/proc").glob("[0-9]*/cmdline") if name.encode() in content(file)]


def content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:
        return b""      # that process ended
