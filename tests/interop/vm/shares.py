"""NFS and CIFS servers inside a machine, and the network between them and their clients."""

import subprocess
from pathlib import Path

from devices import run
from expect import eventually

ADDRESS = "10.9.9.1"    # of the servers, on a network that can be taken away
DEAD = "10.9.9.9"       # of nobody
EXPORTED = Path("/srv/nfs")
OWNER = 1000            # of what is exported with root squashed


class Nfs:
    """The kernel's server, for versions 3 and 4; the root of what version 4 sees is the exported file system."""

    def __init__(self, disk: str):
        run("mkfs.ext4", "-qF", disk)
        for folder in (EXPORTED, "/run/rpcbind", "/run/rpc_pipefs", "/run/sendsigs.omit.d", "/var/lib/nfs/v4recovery"):
            Path(folder).mkdir(parents=True, exist_ok=True)
        run("mount", disk, EXPORTED)
        run("mount", "-t", "nfsd", "nfsd", "/proc/fs/nfsd")
        run("mount", "-t", "rpc_pipefs", "rpc", "/run/rpc_pipefs")
        for folder in ("open", "squashed", "a b"):
            (EXPORTED / folder).mkdir()
        subprocess.run(["chown", str(OWNER), EXPORTED / "squashed"], check=True)
        common = "rw,insecure,no_subtree_check"
        Path("/etc/exports").write_text(f"{EXPORTED} *({common},no_root_squash,fsid=0)\n" + "".join(
            f'"{EXPORTED}/{folder}" *({common},{squash},fsid={number})\n'
            for number, (folder, squash) in enumerate((("open", "no_root_squash"), ("a b", "no_root_squash"), ("squashed", "root_squash")), 1)))
        run("rpcbind", "-w")
        run("rpc.statd")
        run("exportfs", "-ra")
        run("rpc.nfsd", "4")
        Path("/proc/fs/nfsd/v4_end_grace").write_text("Y")
        run("rpc.mountd")

    @staticmethod
    def folder(name: str) -> Path:
        """What a client of the share sees, from behind."""
        return EXPORTED / name


class Network:
    """The way to the servers. While it is away nothing is refused: packets come to nothing, as with a cable pulled."""

    @staticmethod
    def come() -> None:
        run("ip", "address", "replace", f"{ADDRESS}/32", "dev", "lo")

    @staticmethod
    def go() -> None:
        run("ip", "address", "delete", f"{ADDRESS}/32", "dev", "lo")


class Smb:
    """Samba with a share for guests and one for a user."""

    USER, PASSWORD = "smbuser", "pass, =word"
    shared = Path("/srv/smb")   # other users than root get there

    def __init__(self, folder: Path):
        self.shared.mkdir()
        self.shared.chmod(0o777)
        private = folder / "private"
        private.mkdir()
        places = "".join(f"{kind} = {private}\n" for kind in
                         ("private dir", "lock directory", "state directory", "cache directory", "pid directory", "ncalrpc dir"))
        configuration = folder / "smb.conf"
        configuration.write_text(
            f"[global]\nmap to guest = Bad User\ndisable spoolss = yes\nload printers = no\nlog file = {private}/log\n{places}"
            f"[open]\npath = {self.shared}\nguest ok = yes\nwritable = yes\n"
            f"[closed]\npath = {self.shared}\nvalid users = {self.USER}\nwritable = yes\n")
        run("useradd", "-M", self.USER)
        run("smbpasswd", "-c", configuration, "-s", "-a", self.USER, input=f"{self.PASSWORD}\n{self.PASSWORD}\n")
        run("smbd", "-s", configuration, "-D")
        mount = ["mount", "-t", "cifs", "-o", "guest", f"//{ADDRESS}/open", "/mnt"]
        eventually(lambda: subprocess.run(mount, capture_output=True, check=False).returncode == 0)
        run("umount", "/mnt")
