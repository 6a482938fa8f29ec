"""What a server process holds: memory and descriptors."""

import os
import re
from collections import Counter
from contextlib import suppress
from pathlib import Path

from expect import eventually
from pools import MIB


class Holdings:
    """Memory and descriptors of a server, compared with what it held when this was made."""

    def __init__(self, server):
        self.process = Path("/proc", str(server.process.pid))
        self._before = self._named_descriptors()
        self.descriptors = self._before.total()
        self.resident = self._status("VmRSS")
        (self.process / "clear_refs").write_text("5")   # the peak begins anew

    def descriptors_now(self) -> int:
        return self._named_descriptors().total()

    def peak_growth(self) -> int:
        """Bytes of resident memory, at its most since this was made."""
        return self._status("VmHWM") - self.resident

    def assert_bounded(self, most: int) -> None:
        grown = self.peak_growth()
        assert grown <= most, f"{grown // MIB} MiB more, at most {most // MIB} were expected"

    def assert_descriptors_returned(self) -> None:
        def are_returned() -> bool:
            nonlocal now
            now = self._named_descriptors()     # the runtime opens and closes some of its own at any time: one look must do
            return now.total() <= self.descriptors

        now = Counter()
        with suppress(AssertionError):
            eventually(are_returned, 30)
        assert now.total() <= self.descriptors, f"left open: {sorted((now - self._before).elements())}"

    def _named_descriptors(self) -> Counter:
        """What each is of, without the numbers of sockets and pipes, and without the program's own files, which the runtime opens when it first needs them."""
        named = Counter()
        for file in (self.process / "fd").iterdir():
            with suppress(FileNotFoundError):
                if not (name := os.readlink(file)).endswith(".dll"):
                    named[re.sub(r"\[\d+\]", "", name)] += 1
        return named

    def _status(self, key: str) -> int:
        return int(re.search(rf"^{key}:\s+(\d+) kB$", (self.process / "status").read_text(), re.M)[1]) << 10
