"""The stock virsh as a subprocess."""

import os
import pty
import queue
import select
import subprocess
import threading
import time
from dataclasses import dataclass


@dataclass(frozen=True)
class Result:
    code: int
    out: str
    err: str


class Virsh:
    """`virsh(*arguments)` runs one command; `ok` and `fails` also assert how it ended."""

    def __init__(self, uri: str, home, *options: str, program=("virsh",)):
        self.uri = uri
        self.options = options
        self.program = program
        self.environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "HOME": str(home),
                            "XDG_RUNTIME_DIR": str(home), "XDG_CONFIG_HOME": str(home), "XDG_CACHE_HOME": str(home)}

    def argv(self, *arguments) -> list:
        return [*self.program, "-c", self.uri, *self.options, *map(str, arguments)]

    def __call__(self, *arguments, timeout: float = 120, environment: dict | None = None) -> Result:
        done = subprocess.run(self.argv(*arguments), env=self.environment | (environment or {}), text=True,
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=timeout)
        return Result(done.returncode, done.stdout, done.stderr)

    def ok(self, *arguments, **keywords) -> str:
        """Runs a command that must succeed without any complaint; returns what it printed, less the closing blank line."""
        result = self(*arguments, **keywords)
        assert (result.code, result.err) == (0, ""), f"virsh {arguments}: {result}"
        return result.out.removesuffix("\n")

    def fails(self, *arguments, says: str | tuple = (), **keywords) -> str:
        """Runs a command that must fail with exit code 1 and name each of `says`; returns the complaint."""
        result = self(*arguments, **keywords)
        assert result.code == 1, f"virsh {arguments}: {result}"
        for text in (says,) if isinstance(says, str) else says:
            assert text in result.err, f"virsh {arguments} does not say {text!r}: {result.err}"
        return result.err

    def start(self, *arguments, **popen) -> subprocess.Popen:
        """Starts virsh in the background; without arguments it is the interactive shell reading its stdin."""
        streams = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT} | popen
        return subprocess.Popen(self.argv(*arguments), env=self.environment, text=True, bufsize=1, **streams)


class Lines:
    """The output of a background process, line by line with a limit on waiting."""

    def __init__(self, process: subprocess.Popen):
        self.process = process
        self.queue = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        for line in self.process.stdout:
            self.queue.put(line.rstrip("\n"))
        self.queue.put(None)

    def next(self, timeout: float = 20) -> str | None:
        """The next line; None at the end. Raises queue.Empty when none comes."""
        return self.queue.get(timeout=timeout)

    def until(self, wanted: str, timeout: float = 20) -> list[str]:
        """The lines before the first one that contains `wanted`."""
        seen = []
        deadline = time.monotonic() + timeout
        while True:
            try:
                line = self.next(max(0.01, deadline - time.monotonic()))
            except queue.Empty:
                raise AssertionError(f"no {wanted!r} in {seen}") from None
            assert line is not None, f"ended without {wanted!r}: {seen}"
            if wanted in line:
                return seen
            seen.append(line)


class Terminal:
    """The interactive shell on a pseudo-terminal, as a person has it. With `with`: it runs."""

    def __init__(self, virsh: Virsh):
        self.virsh = virsh

    def __enter__(self):
        self._master, slave = pty.openpty()
        self.process = subprocess.Popen(self.virsh.argv(), env=self.virsh.environment | {"TERM": "dumb"}, start_new_session=True,
                                        stdin=slave, stdout=slave, stderr=slave)
        os.close(slave)
        self._unread = ""
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        os.close(self._master)

    def type(self, text: str) -> None:
        os.write(self._master, text.encode())

    def until(self, wanted: str, timeout: float = 20) -> None:
        """Reads up to and with `wanted`."""
        deadline = time.monotonic() + timeout
        while wanted not in self._unread:
            assert select.select([self._master], [], [], max(0, deadline - time.monotonic()))[0], f"no {wanted!r} in {self._unread!r}"
            self._unread += os.read(self._master, 65536).decode(errors="replace")
        self._unread = self._unread.split(wanted, 1)[1]
