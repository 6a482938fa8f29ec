"""A whole host with a daemon for each driver: real virtqemud and virtsecretd, and Cistern in virtstoraged's place.

Debian builds only libvirtd, so this runs where MODULAR_LIBVIRT names a folder with both daemons and their drivers, as a build of libvirt's source leaves in its
`src` (meson setup -Ddriver_qemu=enabled -Ddriver_secrets=enabled -Ddriver_libvirtd=enabled -Ddriver_remote=enabled).
"""

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from servers import Libvirtd, cisternd_binary

MODULAR = Path(os.environ.get("MODULAR_LIBVIRT", "/nowhere"))
QEMU = shutil.which("qemu-system-x86_64")
PATIENCE = 30

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or not (MODULAR / "virtqemud").exists() or QEMU is None,
    reason="needs root, qemu-system-x86_64, and MODULAR_LIBVIRT, a folder with virtqemud and virtsecretd: Debian does not build them")

MACHINE = f"""
<domain type='qemu'><name>machine</name><memory unit='MiB'>64</memory><os><type arch='x86_64' machine='pc'>hvm</type></os>
  <devices>
    <emulator>{QEMU}</emulator>
    <disk type='volume' device='disk'>
      <driver name='qemu' type='qcow2'/><source pool='images' volume='disk'/><target dev='vda' bus='virtio'/>
    </disk>
  </devices>
</domain>"""


class Host:
    """The daemons, in a mount namespace of their own with libvirt's folders below `root`."""

    def __init__(self, root: Path):
        self.root = root
        self.images = root / "images"
        self.images.mkdir()
        for folder in Libvirtd.FOLDERS:
            (root / folder).mkdir()
        (root / "etc" / "qemu.conf").write_text(
            'stdio_handler = "file"\nsecurity_driver = "none"\nuser = "root"\ngroup = "root"\ncgroup_controllers = []\nnamespaces = []\n')
        for file in ("daemon.conf", "cisternd.conf"):
            (root / "etc" / file).write_text('auth_unix_rw = "none"\nauth_unix_ro = "none"\n')
        mounts = " && ".join(f"mount --bind {root / here} {there}" for here, there in Libvirtd.FOLDERS.items())
        self._holder = subprocess.Popen(["unshare", "--mount", "sh", "-c", f"{mounts} && echo ready && exec sleep infinity"], stdout=subprocess.PIPE)
        assert self._holder.stdout.readline() == b"ready\n"
        self._daemons = [
            self._start("virtsecretd", MODULAR / "virtsecretd", "-f", "/etc/libvirt/daemon.conf"),
            self._start("virtstoraged", cisternd_binary(), "--system", "--socket-prefix", "virtstoraged"),
            self._start("virtqemud", MODULAR / "virtqemud", "-f", "/etc/libvirt/daemon.conf"),
        ]

    def _start(self, name: str, *command) -> subprocess.Popen:
        with open(self.root / f"{name}.log", "wb") as log:
            daemon = subprocess.Popen(self._inside(*command), env=os.environ | {"LIBVIRT_DRIVER_DIR": str(MODULAR)}, stdout=log, stderr=log)
        deadline = time.monotonic() + PATIENCE
        while not (self.root / "run" / f"{name}-sock").exists():
            assert daemon.poll() is None and time.monotonic() < deadline, (self.root / f"{name}.log").read_text()
            time.sleep(0.05)
        return daemon

    def _inside(self, *command) -> list:
        return ["nsenter", f"--mount=/proc/{self._holder.pid}/ns/mnt", *map(str, command)]

    def virsh(self, *arguments, fails: bool = False) -> str:
        uri = f"qemu+unix:///system?socket={self.root / 'run' / 'virtqemud-sock'}"
        done = subprocess.run(["virsh", "-c", uri, *map(str, arguments)], capture_output=True, text=True, timeout=PATIENCE)
        assert (done.returncode != 0) == fails, done.stdout + done.stderr
        return done.stderr if fails else done.stdout

    def document(self, name: str, text: str) -> Path:
        path = self.root / f"{name}.xml"
        path.write_text(text)
        return path

    def close(self) -> None:
        for daemon in (*reversed(self._daemons), self._holder):
            daemon.terminate()
            daemon.wait(PATIENCE)


@pytest.fixture(scope="module")
def host(tmp_path_factory):
    root = tmp_path_factory.mktemp("host")
    for folder in (root, root.parent, root.parent.parent):
        folder.chmod(0o755)
    made = Host(root)
    yield made
    made.close()


@pytest.fixture
def pool(host):
    host.virsh("pool-define-as", "images", "dir", "--target", host.images)
    host.virsh("pool-start", "images")
    yield "images"
    host.virsh("pool-destroy", "images")
    host.virsh("pool-undefine", "images")


def test_storage_is_reached_through_the_hypervisors_daemon(host, pool):
    host.virsh("vol-create-as", pool, "disk", "10M", "--format", "qcow2")
    assert (host.images / "disk").read_bytes().startswith(b"QFI")
    assert str(host.images / "disk") in host.virsh("vol-list", pool)
    host.virsh("vol-delete", "disk", "--pool", pool)
    assert not list(host.images.iterdir())


def test_a_machine_runs_on_a_volume_that_cannot_be_deleted_meanwhile(host, pool):
    host.virsh("vol-create-as", pool, "disk", "10M", "--format", "qcow2")
    host.virsh("define", host.document("machine", MACHINE))
    host.virsh("start", "machine")
    try:
        assert "in use" in host.virsh("vol-delete", "disk", "--pool", pool, fails=True)
        assert str(host.images / "disk") in host.virsh("qemu-monitor-command", "machine", "--hmp", "info block")
    finally:
        host.virsh("destroy", "machine")
        host.virsh("undefine", "machine")
    host.virsh("vol-delete", "disk", "--pool", pool)


def test_a_private_secret_of_the_host_encrypts_a_volume(host, pool):
    secret = host.document("secret", "<secret ephemeral='yes' private='yes'><usage type='volume'><volume>/none</volume></usage></secret>")
    uuid = host.virsh("secret-define", secret).split()[1]
    value = host.root / "value"
    value.write_text("a passphrase")
    host.virsh("secret-set-value", uuid, "--file", value, "--plain")
    assert "private" in host.virsh("secret-get-value", uuid, fails=True)
    encryption = f"<encryption format='luks'><secret type='passphrase' uuid='{uuid}'/></encryption>"
    host.virsh("vol-create", pool, host.document(
        "volume", f"<volume><name>locked</name><capacity>4194304</capacity><target><format type='raw'/>{encryption}</target></volume>"))
    assert (host.images / "locked").read_bytes().startswith(b"LUKS")
    host.virsh("vol-delete", "locked", "--pool", pool)
    host.virsh("secret-undefine", uuid)
