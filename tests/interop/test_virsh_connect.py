"""virsh's commands on the connection and on the kinds of object that a storage server has none of."""

import os
import platform
import re
import socket
import xml.etree.ElementTree as ElementTree

import pytest

from pools import KIB
from virsh import Virsh


def memory_total() -> int:
    with open("/proc/meminfo") as file:
        return int(re.search(r"MemTotal: +(\d+) kB", file.read())[1]) * KIB


def test_uri_is_the_clients_own(virsh):
    assert virsh.ok("uri") == f"{virsh.uri}\n"


def test_connect(virsh):
    assert virsh.ok("connect") == ""
    assert virsh.ok("connect", "--readonly") == ""


def test_version_names_the_libraries(virsh):
    assert virsh("version").out.startswith(
        "Compiled against library: libvirt 9.0.0\n"
        "Using library: libvirt 9.0.0\n"
        "Using API: QEMU 9.0.0\n")


@pytest.mark.cistern_only("libvirtd has no hypervisor version without an emulator; a storage server names qemu-img's or 7.2.0")
def test_version_names_a_qemu(virsh):
    assert re.search(r"^Running hypervisor: QEMU \d+\.\d+\.\d+$", virsh.ok("version"), re.M)


def test_hostname(virsh):
    assert virsh.ok("hostname").strip() in (socket.gethostname(), socket.getfqdn())


def test_capabilities_describe_the_host(virsh):
    root = ElementTree.fromstring(virsh.ok("capabilities"))
    assert root.tag == "capabilities"
    assert root.findtext("host/cpu/arch") == platform.machine()
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", root.findtext("host/uuid"))


def test_nodeinfo_has_real_numbers(virsh):
    facts = dict(re.findall(r"^(.+?): +(.+)$", virsh.ok("nodeinfo"), re.M))
    assert facts["CPU model"] == platform.machine()
    assert int(facts["CPU(s)"]) == os.cpu_count()
    assert int(facts["Memory size"].removesuffix(" KiB")) > 0
    assert int(facts["NUMA cell(s)"]) >= 1
    assert int(facts["CPU socket(s)"]) * int(facts["Core(s) per socket"]) * int(facts["Thread(s) per core"]) >= 1


def test_nodememstats(virsh):
    facts = dict(re.findall(r"^(\w+) *: +(\d+) KiB$", virsh.ok("nodememstats"), re.M))
    assert list(facts) == ["total", "free", "buffers", "cached"]
    assert int(facts["total"]) * KIB == memory_total()
    assert 0 < int(facts["free"]) <= int(facts["total"])


def test_nodecpustats(virsh):
    facts = dict(re.findall(r"^(\w+): +(\d+)$", virsh.ok("nodecpustats"), re.M))
    assert list(facts) == ["user", "system", "idle", "iowait"]
    assert int(facts["idle"]) > 0


def test_nodecpumap(virsh):
    count = os.cpu_count()
    assert re.fullmatch(f"CPUs present:   {count}\nCPUs online:    {count}\nCPU map:        y{{{count}}}\n",
                        virsh.ok("nodecpumap"))


def test_freecell(virsh):
    match = re.fullmatch(r"Total: (\d+) KiB\n", virsh.ok("freecell"))
    assert 0 < int(match[1]) * KIB <= memory_total()


def test_freepages_of_the_first_cell(virsh):
    assert re.search(r"^4KiB: \d+$", virsh.ok("freepages", "--all"), re.M)


def test_maxvcpus(virsh):
    assert int(virsh.ok("maxvcpus")) > 0


def test_sysinfo_and_domain_capabilities_may_be_missing_but_only_with_an_error(virsh):
    for command, root in (("sysinfo", "<sysinfo"), ("domcapabilities", "<domainCapabilities>")):
        result = virsh(command)
        assert result.out.lstrip().startswith(root) if result.code == 0 else result.err.startswith("error: failed to get")


def test_cpu_models_of_an_unknown_architecture(virsh):
    virsh.fails("cpu-models", "nosuch", says="nosuch")


@pytest.mark.parametrize("command, head", [
    ("list --all", " Id   Name   State\n--------------------\n"),
    ("net-list --all", " Name   State   Autostart   Persistent\n----------------------------------------\n"),
    ("nwfilter-list", " UUID   Name\n--------------\n"),
    ("nwfilter-binding-list", " Port Dev   Filter\n--------------------\n"),
    ("secret-list", " UUID   Usage\n---------------\n"),
    ("domstats", ""),
])
def test_other_kinds_of_object_are_empty_lists(virsh, command, head):
    assert virsh.ok(*command.split()) == head


@pytest.mark.cistern_only("a storage server has no interfaces and node devices; libvirtd lists the host's")
@pytest.mark.parametrize("command, head", [
    ("iface-list --all", " Name   State   MAC Address\n-----------------------------\n"),
    ("iface-list --inactive", " Name   State   MAC Address\n-----------------------------\n"),
    ("nodedev-list", ""),
    ("nodedev-list --cap pci", ""),
])
def test_interfaces_and_node_devices_are_empty_lists(virsh, command, head):
    assert virsh.ok(*command.split()) == head


