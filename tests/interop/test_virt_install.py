"""virt-install, virt-xml and virt-clone: what they do with storage on a server that has no domains.

Without an emulator libvirtd's capabilities name no guest, and neither do Cistern's: virt-install then refuses everything alike.
"""

import os
import shutil
import subprocess
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass

import libvirt
import pytest

from pools import MIB, Pool
from servers import cisternd_binary

PATIENCE = 120
EMULATOR = f"qemu-system-{os.uname().machine}"

if shutil.which("virt-install") is None:
    pytest.skip("virt-install is not installed", allow_module_level=True)


@dataclass
class Tools:
    """virt-install's family on one server."""

    uri: str
    home: str

    def __call__(self, tool: str, *arguments) -> subprocess.CompletedProcess:
        environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "HOME": self.home, "XDG_CACHE_HOME": self.home}
        return subprocess.run([tool, "--connect", self.uri, *map(str, arguments)], env=environment, text=True, capture_output=True,
                              stdin=subprocess.DEVNULL, timeout=PATIENCE)

    def ok(self, tool: str, *arguments) -> str:
        done = self(tool, *arguments)
        assert (done.returncode, done.stderr) == (0, ""), f"{tool} {arguments}: {done}"
        return done.stdout

    def fails(self, tool: str, *arguments, says: str) -> None:
        done = self(tool, *arguments)
        assert done.returncode == 1 and says in done.stderr, f"{tool} {arguments}: {done}"

    def install(self, *disks, mode: str = "--print-xml") -> ElementTree.Element:
        """The disk element of the domain that virt-install would make."""
        return ElementTree.fromstring(self.ok("virt-install", *INSTALL, mode, *disks)).find("devices/disk")


INSTALL = ("--name", "guest", "--memory", "64", "--import", "--osinfo", "detect=off,require=off", "--network", "none", "--graphics", "none")


@pytest.fixture
def tools(server, transport, tmp_path):
    return Tools(server.uri(transport), str(tmp_path))


@pytest.fixture
def domain(pool, tmp_path):
    """A file with a domain whose disk is a volume of the pool."""
    pool.create("original.img", 5 * MIB)
    file = tmp_path / "domain.xml"
    file.write_text(f"""<domain type='qemu'><name>original</name><memory unit='MiB'>64</memory><os><type arch='x86_64'>hvm</type></os>
        <devices><disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='{pool.file("original.img")}'/>
        <target dev='vda' bus='virtio'/></disk></devices></domain>""")
    return file


@pytest.mark.skipif(shutil.which(EMULATOR) is not None, reason=f"this host has {EMULATOR}")
@pytest.mark.parametrize("disk", ["size=1,pool={0}", "vol={0}/v", "path={1}/new.img,size=1"])
@pytest.mark.parametrize("mode", ["--print-xml", "--dry-run"])
def test_virt_install_refuses_a_host_without_an_emulator(tools, pool, disk, mode):
    pool.create("v")
    tools.fails("virt-install", *INSTALL, mode, "--disk", disk.format(pool.name, pool.path),
                says="ERROR    Host does not support any virtualization options")
    assert pool.names() == ["v"]


def test_virt_xml_builds_the_disk_of_a_volume(tools, pool):
    pool.create("v")
    disk = ElementTree.fromstring(tools.ok("virt-xml", "--build-xml", "--disk", f"vol={pool.name}/v"))
    assert (disk.get("type"), disk.find("driver").get("type"), disk.find("source").get("file")) == ("file", "raw", str(pool.file("v")))


@pytest.mark.parametrize("disk", ["size=1,pool={0}", "path={1}/new.img,size=1"])
def test_virt_xml_builds_the_disk_of_a_volume_to_be_made(tools, pool, disk):
    built = ElementTree.fromstring(tools.ok("virt-xml", "--build-xml", "--disk", disk.format(pool.name, pool.path)))
    assert built.find("source").get("file").startswith(f"{pool.path}/")
    assert pool.names() == []


def test_virt_xml_names_a_pool_and_a_volume_that_are_not_there(tools, pool):
    tools.fails("virt-xml", "--build-xml", "--disk", "size=1,pool=nosuch", says="nosuch")
    tools.fails("virt-xml", "--build-xml", "--disk", f"vol={pool.name}/nosuch", says="nosuch")


