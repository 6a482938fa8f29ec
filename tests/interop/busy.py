"""A long call that stays long: the tool that the server runs for it is stopped until the test has seen enough."""

import os
import signal
import subprocess
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import libvirt

from pools import MIB, volume_xml

SIZE = 128 * MIB
TOOLS = {"scrub", "qemu-img"}


def tool_working_on(path) -> int | None:
    """The process id of the tool whose command line names the path."""
    for process in filter(str.isdigit, os.listdir("/proc")):
        try:
            name = Path("/proc", process, "comm").read_text().strip()
            if name in TOOLS and os.fsencode(path) in Path("/proc", process, "cmdline").read_bytes():
                return int(process)
        except (FileNotFoundError, ProcessLookupError):
            continue
    return None


@contextmanager
def paused(path, is_running, has_begun=lambda: True):
    """Stops the tool that works on the path, while `is_running` says that its call has not ended."""
    deadline = time.monotonic() + 30
    while (process := tool_working_on(path)) is None or not has_begun():
        assert is_running() and time.monotonic() < deadline, f"no tool worked on {path}"
    os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGCONT)


class Call:
    """A call on a thread of its own; `finish` waits for it and raises what it raised."""

    def __init__(self, function):
        self.error = None
        self.expected_to_fail = False
        self.result = None
        self.thread = threading.Thread(target=self._run, args=(function,))
        self.thread.start()

    def _run(self, function) -> None:
        try:
            self.result = function()
        except libvirt.libvirtError as error:
            self.error = error

    def finish(self):
        self.thread.join(120)
        assert not self.thread.is_alive()
        if self.error:
            raise self.error
        return self.result


@contextmanager
def busy_volume(pool):
    """A volume, named busy, that is being overwritten as long as the context lasts."""
    volume = pool.create("busy", SIZE)
    wiping = Call(lambda: volume.wipePattern(libvirt.VIR_STORAGE_VOL_WIPE_ALG_RANDOM))
    with paused(pool.file("busy"), wiping.thread.is_alive):
        yield volume, wiping
    if not wiping.expected_to_fail:
        wiping.finish()


@contextmanager
def volume_under_construction(pool):
    """A volume, named new, that is being converted from another one as long as the context lasts."""
    source = pool.create("source", SIZE)
    with open(pool.file("source"), "r+b") as file:
        file.write(os.urandom(MIB) * (SIZE // MIB))
    creating = Call(lambda: pool.api.createXMLFrom(volume_xml("new", SIZE, format="vmdk"), source))
    with paused(pool.file("source"), creating.thread.is_alive, lambda: len(os.listdir(pool.path)) > 1):
        yield creating
    if not creating.expected_to_fail:
        creating.finish()


@contextmanager
def copy_under_construction(pool, target):
    """A volume of another pool, named copy, that is being converted from an image of this one as long as the context lasts."""
    image = pool.create("image", SIZE, format="qcow2")
    raw = pool.path.parent / "random"
    raw.write_bytes(os.urandom(SIZE))
    subprocess.run(["qemu-img", "convert", "-n", "-O", "qcow2", raw, image.path()], check=True)
    raw.unlink()
    copying = Call(lambda: target.createXMLFrom(volume_xml("copy", SIZE), image))
    with paused(pool.file("image"), copying.thread.is_alive):
        yield copying
    if not copying.expected_to_fail:
        copying.finish()
