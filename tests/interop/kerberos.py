"""A Kerberos realm of one test: its own key distribution centre on a loopback port."""

import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

from servers import free_port

REALM = "CISTERN.TEST"
PATH = "/usr/sbin:/usr/bin:/sbin:/bin"


class Kerberos:
    """With `with`: the KDC runs. `environment` is for servers and clients of the realm."""

    def __init__(self, folder: Path):
        folder.mkdir()
        self.folder = folder
        self.keytab = folder / "keytab"
        self.port = free_port()
        (folder / "krb5.conf").write_text(
            f"[libdefaults]\ndefault_realm = {REALM}\ndns_lookup_kdc = false\ndns_lookup_realm = false\ndns_canonicalize_hostname = false\nrdns = false\n"
            f"udp_preference_limit = 1\n[realms]\n{REALM} = {{\n kdc = 127.0.0.1:{self.port}\n}}\n")
        (folder / "kdc.conf").write_text(
            f"[kdcdefaults]\nkdc_listen = 127.0.0.1:{self.port}\nkdc_tcp_listen = 127.0.0.1:{self.port}\n[realms]\n{REALM} = {{\n database_name = {folder}/principal\n"
            f" key_stash_file = {folder}/stash\n acl_file = {folder}/acl\n}}\n[logging]\nkdc = FILE:{folder}/kdc.log\nadmin_server = FILE:{folder}/admin.log\n")

    @property
    def environment(self) -> dict:
        return {"KRB5_CONFIG": str(self.folder / "krb5.conf"), "KRB5_KDC_PROFILE": str(self.folder / "kdc.conf"), "KRB5RCACHENAME": "none:", "KRB5_KTNAME": str(self.keytab)}

    @staticmethod
    def host() -> str:
        """What a server here calls itself, and libsasl2 expects in its key."""
        name = socket.gethostname()
        canonical = socket.getaddrinfo(name, None, flags=socket.AI_CANONNAME)[0][3]
        return canonical if "." in canonical else name

    def __enter__(self):
        self._run("kdb5_util", "create", "-s", "-r", REALM, "-P", "master")
        services = [f"libvirt/{name}" for name in {self.host(), socket.gethostname()}]
        for service in services:
            self._admin(f"addprinc -randkey {service}")
            self._admin(f"ktadd -k {self.keytab} {service}")
        with open(self.folder / "kdc.out", "wb") as log:
            self.process = subprocess.Popen([shutil.which("krb5kdc", path=PATH), "-n", "-P", self.folder / "pid"],
                                            env=os.environ | self.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        deadline = time.monotonic() + 20
        while not self._listens():
            assert self.process.poll() is None and time.monotonic() < deadline, (self.folder / "kdc.log").read_text()
            time.sleep(0.05)
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(20)

    def user(self, name: str) -> dict:
        """Makes a principal and takes a ticket for it; the environment of its clients."""
        self._admin(f"addprinc -pw secret {name}")
        environment = self.environment | {"KRB5CCNAME": f"FILE:{self.folder}/ticket-{name}"}
        subprocess.run(["kinit", name], env=os.environ | environment, input="secret\n", text=True, check=True, capture_output=True, timeout=60)
        return environment

    def _listens(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=5).close()
            return True
        except OSError:
            return False

    def _admin(self, query: str) -> None:
        self._run("kadmin.local", "-r", REALM, "-q", query)

    def _run(self, tool: str, *arguments: str) -> None:
        done = subprocess.run([shutil.which(tool, path=PATH), *map(str, arguments)], env=os.environ | self.environment,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, f"{tool} {arguments}: {done.stdout}{done.stderr}"
