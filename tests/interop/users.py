"""Clients that run as another local user. Takes root."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from virsh import Virsh

NOBODY = 65534
AS_NOBODY = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]

only_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can act as a second user")


class NobodysVirsh(Virsh):
    """The stock virsh, run by the user nobody."""

    def argv(self, *arguments) -> list:
        return [*AS_NOBODY, *super().argv(*arguments)]


# Connects, then hands the connected socket over: who is at the other end was settled when it connected.
CONNECT = """
import array, socket, sys
server = socket.socket(socket.AF_UNIX)
server.connect(sys.argv[1])
parent = socket.socket(fileno=int(sys.argv[2]))
parent.sendmsg([b"s"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [server.fileno()]))])
parent.recv(1)
"""


class NobodysSocket:
    """A connection that a process of nobody's has made; the process stays until `close`, or until `leave` ends it alone."""

    def __init__(self, path: str | Path):
        import socket
        ours, theirs = socket.socketpair()
        self._ours = ours
        with theirs:
            self.process = subprocess.Popen([*AS_NOBODY, sys.executable, "-c", CONNECT, str(path), str(theirs.fileno())], pass_fds=[theirs.fileno()])
        _, descriptors, _, _ = socket.recv_fds(ours, 1, 1)
        self.stream = socket.socket(fileno=descriptors[0])
        self.stream.settimeout(60)

    def leave(self) -> None:
        self._ours.close()
        self.process.wait(20)

    def close(self) -> None:
        self.stream.close()
        self.leave()
