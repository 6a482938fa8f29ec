"""Clients that run as another local user. Takes root."""

import os
import socket
import subprocess
import sys

import pytest

from virsh import Virsh

NOBODY = 65534
AS_NOBODY = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]

only_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can act as a second user")


class NobodysVirsh(Virsh):
    """The stock virsh, run by the user nobody."""

    def argv(self, *arguments) -> list:
        return [*AS_NOBODY, *super().argv(*arguments)]


# Connects to each path it is told, and hands the connected socket over: who is at the other end was settled when it connected.
CONNECT = """
import array, socket, sys
parent = socket.socket(fileno=int(sys.argv[1]))
while path := parent.recv(200):
    server = socket.socket(socket.AF_UNIX)
    server.connect(path.decode())
    parent.sendmsg([b"s"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [server.fileno()]))])
    server.close()
"""


class Nobody:
    """A process of the user nobody, whose connections tests use."""

    def __init__(self):
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._made = []
        with theirs:
            self.process = subprocess.Popen([*AS_NOBODY, sys.executable, "-c", CONNECT, str(theirs.fileno())], pass_fds=[theirs.fileno()])

    def connect(self, path: str) -> socket.socket:
        self._control.send(path.encode())
        _, descriptors, _, _ = socket.recv_fds(self._control, 1, 1)
        self._made.append(socket.socket(fileno=descriptors[0]))
        self._made[-1].settimeout(60)
        return self._made[-1]

    def close_connections(self) -> None:
        while self._made:
            self._made.pop().close()

    def leave(self) -> None:
        """The process ends; its connections stay."""
        self._control.close()
        self.process.wait(20)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close_connections()
        self.leave()
