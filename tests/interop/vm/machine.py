"""Runs the tests of one file inside a throw-away machine, and reads from outside what became of each of them.

    /usr/bin/python3 machine.py      says why no machine can run here; nothing when one can
"""

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[2]
RUNNER = HERE / "run-in-uml"
REPORTS = "VM_REPORTS"      # inside: the file that the outcomes go to
RECORD = "RECORD"           # the folder that transcripts go to, see transcripts.py
HANDED_ON = ("CISTERND", "EXHAUSTIVE", RECORD)
GRACE = 30

TRACED = "import ctypes, sys; sys.exit(ctypes.CDLL(None).ptrace(0, 0, 0, 0) != 0)"


def unusable() -> str | None:
    """Why no machine can run here; None when one can."""
    if os.environ.get("SKIP_VM") == "1":
        return "SKIP_VM=1"
    if os.geteuid() != 0:
        return "a machine takes root"
    if missing := [tool for tool in ("linux.uml", "busybox", "udevadm", "modprobe") if not shutil.which(tool)]:
        return f"a machine takes {', '.join(missing)} (user-mode-linux, busybox-static, udev, kmod)"
    if subprocess.run([sys.executable, "-c", TRACED], check=False).returncode != 0:
        return "a machine takes ptrace, which is not allowed here"
    return None


class Machine:
    """One machine that runs pytest with the `tests` of one file; what it prints and what its kernel says is kept below artifacts/vm."""

    def __init__(self, name: str, tests: list[str], cisternd: Path, *, memory: int, limit: int, disks: list[str], modules: list[str]):
        self._folder = REPOSITORY / "artifacts" / "vm" / name
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir(parents=True)
        self._reports = self._folder / "reports"
        self._reports.touch()
        self._position = 0
        self._argv = [RUNNER, "-m", str(memory), "-t", str(limit), "-k", self._folder / "kernel.log"]
        self._argv += [word for folder in (REPOSITORY, cisternd.resolve().parent) if _is_hidden(folder) for word in ("-w", folder)]
        self._argv += ["-w", self._folder]
        self._argv += [word for disk in disks for word in ("-d", disk)]
        self._argv += ["-M", " ".join(modules)]
        environment = {key: os.environ[key] for key in HANDED_ON if key in os.environ}
        environment |= {REPORTS: str(self._reports), "CISTERND": str(cisternd)}
        if record := environment.get(RECORD):
            environment[RECORD] = str(Path(record).resolve())
            Path(record).mkdir(parents=True, exist_ok=True)
            self._argv += ["-w", environment[RECORD]]
        self._argv += ["--", "env", *(f"{key}={value}" for key, value in environment.items())]
        self._argv += ["/usr/bin/python3", "-B", "-m", "pytest", "--color=no", "-v", "--capture=tee-sys", "--durations=5", *tests]
        self._process = None
        self._lock = threading.Lock()
        self._stopped = False
        self._told = False

    def run(self) -> None:
        """Runs the machine to its end."""
        with self._lock:
            if self._stopped:
                return
            output = open(self._folder / "output.log", "wb")
            self._process = subprocess.Popen(list(map(str, self._argv)), cwd=HERE.parent, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        with output:
            self._process.wait()

    def stop(self) -> None:
        with self._lock:
            self._stopped = True
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(GRACE)
            except subprocess.TimeoutExpired:
                self._process.kill()

    def next_reports(self) -> list[dict]:
        """What was reported since the last call."""
        with open(self._reports, "rb") as file:
            file.seek(self._position)
            lines = file.readlines()
        whole = [line for line in lines if line.endswith(b"\n")]
        self._position += sum(map(len, whole))
        return [json.loads(line) for line in whole]

    def kernel_log(self) -> str:
        return _tail(self._folder / "kernel.log")

    def last_words(self) -> str:
        """What there is to say of a test that the machine did not get to: all of it once, then where it stands."""
        text = "The machine ended before this test did: "
        if self._told:
            return f"{text}see {self._folder}"
        self._told = True
        return f"{text}{self._folder}\n-- output\n{_tail(self._folder / 'output.log')}\n-- kernel\n{self.kernel_log()}"


def _is_hidden(folder: Path) -> bool:
    """Whether the machine has something of its own in that place."""
    return any(folder.is_relative_to(own) for own in ("/tmp", "/run", "/dev"))


def _tail(path: Path) -> str:
    return path.read_text(errors="replace")[-8000:] if path.exists() else ""


def report(to: str, entry: dict) -> None:
    """Inside: writes one outcome; what is outside sees it at once."""
    with open(to, "a", encoding="utf-8") as file:
        file.write(json.dumps(entry) + "\n")


def wait_for(found, ended, pause: float = 0.1):
    """The first truth that `found` returns; None when `ended` was true and there still is none."""
    while True:
        last = ended()
        if answer := found():
            return answer
        if last:
            return None
        time.sleep(pause)


if __name__ == "__main__":
    print(unusable() or "", end="")
