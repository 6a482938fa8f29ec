"""virt-manager on a screen: the Storage tab shows what is there, and what is clicked in it is done."""

import subprocess

import libvirt
import pytest

import desktop
from pools import MIB, Pool

if reason := desktop.missing():
    pytest.skip(reason, allow_module_level=True)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("virt-manager")


@pytest.fixture(scope="module")
def conn(server):
    connection = libvirt.open(server.uri())
    yield connection
    connection.close()


@pytest.fixture(scope="module")
def images(conn, folder):
    """A pool with two volumes. By its name: virt-manager makes one of that name in the host's own folder where there is none."""
    with Pool(conn, "default", folder / "default") as pool:
        pool.create("debian.qcow2", 20 << 30, format="qcow2")
        pool.create("data.img", 512 * MIB, allocation=0)
        yield pool


@pytest.fixture(scope="module")
def screen(folder):
    with desktop.Desktop(folder / "home") as running:
        yield running


@pytest.fixture(scope="module")
def window(server, images, screen, folder):
    """virt-manager's window of the connection, with the Storage tab in front."""
    log = folder / "virt-manager.log"
    process = screen.run("virt-manager", "-c", server.uri("tcp"), "--show-host-summary", "--debug", log=log)
    window = screen.window("Connection Details")
    window.click("page tab", "Storage")
    yield window
    assert process.poll() is None, log.read_text()


def select(window, pool: str) -> None:
    window.choose("table cell", f"{pool}\n", ("text", "pool-name"), pool)


def test_the_storage_tab_shows_pools_and_volumes(window, screen, images):
    select(window, "default")
    for name in ("debian.qcow2", "20.00 GiB", "qcow2", "data.img", "512.00 MiB", "raw"):
        window.find("table cell", name)
    window.says("label", "pool-location", str(images.path))
    window.find("label", "Active")
    window.screenshot("virt-manager-storage")


@pytest.mark.cistern_only("without an emulator libvirtd has no version, and virt-manager then makes raw volumes")
def test_a_volume_is_created_and_deleted_by_clicking(window, screen, images):
    select(window, "default")
    window.click("push button", "vol-new")
    dialog = screen.window("Add a Storage Volume")
    dialog.enter("text", "Name:", "clicked")
    dialog.enter("spin button", "Capacity:", "1.5")
    dialog.screenshot("virt-manager-new-volume")
    dialog.click("push button", "Finish")
    window.find("table cell", "clicked.qcow2")
    assert images.api.storageVolLookupByName("clicked.qcow2").info()[1] == 3 << 29
    window.screenshot("virt-manager-volume-created")

    window.click("table cell", "clicked.qcow2")
    window.click("push button", "vol-delete")
    screen.window("vmm dialog").click("push button", "Yes")
    window.gone("table cell", "clicked.qcow2")
    assert images.names() == ["data.img", "debian.qcow2"]


def test_a_pool_is_created_stopped_started_and_deleted_by_clicking(window, screen, conn, folder):
    window.click("push button", "pool-add")
    dialog = screen.window("Add a New Storage Pool")
    dialog.enter("text", "Name:", "clicked")
    dialog.enter("text", "", str(folder / "clicked"))      # the first field: the target path, which no label names
    dialog.screenshot("virt-manager-new-pool")
    dialog.click("push button", "Finish")
    select(window, "clicked")
    pool = conn.storagePoolLookupByName("clicked")
    assert (pool.isActive(), pool.autostart(), pool.isPersistent()) == (1, 1, 1)
    # virt-manager reads a new pool's state before it listens to it, and what happens in between passes it by: have it look again.
    conn.storagePoolDefineXML(pool.XMLDesc(libvirt.VIR_STORAGE_XML_INACTIVE))
    window.find("label", "Active")
    window.screenshot("virt-manager-pool-created")

    window.click("push button", "pool-stop")
    window.find("label", "Inactive")
    assert pool.isActive() == 0
    window.click("push button", "pool-start")
    window.find("label", "Active")
    assert pool.isActive() == 1
    window.click("push button", "pool-stop")
    window.find("label", "Inactive")
    window.click("push button", "pool-delete")
    screen.window("vmm dialog").click("push button", "Yes")
    window.gone("table cell", "clicked\n")
    with pytest.raises(libvirt.libvirtError):
        conn.storagePoolLookupByName("clicked")


def test_pools_of_others_come_and_go_by_themselves(window, conn, folder):
    with Pool(conn, "elsewhere", folder / "elsewhere"):
        window.find("table cell", "elsewhere\n")
    window.gone("table cell", "elsewhere\n")


@pytest.mark.cistern_only("libvirtd sees at the next refresh what others do in a pool's folder")
def test_a_volume_made_elsewhere_appears_by_itself(window, screen, images):
    select(window, "default")
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", images.file("elsewhere.qcow2"), "3G"], check=True)
    window.find("table cell", "elsewhere.qcow2")
    window.find("table cell", "3.00 GiB")
    window.screenshot("virt-manager-volume-from-elsewhere")
    images.file("elsewhere.qcow2").unlink()
    window.gone("table cell", "elsewhere.qcow2")


@pytest.mark.cistern_only("libvirtd leaves it to a refresh to tell clients of each other's volumes")
def test_a_volume_of_another_client_appears_by_itself(window, images):
    volume = images.create("another-client")
    window.find("table cell", "another-client")
    volume.delete()
    window.gone("table cell", "another-client")
