"""No other local user gets in over TCP without authentication, whatever the socket's fate."""

import os
import subprocess
import sys

import pytest

from pools import Pool, pool_xml
from wire import xdr
from wire.client import CALL, OK, REMOTE, Packet

pytestmark = [
    pytest.mark.cistern_only("libvirtd without authentication serves every local user"),
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can act as a second user"),
]

NOBODY = 65534
TALK = """
import socket, sys
stream = socket.socket(socket.AF_UNIX if sys.argv[1] == "unix" else socket.AF_INET)
stream.settimeout(20)
try:
    stream.connect(sys.argv[2] if sys.argv[1] == "unix" else ("127.0.0.1", int(sys.argv[2])))
    stream.sendall(bytes.fromhex(sys.argv[4]))
    received = 0
    while sys.argv[3] == "wait" and received <= 28 and (piece := stream.recv(1000)):
        received += len(piece)
    print(received)
except (ConnectionError, PermissionError):
    print(0)
"""


def call(procedure: int, payload: bytes, serial: int) -> bytes:
    return Packet(REMOTE, 1, procedure, CALL, serial, OK, payload).encode()


def as_user(user: int, server, transport: str, then: str, data: bytes) -> str:
    address = server.unix_path if transport == "unix" else str(server.port)
    done = subprocess.run(
        ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", sys.executable, "-c", TALK, transport, address, then, data.hex()],
        capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture
def define(tmp_path):
    """The packets that define a pool: open, answered by 28 bytes, then define, answered by more."""
    return (call(1, xdr.optional(xdr.string("qemu:///system")) + xdr.u32(0), 0)
            + call(77, xdr.string(pool_xml("intruder", tmp_path / "intruder")) + xdr.u32(0), 1))


@pytest.mark.parametrize("transport", ["tcp", "unix"])
def test_another_user_gets_no_answer(server, conn, define, transport):
    assert as_user(NOBODY, server, transport, "wait", define) == "0"
    assert conn.listAllStoragePools() == []


def test_another_user_that_sends_and_closes_changes_nothing(server, conn, define, tmp_path):
    for _ in range(20):
        as_user(NOBODY, server, "tcp", "close", define)
    with Pool(conn, "fence", tmp_path / "fence"):
        assert [pool.name() for pool in conn.listAllStoragePools()] == ["fence"]


def test_the_servers_own_user_gets_an_answer(server, conn, define):
    assert int(as_user(0, server, "tcp", "wait", define)) > 28
    conn.storagePoolLookupByName("intruder").undefine()


def test_tcp_is_bound_to_loopback_only(server):
    listening = subprocess.run(["ss", "-Hltn", f"sport = :{server.port}"], capture_output=True, text=True, check=True).stdout
    assert [line.split()[3] for line in listening.splitlines()] == [f"127.0.0.1:{server.port}"]