@pytest.mark.parametrize("command, says", [
    ("dominfo x", "error: failed to get domain 'x'\n"),
    ("snapshot-list x", "error: failed to get domain 'x'\n"),
    ("net-info x", "error: failed to get network 'x'\n"),
    ("iface-dumpxml x", "error: failed to get interface 'x'\n"),
    ("nodedev-dumpxml x", "error: Could not find matching device 'x'\n"),
    ("nwfilter-dumpxml x", "error: failed to get nwfilter 'x'\n"),
    ("secret-dumpxml 2d2e4ae0-0000-4000-8000-000000000000", "error: failed to get secret '2d2e4ae0-0000-4000-8000-000000000000'\n"),
])
def test_absent_objects_are_named(virsh, command, says):
    virsh.fails(*command.split(), says=says)


@pytest.mark.parametrize("command", ["pool-event", "event", "net-event", "nodedev-event", "secret-event"])
def test_event_registration_is_accepted_for_every_kind_of_object(virsh, command):
    first = virsh.ok(command, "--list").splitlines()[0]
    result = virsh(command, "--event", first, "--timeout", "1")
    assert result.out.splitlines()[0] == "event loop timed out", result
    assert "error" not in result.err


WRITES = {
    "pool-define-as p dir --target /tmp": "error: Failed to define pool p\n",
    "pool-create-as p dir --target /tmp": "error: Failed to create pool p\n",
    "pool-start {0}": "error: Failed to start pool {0}\n",
    "pool-build {0}": "error: Failed to build pool {0}\n",
    "pool-destroy {0}": "error: Failed to destroy pool {0}\n",
    "pool-delete {0}": "error: Failed to delete pool {0}\n",
    "pool-undefine {0}": "error: Failed to undefine pool {0}\n",
    "pool-refresh {0}": "error: Failed to refresh pool {0}\n",
    "pool-autostart {0}": "error: failed to mark pool {0} as autostarted\n",
    "find-storage-pool-sources logical": "error: Failed to find any logical pool sources\n",
    "vol-create-as {0} w 1M": "error: Failed to create vol w\n",
    "vol-clone v w {0}": "error: Failed to clone vol from v\n",
    "vol-delete v {0}": "error: Failed to delete vol v\n",
    "vol-wipe v {0}": "error: Failed to wipe vol v\n",
    "vol-resize v 2M --pool {0}": "error: Failed to change size of volume 'v' to 2M\n",
    "vol-upload v /etc/hostname --pool {0}": "error: cannot upload to volume v\n",
    "vol-download v /dev/null --pool {0}": "error: cannot download from volume v\n",
}


@pytest.mark.parametrize("command", WRITES)
def test_a_read_only_connection_changes_nothing(read_only_virsh, pool, command):
    pool.create("v")
    read_only_virsh.fails(*command.format(pool.name).split(), says=WRITES[command].format(pool.name))
    assert pool.names() == ["v"]
    assert pool.api.isActive() and not pool.api.autostart()


@pytest.mark.parametrize("command", ["pool-list --all", "pool-info {0}", "pool-dumpxml {0}", "vol-list {0} --details", "vol-info v {0}",
                                     "vol-dumpxml v {0}", "vol-path v {0}", "pool-capabilities", "capabilities"])
def test_a_read_only_connection_sees_everything(read_only_virsh, pool, command):
    pool.create("v")
    assert read_only_virsh.ok(*command.format(pool.name).split())


def test_the_read_only_socket_forces_read_only(server, pool, tmp_path):
    virsh = Virsh(server.uri("ro"), tmp_path)
    assert pool.name in virsh.ok("pool-list", "--name")
    virsh.fails("pool-destroy", pool.name, says=f"error: Failed to destroy pool {pool.name}\n")
    assert pool.api.isActive()


def test_every_accepted_uri_reaches_the_same_pools(server, transport, pool, tmp_path):
    for driver, path in (("qemu", "system"), ("storage", "system"), ("qemu", "session"), ("remote", "")):
        virsh = Virsh(server.uri(transport, path, driver), tmp_path)
        assert virsh.ok("pool-list", "--name").split() == [pool.name], driver


@pytest.mark.parametrize("driver, path", [("qemu", "bogus"), ("foo", "system"), ("storage", "nosuch")])
def test_an_unknown_uri_is_refused(server, transport, tmp_path, driver, path):
    virsh = Virsh(server.uri(transport, path, driver), tmp_path)
    virsh.fails("pool-list", says="error: failed to connect to the hypervisor\n")


def test_keepalive_options_of_virsh(server, transport, tmp_path):
    for options in (["-k", "0"], ["-k", "1", "-K", "2"]):
        assert Virsh(server.uri(transport), tmp_path, *options).ok("pool-list", "--all")