def test_virt_xml_and_virt_clone_name_a_domain_that_is_not_there(tools):
    tools.fails("virt-xml", "nosuch", "--edit", "--memory", "64",
                says="Could not find domain 'nosuch': Domain not found: no domain with matching name 'nosuch'")
    tools.fails("virt-clone", "--original", "nosuch", "--auto-clone", says="Domain 'nosuch' was not found.")


def test_virt_clone_chooses_a_free_name_in_the_pool(tools, pool, domain):
    def source() -> str:
        said = tools.ok("virt-clone", "--original-xml", domain, "--auto-clone", "--print-xml")
        return ElementTree.fromstring(said).find("devices/disk/source").get("file")

    assert source() == str(pool.file("original-clone.img"))
    pool.create("original-clone.img")
    assert source() == str(pool.file("original-clone-1.img"))
    assert pool.names() == ["original-clone.img", "original.img"]


@pytest.mark.cistern_only("libvirtd defines the domain where it has an emulator")
def test_virt_clone_makes_no_volume_where_no_domain_can_be_defined(tools, pool, domain):
    assert tools("virt-clone", "--original-xml", domain, "--auto-clone").returncode == 1
    assert pool.names() == ["original.img"]


@pytest.fixture
def equipped(serve, transport, tmp_path, monkeypatch):
    """Tools on a server that finds what says it is an emulator, in a /usr/sbin of its own; and a pool. Nothing is run in the emulator."""
    if os.geteuid() != 0:
        pytest.skip("the server looks for an emulator in root's folders only")
    programs = tmp_path / "programs"
    programs.mkdir()
    script(programs / EMULATOR, "echo 'QEMU emulator version 7.2.18 (Debian)'")
    private = f'mount --bind "{programs}" /usr/sbin && exec "$0" "$@"'
    script(tmp_path / "cisternd", f"""exec unshare --mount sh -c '{private}' "{cisternd_binary()}" "$@\"""")
    monkeypatch.setenv("CISTERND", str(tmp_path / "cisternd"))
    server = serve({"listen_tcp": 1, "auth_tcp": "none"})
    tools = Tools(server.uri(transport), str(tmp_path))
    conn = libvirt.open(server.uri())
    with Pool(conn, "default", tmp_path / "default") as pool:
        yield tools, pool
    conn.close()


def script(file, line: str) -> None:
    file.write_text(f"#!/bin/sh\n{line}\n")
    file.chmod(0o755)


NEEDS_EMULATOR = pytest.mark.cistern_only("libvirtd believes in an emulator only after it has questioned it")


@NEEDS_EMULATOR
def test_virt_install_makes_the_volume_and_prints_its_disk(equipped):
    tools, pool = equipped
    disk = tools.install("--disk", "size=1,pool=default")
    assert (disk.find("source").get("file"), disk.find("driver").get("type")) == (str(pool.file("guest.qcow2")), "qcow2")
    assert pool.api.storageVolLookupByName("guest.qcow2").info()[1] == 1 << 30
    assert tools.install("--disk", "size=1").find("source").get("file") == str(pool.file("guest-1.qcow2"))
    assert pool.names() == ["guest-1.qcow2", "guest.qcow2"]


@NEEDS_EMULATOR
def test_a_dry_run_makes_no_volume(equipped):
    tools, pool = equipped
    done = tools("virt-install", *INSTALL, "--dry-run", "--disk", "size=1,pool=default")
    assert (done.returncode, done.stdout) == (0, "Dry run completed successfully\n"), done
    assert pool.names() == []


@NEEDS_EMULATOR
def test_virt_install_with_volumes_and_paths(equipped, tmp_path):
    tools, pool = equipped
    base = pool.create("base.qcow2", 1 << 30, format="qcow2")
    assert tools.install("--disk", "vol=default/base.qcow2").find("source").get("file") == base.path()
    tools.install("--disk", f"path={pool.file('named.img')},size=1,format=raw,sparse=yes")
    assert "<format type='raw'/>" in pool.api.storageVolLookupByName("named.img").XMLDesc()
    tools.install("--disk", f"path={pool.file('layer.qcow2')},size=1,backing_store={base.path()},backing_format=qcow2")
    assert f"<path>{base.path()}</path>" in pool.api.storageVolLookupByName("layer.qcow2").XMLDesc().split("<backingStore>")[1]

    other = tmp_path / "images elsewhere"
    other.mkdir()
    tools.install("--disk", f"path={other}/new.qcow2,size=1")
    made = pool.conn.storagePoolLookupByTargetPath(str(other))
    assert [volume.name() for volume in made.listAllVolumes()] == ["new.qcow2"]
    made.destroy()
    made.undefine()
