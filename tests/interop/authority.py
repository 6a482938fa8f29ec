"""A private system bus with a polkitd on it, whose rules are the test's own. Takes root: polkitd looks into fixed folders, over which private ones are mounted."""

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
POLKITD = Path("/usr/lib/polkit-1/polkitd")
START_TIMEOUT = 30

BUS = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>unix:path={socket}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/>
    <allow own="*"/>
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
  </policy>
</busconfig>
"""


class Authority:
    """`start` and `stop` both daemons; `rule` replaces the body of the one rule, a JavaScript function of `action` and `subject`."""

    def __init__(self, root: Path):
        self.root = root
        self.bus = self.polkitd = None
        self.rules = root / "rules"
        self.rules.mkdir(parents=True)
        (root / "none").mkdir()
        (root / "bus.conf").write_text(BUS.format(socket=self.socket))
        self._write("")

    @staticmethod
    def usable() -> bool:
        return os.geteuid() == 0 and POLKITD.exists() and shutil.which("dbus-daemon") is not None

    @property
    def socket(self) -> Path:
        return self.root / "bus"

    @property
    def environment(self) -> dict:
        """For processes that are to ask it."""
        return {"DBUS_SYSTEM_BUS_ADDRESS": f"unix:path={self.socket}"}

    def start(self) -> None:
        self.start_bus()
        self.start_polkitd()

    def start_bus(self) -> None:
        self.socket.unlink(missing_ok=True)
        self.bus = self._run(["dbus-daemon", f"--config-file={self.root / 'bus.conf'}", "--nofork", "--nopidfile"], "bus.log")
        self._await(self.bus, self.socket.exists)

    def start_polkitd(self) -> None:
        policies = REPOSITORY / "packaging" / "polkit"
        command = (f"mount --bind {self.rules} /etc/polkit-1/rules.d && mount --bind {self.root / 'none'} /usr/share/polkit-1/rules.d && "
                   f"mount --bind {policies} /usr/share/polkit-1/actions && exec {POLKITD}")
        said = self._said("Acquired the name")
        self.polkitd = self._run(["unshare", "--mount", "sh", "-c", command], "polkitd.log")
        self._await(self.polkitd, lambda: self._said("Acquired the name") > said)

    def stop(self) -> None:
        self.stop_polkitd()
        self.stop_bus()

    def stop_polkitd(self) -> None:
        self.polkitd = self._end(self.polkitd)

    def stop_bus(self) -> None:
        self.bus = self._end(self.bus)

    def rule(self, body: str) -> None:
        said = self._said("Finished loading")
        self._write(body)
        self._await(self.polkitd, lambda: self._said("Finished loading") > said)

    def log_tail(self) -> str:
        return "".join(path.read_text(errors="replace")[-2000:] for path in sorted(self.root.glob("*.log")))

    def _write(self, body: str) -> None:
        """Appears whole: polkitd reads the folder at every change in it."""
        whole = self.root / "rule"
        whole.write_text("polkit.addRule(function(action, subject) {\n" + body + "\n});\n")
        whole.rename(self.rules / "10-test.rules")

    def _run(self, argv: list, log: str) -> subprocess.Popen:
        with open(self.root / log, "ab") as output:
            return subprocess.Popen(argv, env=os.environ | self.environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output)

    def _said(self, words: str) -> int:
        log = self.root / "polkitd.log"
        return log.read_text(errors="replace").count(words) if log.exists() else 0

    def _await(self, process: subprocess.Popen, condition) -> None:
        deadline = time.monotonic() + START_TIMEOUT
        while not condition():
            assert process.poll() is None, f"ended early:\n{self.log_tail()}"
            assert time.monotonic() < deadline, f"not ready:\n{self.log_tail()}"
            time.sleep(0.02)

    @staticmethod
    def _end(process: subprocess.Popen | None) -> None:
        if process is not None and process.poll() is None:
            process.send_signal(signal.SIGTERM)
            process.wait(START_TIMEOUT)
