"""qemu+ssh through a real sshd to the unix socket: with netcat, and with libvirt's virt-ssh-helper."""

import os

import pytest

from ssh import Ssh
from virsh import Virsh


@pytest.fixture
def ssh(server, short_folder):
    with Ssh(short_folder / "ssh", server.sockets) as sshd:
        yield sshd


def upload_and_download(virsh, folder) -> None:
    data = os.urandom(3 << 20)
    (folder / "data").write_bytes(data)
    virsh.ok("pool-define-as", "ssh", "dir", "--target", folder / "pool")
    virsh.ok("pool-build", "ssh")
    virsh.ok("pool-start", "ssh")
    virsh.ok("vol-create-as", "ssh", "v", "3M")
    virsh.ok("vol-upload", "v", folder / "data", "--pool", "ssh")
    virsh.ok("vol-download", "v", folder / "back", "--pool", "ssh")
    assert (folder / "back").read_bytes() == data
    virsh.ok("pool-destroy", "ssh")
    virsh.ok("pool-undefine", "ssh")


def test_netcat(server, ssh, tmp_path):
    virsh = Virsh(ssh.uri(f"proxy=netcat&socket={server.unix_path}"), tmp_path)
    assert "+ssh" in virsh.ok("uri")
    upload_and_download(virsh, tmp_path)


def test_virt_ssh_helper(ssh, tmp_path):
    virsh = Virsh(ssh.uri("proxy=native"), tmp_path)
    upload_and_download(virsh, tmp_path)


def test_the_client_chooses_the_helper_where_it_is_installed(ssh, tmp_path):
    Virsh(ssh.uri("proxy=auto"), tmp_path).ok("pool-list", "--all")


def test_a_read_only_client_comes_to_the_read_only_socket(server, ssh, tmp_path):
    virsh = Virsh(ssh.uri(f"proxy=netcat&socket={server.read_only_path}"), tmp_path, "-r")
    virsh.ok("pool-list", "--all")
    virsh.fails("pool-define-as", "ssh", "dir", "--target", tmp_path, says="read only")
