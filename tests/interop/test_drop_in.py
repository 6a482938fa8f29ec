"""A host with a daemon for each driver, whose storage daemon is Cistern, and whose secrets another daemon keeps.

Debian builds only libvirtd, so it plays virtsecretd, by the name of its socket. All of it runs in one mount namespace, with libvirt's own paths.
"""

import shutil
import signal
import subprocess
import time
from pathlib import Path

import libvirt
import pytest

from encryption import encrypted_xml, encryption_xml, make_secret, patiently, read_encrypted
from pools import MIB, pool_xml
from servers import Libvirtd, cisternd_binary

pytestmark = pytest.mark.skipif(not Libvirtd.usable(), reason="needs root and libvirtd")


class Storage:
    """cisternd as the host's virtstoraged, in the namespace of `host`."""

    def __init__(self, host: Libvirtd):
        self.host = host
        self.log = host.root / "cisternd.log"
        self.uri = f"storage+unix:///system?socket={host.root / 'run' / 'virtstoraged-sock'}"
        self.process = None

    def start(self) -> None:
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                ["nsenter", f"--mount=/proc/{self.host.process.pid}/ns/mnt", cisternd_binary(), "--system", "--socket-prefix", "virtstoraged"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        deadline = time.monotonic() + 30
        while b"listening unix:" not in self.log.read_bytes():
            assert self.process.poll() is None and time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.02)

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(20) == 0, self.log.read_text()


@pytest.fixture(scope="module")
def host(tmp_path_factory):
    root = tmp_path_factory.mktemp("host")
    root.chmod(0o755)
    # Its own storage driver would hold the pools' folder.
    drivers = root / "drivers"
    drivers.mkdir()
    for driver in Path("/usr/lib").glob("*/libvirt/connection-driver/libvirt_driver_*.so"):
        if driver.name != "libvirt_driver_storage.so":
            (drivers / driver.name).symlink_to(driver)
    daemon = Libvirtd(root / "host", {"listen_tcp": 0}, {"LIBVIRT_DRIVER_DIR": str(drivers)})
    daemon.start()
    (daemon.root / "run" / "virtsecretd-sock").symlink_to(daemon.unix_path)
    yield daemon
    assert daemon.is_alive(), daemon.log_tail()
    daemon.stop()


@pytest.fixture(scope="module")
def storage(host):
    server = Storage(host)
    server.start()
    yield server
    server.stop()


def virsh(uri: str, *arguments) -> str:
    return subprocess.run(["virsh", "-c", uri, *arguments], check=True, capture_output=True, text=True).stdout


@pytest.fixture
def secrets(host, storage):
    connection = libvirt.open(host.uri())
    yield connection
    connection.close()


@pytest.fixture
def pool(storage, tmp_path):
    tmp_path.chmod(0o755)
    connection = libvirt.open(storage.uri)
    made = connection.storagePoolDefineXML(pool_xml("images", tmp_path))
    made.create()
    yield made
    made.destroy()
    made.undefine()
    connection.close()


def test_a_client_opens_the_storage_of_the_host(storage, pool):
    assert virsh(storage.uri, "uri").startswith("storage")
    assert "images" in virsh(storage.uri, "pool-list")
    assert (storage.host.root / "etc" / "storage" / "images.xml").exists()


def test_a_private_secret_of_the_host_encrypts_a_volume(secrets, pool, tmp_path):
    secret = make_secret(secrets, str(tmp_path / "none"))
    try:
        with pytest.raises(libvirt.libvirtError):
            secret.value()
        document = encrypted_xml("locked", "raw", encryption_xml(f"uuid='{secret.UUIDString()}'"))
        patiently(pool.createXML)(document)
        assert len(read_encrypted(tmp_path / "locked", "raw")) == 4 * MIB
        pool.storageVolLookupByName("locked").delete()
    finally:
        secret.undefine()


def test_the_secret_that_the_host_has_for_a_file_is_shown_with_it(secrets, pool, tmp_path):
    secret = make_secret(secrets, str(tmp_path / "copy"))
    try:
        patiently(pool.createXML)(encrypted_xml("locked", "raw", encryption_xml(f"uuid='{secret.UUIDString()}'")))
        shutil.copy(tmp_path / "locked", tmp_path / "copy")
        pool.refresh()
        assert secret.UUIDString() in pool.storageVolLookupByName("copy").XMLDesc()
        for name in ("locked", "copy"):
            pool.storageVolLookupByName(name).delete()
    finally:
        secret.undefine()


def test_a_secret_that_the_host_does_not_have_is_named(pool):
    unknown = "11111111-2222-3333-4444-555555555555"
    with pytest.raises(libvirt.libvirtError, match=unknown) as caught:
        pool.createXML(encrypted_xml("locked", "raw", encryption_xml(f"uuid='{unknown}'")))
    assert (caught.value.get_error_code(), caught.value.get_error_domain()) == (libvirt.VIR_ERR_NO_SECRET, libvirt.VIR_FROM_SECRET)
