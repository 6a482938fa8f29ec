"""What others do in a pool's folder: seen without a refresh, told with measure, and switched off by the configuration file."""

import os
import queue
import shutil
import subprocess
import time

import libvirt
import pytest

from expect import eventually, raises
from pools import MIB, Pool, pool_xml, volume_xml
from servers import cisternd_binary

pytestmark = pytest.mark.cistern_only("libvirtd sees what others do at the next refresh only")

STARTED = 2


def refreshes(seen: queue.Queue) -> int:
    """Refresh events so far; lifecycle events are passed over."""
    return sum(event[0] == "refresh" for event in list(seen.queue))


def test_a_file_appears_grows_and_vanishes(conn, pool, virsh, events):
    seen = events(pool.api)
    pool.file("disk").write_bytes(b"x" * MIB)
    eventually(lambda: "disk" in virsh.ok("vol-list", pool.name))
    assert conn.storageVolLookupByKey(str(pool.file("disk"))).info()[1] == MIB
    with open(pool.file("disk"), "ab") as file:
        file.write(b"y" * MIB)
    eventually(lambda: seen.get(timeout=20) and pool.api.storageVolLookupByName("disk").info()[1] == 2 * MIB)
    pool.file("disk").rename(pool.file("moved"))
    eventually(lambda: pool.names() == ["moved"])
    pool.file("moved").unlink()
    eventually(lambda: pool.names() == [])
    assert virsh.ok("vol-list", pool.name).count("\n") == 2


def test_the_pools_numbers_follow(conn, pool):
    before = pool.api.info()[2]
    pool.file("data").write_bytes(os.urandom(8 * MIB))
    os.sync()
    eventually(lambda: pool.api.info()[2] != before)


def test_an_image_is_seen_for_what_it_is(pool, virsh, events):
    seen = events(pool.api)
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", pool.file("image"), "5G"], check=True)
    eventually(lambda: pool.names() == ["image"] and refreshes(seen) > 0)
    assert "5.00 GiB" in virsh.ok("vol-list", pool.name, "--details")
    assert "<format type='qcow2'/>" in virsh.ok("vol-dumpxml", "image", pool.name)


def test_many_files_are_few_events(conn, pool, events):
    seen = events(pool.api)
    begun = time.monotonic()
    for number in range(1500):
        pool.file(f"f{number}").write_bytes(b"x")
    eventually(lambda: pool.api.numOfVolumes() == 1500)
    shutil.rmtree(pool.path)
    pool.path.mkdir()
    eventually(lambda: pool.api.numOfVolumes() == 0)
    time.sleep(2.5)
    # One at once, one every two seconds, and those for a folder that went and came back.
    assert 1 <= refreshes(seen) <= (time.monotonic() - begun) / 2 + 4


def test_a_guest_that_writes_makes_no_event(pool, events):
    pool.create("disk", 4 * MIB)
    seen = events(pool.api)
    with open(pool.file("disk"), "r+b", buffering=0) as disk:
        for number in range(2000):
            disk.seek(number % 1024 * 4096)
            disk.write(b"x" * 4096)
        pool.file("fence").write_bytes(b"")
        eventually(lambda: "fence" in pool.names())
        assert pool.api.storageVolLookupByName("disk").info()[2] == 4 * MIB
    eventually(lambda: refreshes(seen) == 1)


def test_the_servers_own_work_is_told_at_most_once_in_two_seconds(pool, events):
    seen = events(pool.api)
    begin = time.monotonic()
    volume = pool.create("v")
    volume.resize(2 * MIB)
    pool.create("image", format="qcow2")
    pool.api.createXMLFrom(volume_xml("copy"), volume)
    volume.delete()
    time.sleep(2.5)
    assert 1 <= refreshes(seen) <= 1 + (time.monotonic() - begin) / 2
    assert pool.names() == ["copy", "image"]


