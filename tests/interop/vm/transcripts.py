"""Runs the tools that the server runs, and keeps what they printed for the unit tests of its parsers.

With RECORD=FOLDER each call leaves FOLDER/<type>/<name>.txt, which tests/StorageDriver.Tests/Transcripts takes as it is.
"""

import os
import shlex
import shutil
import subprocess
from pathlib import Path

from machine import RECORD


def tool(kind: str, name: str, *argv, stdin: str = "", status: int | None = 0) -> subprocess.CompletedProcess:
    """Runs a command as the server would, in the C locale, and expects its exit status (None: any)."""
    words = list(map(str, argv))
    done = subprocess.run(words, input=stdin, capture_output=True, text=True, errors="surrogateescape", check=False,
                          env=os.environ | {"LC_ALL": "C"})
    if folder := os.environ.get(RECORD):
        _record(Path(folder) / kind / f"{name}.txt", words, done)
    assert status is None or done.returncode == status, f"{shlex.join(words)}: {done}"
    return done


def _record(file: Path, words: list[str], done: subprocess.CompletedProcess) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"$ {shlex.join(words)}\nversion {version(words[0])}\nstatus {done.returncode}\n"
                    f"--- stdout\n{done.stdout}--- stderr\n{done.stderr}", errors="surrogateescape")


def version(program: str) -> str:
    """The Debian package that the program is of, and its version."""
    path = shutil.which(program, path="/usr/sbin:/usr/bin:/sbin:/bin") or program
    for known in (path, path.removeprefix("/usr")):
        found = subprocess.run(["dpkg", "-S", known], capture_output=True, text=True, check=False).stdout
        if found:
            package = found.splitlines()[-1].split(":")[0]      # diversions come first
            return subprocess.run(["dpkg-query", "-W", "-f=${Package} ${Version}", package], capture_output=True, text=True, check=True).stdout
    return "unknown"


def tree(kind: str, name: str, *patterns: str) -> None:
    """Keeps a part of sysfs, the links on the way included, in FOLDER/<kind>/<name>.tree: a line for each link, folder and file."""
    folder = os.environ.get(RECORD)
    if not folder:
        return
    found = {}
    for pattern in patterns:
        for path in Path("/sys").glob(pattern):
            _walk(path, found)
    file = Path(folder) / kind / f"{name}.tree"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"kernel {os.uname().release}\n" + "".join(f"{line}\n" for _, line in sorted(found.items())))


def _walk(path: Path, found: dict) -> None:
    here = Path("/sys")
    for part in path.relative_to(here).parts:
        here = Path(os.path.normpath(here / part))
        while here.is_symlink():
            name = str(here.relative_to("/sys"))
            found[name] = f"link {name} {os.readlink(here)}"
            here = Path(os.path.normpath(here.parent / os.readlink(here)))
    name = str(here.relative_to("/sys"))
    if here.is_dir():
        found[name] = f"folder {name}"
        return
    try:
        found[name] = f"file {name} {here.read_bytes().hex()}"
    except OSError:
        found[name] = f"file {name} "       # for writing only
