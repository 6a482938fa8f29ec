"""Debian 13's virsh, unpacked beside Debian 12's: it runs with its own loader and libraries, nothing is installed."""

import shutil
import subprocess
import tempfile
from pathlib import Path

from servers import REPOSITORY

FOLDER = REPOSITORY / "artifacts" / "newer-virsh"
KEYS = "/usr/share/keyrings/debian-archive-keyring.gpg"
SUITE, PACKAGE = "trixie", "libvirt-clients"
PATIENCE = 300


class Unavailable(Exception):
    """Says why there is no newer virsh here."""


def program() -> list[str]:
    """The command line that starts it; the first call takes the packages from this host's own mirror."""
    if not FOLDER.exists():
        _unpack()
    libraries = next(FOLDER.glob("usr/lib/*-linux-gnu"))
    return [str(next(libraries.glob("ld-linux-*"))), "--library-path", str(libraries), str(FOLDER / "usr/bin/virsh")]


def _unpack() -> None:
    for tool in ("apt-get", "dpkg-deb"):
        if shutil.which(tool) is None:
            raise Unavailable(f"unpacking Debian 13's virsh takes {tool}")
    FOLDER.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=FOLDER.parent) as temporary:
        apt, root = Path(temporary) / "apt", Path(temporary) / "root"
        for folder in (apt / "lists/partial", apt / "archives/partial", root):
            folder.mkdir(parents=True)
        (apt / "status").touch()
        (apt / "sources.list").write_text(f"deb [signed-by={KEYS}] {_mirror()} {SUITE} main\n")
        private = ["-o", f"Dir={apt}", "-o", f"Dir::Etc::sourcelist={apt}/sources.list", "-o", "Dir::Etc::sourceparts=-",
                   "-o", f"Dir::State={apt}", "-o", f"Dir::State::status={apt}/status", "-o", f"Dir::Cache={apt}", "-o", "APT::Sandbox::User="]
        _run("apt-get", *private, "-o", "Acquire::Languages=none", "update", "--error-on=any")
        _run("apt-get", *private, "--yes", "--download-only", "--no-install-recommends", "install", PACKAGE)
        for package in sorted((apt / "archives").glob("*.deb")):
            _run("dpkg-deb", "--extract", package, root)
        root.rename(FOLDER)


def _mirror() -> str:
    sites = _run("apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages", "Codename: bookworm").split()
    if not sites:
        raise Unavailable("this host has no mirror of Debian 12 that could have Debian 13's virsh")
    return sites[0]


def _run(*command) -> str:
    done = subprocess.run(command, text=True, capture_output=True, stdin=subprocess.DEVNULL, timeout=PATIENCE)
    if done.returncode != 0:
        said = (done.stderr + done.stdout).strip().splitlines() or ["nothing"]
        raise Unavailable(f"Debian 13's virsh: {command[0]} said {said[0]}")
    return done.stdout