def test_the_folder_goes_and_comes_back(pool, virsh, events, tmp_path):
    pool.create("v")
    seen = events(pool.api)
    pool.path.rename(tmp_path / "elsewhere")
    eventually(lambda: refreshes(seen) == 1)
    assert pool.api.isActive() == 1 and pool.names() == ["v"]
    assert pool.name in virsh.ok("pool-list")
    for change in (lambda: pool.create("w"), lambda: pool.api.storageVolLookupByName("v").delete()):
        with raises(38):
            change()
    (tmp_path / "elsewhere" / "new").write_bytes(b"")
    (tmp_path / "elsewhere").rename(pool.path)
    eventually(lambda: refreshes(seen) == 2)
    assert pool.names() == ["new", "v"]
    pool.file("later").write_bytes(b"")
    eventually(lambda: "later" in pool.names())


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting takes root")
def test_a_mount_over_the_folder_and_its_end(pool):
    pool.create("below")
    if subprocess.run(["mount", "-t", "tmpfs", "tmpfs", pool.path], capture_output=True).returncode:
        pytest.skip("nothing can be mounted here")
    try:
        pool.file("above").write_bytes(b"")
        eventually(lambda: pool.names() == ["above"])
    finally:
        subprocess.run(["umount", pool.path], check=True)
    eventually(lambda: pool.names() == ["below"])


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting takes root")
def test_a_file_system_that_tells_nothing_is_looked_at(conn, tmp_path):
    folder = tmp_path / "pool"
    folder.mkdir()
    # Not one of the file systems that are known to be local, and mountable without another host.
    if subprocess.run(["mount", "-t", "hugetlbfs", "none", folder], capture_output=True).returncode:
        pytest.skip("nothing can be mounted here")
    try:
        with Pool(conn, "polled", folder) as pool:
            pool.file("a").touch()
            eventually(lambda: pool.names() == ["a"])
            pool.file("a").unlink()
            eventually(lambda: pool.names() == [])
    finally:
        subprocess.run(["umount", folder], check=True)


@pytest.mark.parametrize("text, watched", [
    ("live_pools = 0\n", []),
    ("# all but one\nlive_pools_off = [ \"off\" ]\n", ["on"]),
])
def test_live_pools_can_be_switched_off(own_server, tmp_path, text, watched):
    own_server.configure(text)
    own_server.restart()
    conn = libvirt.open(own_server.uri())
    with Pool(conn, "on", tmp_path / "on") as on, Pool(conn, "off", tmp_path / "off") as off, Pool(conn, "fence", tmp_path / "fence") as fence:
        for pool in (on, off, fence):
            pool.file("new").write_bytes(b"")
        if watched:
            eventually(lambda: on.names() == ["new"])
        else:
            time.sleep(1)
        assert [pool.name for pool in (on, off) if pool.names()] == watched
        # Asked for by name or path, a file is found all the same.
        assert conn.storageVolLookupByPath(str(off.file("new"))).name() == "new"
        assert off.names() == ["new"]
        fence.api.refresh()
        assert fence.names() == ["new"]
    conn.close()


def test_a_mistake_in_the_configuration_is_named(tmp_path):
    (tmp_path / "conf").write_text("delete_guard = 1\nlive_pool = 0\n")
    done = subprocess.run([cisternd_binary(), "--root", tmp_path / "root", "--config", tmp_path / "conf"],
                          capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)
    assert done.returncode == 1
    assert f"{tmp_path}/conf:2: unknown key 'live_pool'" in done.stderr


def test_a_late_folder_is_started_when_it_comes(own_server, tmp_path):
    conn = libvirt.open(own_server.uri())
    for name in ("late", "given-up"):
        conn.storagePoolDefineXML(pool_xml(name, tmp_path / name)).setAutostart(1)
    conn.close()
    own_server.stop()
    own_server.forget_run_state()
    own_server.start()
    conn = libvirt.open(own_server.uri())
    late, given_up = (conn.storagePoolLookupByName(name) for name in ("late", "given-up"))
    seen = queue.Queue()
    number = conn.storagePoolEventRegisterAny(late, libvirt.VIR_STORAGE_POOL_EVENT_ID_LIFECYCLE, lambda _, pool, event, detail, to: to.put(event), seen)
    assert late.isActive() == 0
    with raises(55):
        given_up.destroy()
    for name in ("late", "given-up"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "v").write_bytes(b"")
    assert seen.get(timeout=60) == STARTED
    assert late.listVolumes() == ["v"]
    assert given_up.isActive() == 0
    conn.storagePoolEventDeregisterAny(number)
    conn.close()
