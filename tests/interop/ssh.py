"""A private sshd on a loopback port, for this user and one key."""

import getpass
import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

from servers import free_port


class Ssh:
    """With `with`: it runs. Commands that clients run find `sockets` where libvirt's are: root's in a mount namespace, a user's below XDG_RUNTIME_DIR."""

    def __init__(self, folder: Path, sockets: Path):
        folder.mkdir(mode=0o700)
        self.sockets = sockets
        self.folder = folder
        self.port = free_port()
        self.key = folder / "key"
        for key in (self.key, folder / "host"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
        (folder / "libvirt").symlink_to(sockets)
        (folder / "sshd_config").write_text(
            f"ListenAddress 127.0.0.1:{self.port}\nHostKey {folder}/host\nPidFile {folder}/pid\nAuthorizedKeysFile {self.key}.pub\nUsePAM no\n"
            f"PermitRootLogin prohibit-password\nPasswordAuthentication no\nKbdInteractiveAuthentication no\nStrictModes no\nSetEnv XDG_RUNTIME_DIR={folder}\n")

        # The stock ssh, kept from the user's own files.
        (folder / "ssh_config").write_text("UserKnownHostsFile /dev/null\nGlobalKnownHostsFile /dev/null\nIdentitiesOnly yes\nLogLevel ERROR\n")
        self.command = folder / "ssh"
        self.command.write_text(f'#!/bin/sh\nexec ssh -F {folder}/ssh_config "$@"\n')
        self.command.chmod(0o755)

    def uri(self, options: str) -> str:
        path = "/system" if os.geteuid() == 0 else "/session"
        return f"qemu+ssh://{getpass.getuser()}@127.0.0.1:{self.port}{path}?keyfile={self.key}&no_verify=1&no_tty=1&command={self.command}&{options}"

    def __enter__(self):
        separation = Path("/run/sshd")
        self._made = os.geteuid() == 0 and not separation.exists() and separation
        if self._made:
            separation.mkdir(mode=0o755)
        self._log = open(self.folder / "log", "wb")
        command = f"exec {shutil.which('sshd', path='/usr/sbin:/usr/bin')} -D -e -f {self.folder}/sshd_config"
        if os.geteuid() == 0:
            command = f"mkdir -p /run/libvirt && mount --bind {self.sockets} /run/libvirt && {command}"
        self.process = subprocess.Popen([*(["unshare", "--mount"] if os.geteuid() == 0 else []), "sh", "-c", command],
                                        stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log)
        deadline = time.monotonic() + 20
        while not self._listens():
            assert self.process.poll() is None and time.monotonic() < deadline, (self.folder / "log").read_text()
            time.sleep(0.05)
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(20)
        self._log.close()
        if self._made:
            self._made.rmdir()

    def _listens(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=5).close()
            return True
        except OSError:
            return False
