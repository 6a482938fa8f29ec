"""A screen without a monitor, a session bus, and what a person does there: looks and clicks."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from servers import REPOSITORY

SCREENSHOTS = REPOSITORY / "artifacts" / "screenshots"


def missing() -> str | None:
    """What of it is not installed here."""
    for tool in ("Xvfb", "dbus-daemon", "virt-manager"):
        if shutil.which(tool) is None:
            return f"{tool} is not installed"
    try:
        import gi
        gi.require_version("Atspi", "2.0")
    except (ImportError, ValueError) as error:
        return str(error)
    return None


class Desktop:
    """With `with`: it runs."""

    def __init__(self, folder: Path):
        folder.mkdir(mode=0o700)
        self.environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "HOME": str(folder), "XDG_RUNTIME_DIR": str(folder),
                            "GSETTINGS_BACKEND": "memory"}
        self._processes = []

    def __enter__(self):
        end, told = os.pipe()
        self._start(["Xvfb", "-displayfd", str(told), "-screen", "0", "1000x700x24", "-nolisten", "tcp"], pass_fds=[told])
        os.close(told)
        with open(end) as display:
            self.environment["DISPLAY"] = ":" + display.readline().strip()
        bus = self._start(["dbus-daemon", "--session", "--nofork", "--print-address=1"], stdout=subprocess.PIPE)
        self.environment["DBUS_SESSION_BUS_ADDRESS"] = bus.stdout.readline().strip()
        self._reader = self._start([sys.executable, Path(__file__).parent / "screen_reader.py"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        return self

    def __exit__(self, *_):
        for process in reversed(self._processes):
            process.terminate()
            process.wait()

    def run(self, *command, log: Path) -> subprocess.Popen:
        with open(log, "wb") as output:
            return self._start([*command], stdout=output, stderr=output)

    def window(self, title: str) -> "Window":
        """The window whose title contains this."""
        return Window(self, title)

    def ask(self, *request) -> None:
        """Has screen_reader.py do something; what it could not do is an error."""
        self._reader.stdin.write(json.dumps(request) + "\n")
        self._reader.stdin.flush()
        complaint = json.loads(self._reader.stdout.readline())
        assert complaint is None, f"{request}: {complaint}"

    def _start(self, command: list, **options) -> subprocess.Popen:
        nowhere = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self._processes.append(subprocess.Popen(command, env=self.environment, text=True, **(nowhere | options)))
        return self._processes[-1]


class Window:
    """Everything waits until it can be done; a thing is named by its role and a part of its own or its label's name."""

    def __init__(self, screen: Desktop, title: str):
        self._screen = screen
        self._title = title

    def find(self, role: str, name: str) -> None:
        self._screen.ask("find", self._title, role, name)

    def gone(self, role: str, name: str) -> None:
        self._screen.ask("gone", self._title, role, name)

    def click(self, role: str, name: str) -> None:
        self._screen.ask("click", self._title, role, name)

    def enter(self, role: str, name: str, text: str) -> None:
        self._screen.ask("enter", self._title, role, name, text)

    def choose(self, role: str, name: str, field: tuple, text: str) -> None:
        """Clicks on a thing until the field (role, name) has this text."""
        self._screen.ask("choose", self._title, role, name, field, text)

    def says(self, role: str, name: str, text: str) -> None:
        """Waits until the field has this text."""
        self._screen.ask("says", self._title, role, name, text)

    def screenshot(self, name: str) -> None:
        """Kept as artifacts/screenshots/NAME.png."""
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        self._screen.ask("screenshot", self._title, str(SCREENSHOTS / f"{name}.png"))
