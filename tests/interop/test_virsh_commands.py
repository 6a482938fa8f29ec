"""Every pool, volume and secret command of virsh 9.0 and of Debian 13's, in one walk."""

import base64
import os
import re
import uuid

import pytest

from virsh import Virsh

SECRET = str(uuid.uuid4())
VALUE = b"a passphrase"

# What is typed, and what virsh must say to it; a line of its complaint where it begins with "error:".
WALK = [
    ("pool-capabilities", "<pool type='dir' supported='yes'>"),
    ("find-storage-pool-sources dir", "error: Failed to find any dir pool sources"),
    ("find-storage-pool-sources-as dir host", "error: Failed to find any dir pool sources"),
    ("pool-define-as walk dir --target {pool}", "Pool walk defined"),
    ("pool-build walk", "Pool walk built"),
    ("pool-start walk", "Pool walk started"),
    ("pool-autostart walk", "Pool walk marked as autostarted"),
    ("pool-list --details", r"walk +running +yes +yes"),
    ("pool-uuid walk", r"[0-9a-f]{{8}}-"),
    ("pool-dumpxml walk --inactive", "<path>{pool}</path>"),
    ("pool-info walk", r"State: +running"),
    ("pool-edit walk", "Pool walk XML configuration (edited|not changed)"),
    ("pool-event --list", "lifecycle"),
    ("pool-create {files}/transient.xml --build", "Pool transient created from"),
    ("pool-create-as other dir --target {other} --build", "Pool other created"),
    ("pool-define {files}/defined.xml", "Pool defined defined from"),
    ("vol-create-as walk a 1M --allocation 0", "Vol a created"),
    ("vol-create walk {files}/volume.xml", "Vol b created from"),
    ("vol-create-from other {files}/volume.xml a --inputpool walk", "Vol b created from input vol a"),
    ("vol-clone a c walk", "Vol c cloned from a"),
    ("vol-upload a {files}/data --pool walk", "^$"),
    ("vol-download a {files}/back --pool walk", "^$"),
    ("vol-list walk --details", r"a +{pool}/a +file"),
    ("vol-info a walk --bytes", r"Capacity: +1048576"),
    ("vol-dumpxml a walk", "<format type='raw'/>"),
    ("vol-key a walk", "{pool}/a"),
    ("vol-name {pool}/a", "a"),
    ("vol-path a walk", "{pool}/a"),
    ("vol-pool {pool}/a", "walk"),
    ("vol-resize a 2M walk", "Size of volume 'a' successfully changed to 2M"),
    ("vol-wipe a walk", "Vol a wiped"),
    ("vol-delete a walk", "Vol a deleted"),
    ("pool-refresh walk", "Pool walk refreshed"),
    ("secret-define {files}/secret.xml", "Secret {secret} created"),
    ("secret-list", "{secret} +volume +/walk/volume"),
    ("secret-set-value {secret} --file {files}/value --plain", "Secret value set"),
    ("secret-get-value {secret}", "{value}"),
    ("secret-dumpxml {secret}", "<volume>/walk/volume</volume>"),
    ("secret-event --list", "value-changed"),
    ("secret-undefine {secret}", "Secret {secret} deleted"),
    ("pool-destroy transient", "Pool transient destroyed"),
    ("vol-delete b walk", "Vol b deleted"),
    ("vol-delete c walk", "Vol c deleted"),
    ("pool-destroy walk", "Pool walk destroyed"),
    ("pool-delete walk", "Pool walk deleted"),
    ("pool-undefine defined", "Pool defined has been undefined"),
    ("vol-delete b other", "Vol b deleted"),
    ("pool-destroy other", "Pool other destroyed"),
    ("pool-undefine walk", "Pool walk has been undefined"),
]
NAMED_BY_UUID = ("pool-name {uuid}", "walk")


@pytest.fixture
def virsh(server, transport, tmp_path, program):
    return Virsh(server.uri(transport), tmp_path, program=program)


@pytest.fixture
def files(tmp_path):
    """The documents and data that the walk names."""
    folder = tmp_path / "files"
    folder.mkdir()
    for name in ("transient", "defined"):
        (folder / f"{name}.xml").write_text(f"<pool type='dir'><name>{name}</name><target><path>{tmp_path}/{name}</path></target></pool>")
    (folder / "volume.xml").write_text("<volume><name>b</name><capacity unit='MiB'>1</capacity></volume>")
    (folder / "secret.xml").write_text(
        f"<secret><uuid>{SECRET}</uuid><usage type='volume'><volume>/walk/volume</volume></usage></secret>")
    (folder / "data").write_bytes(os.urandom(1 << 20))
    (folder / "value").write_bytes(VALUE)
    return folder


def test_the_walk_leaves_no_command_out(virsh):
    listed = {name for group in ("pool", "volume", "secret")
              for name in re.findall(r"^    (\S+)  ", virsh.ok("help", group), re.M)}
    assert listed == {line.split()[0] for line, _ in [*WALK, NAMED_BY_UUID]}


def test_every_command_does_its_work(virsh, files, tmp_path):
    places = {"files": files, "pool": tmp_path / "pool", "other": tmp_path / "other", "secret": SECRET,
              "value": base64.b64encode(VALUE).decode()}

    def step(line: str, expected: str) -> None:
        result = virsh(*line.format(**places).split(), environment={"EDITOR": "true"})
        expected = expected.format(**places)
        if expected.startswith("error: "):
            assert (result.code, expected in result.err) == (1, True), f"{line}: {result}"
        else:
            assert (result.code, result.err) == (0, "") and re.search(expected, result.out, re.M), f"{line}: {result}"

    for line, expected in WALK:
        step(line, expected)
        if line == "pool-uuid walk":
            places["uuid"] = virsh.ok("pool-uuid", "walk").strip()
            step(*NAMED_BY_UUID)
        if line.startswith("vol-download"):
            assert (files / "back").read_bytes() == (files / "data").read_bytes()
    assert virsh.ok("pool-list", "--all", "--name").split() == []
