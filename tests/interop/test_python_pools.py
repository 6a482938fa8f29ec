"""python3-libvirt: every storage pool API."""

import os
import threading
import uuid

import libvirt
import pytest

from expect import raises
from pools import NIL_UUID, Pool, mask, pool_xml


@pytest.fixture(params=["unix", "tcp"])
def conn(server, request):
    """Both transports for every test of this module."""
    connection = libvirt.open(server.uri(request.param))
    yield connection
    connection.close()


def test_the_connection_describes_itself(conn):
    assert conn.isAlive() == 1
    assert conn.getType() == "QEMU"
    assert conn.getLibVersion() == 9000000
    assert conn.getHostname()
    assert conn.getCapabilities().startswith("<capabilities>")
    over_tcp = "+tcp" in conn.getURI()
    assert conn.isSecure() == (0 if over_tcp else 1)
    assert conn.isEncrypted() == 0
    model, memory, cpus, mhz, nodes, sockets, cores, threads = conn.getInfo()
    assert model and memory > 0 and cpus == os.cpu_count() and min(nodes, sockets, cores, threads) > 0
    assert conn.getFreeMemory() > 0
    assert conn.setKeepAlive(5, 3) == 0


def test_other_kinds_of_object_are_empty(conn):
    assert conn.numOfDomains() == conn.numOfDefinedDomains() == conn.numOfNetworks() == conn.numOfDefinedNetworks() == 0
    assert conn.listDomainsID() == conn.listDefinedDomains() == conn.listNetworks() == conn.listDefinedNetworks() == []
    assert conn.listAllDomains() == conn.listAllNetworks() == conn.listAllNWFilters() == conn.listAllNWFilterBindings() == []
    assert conn.numOfNWFilters() == conn.numOfSecrets() == 0
    assert conn.listAllSecrets() == []
    assert conn.getAllDomainStats() == []
    for found in (conn.listAllInterfaces(), conn.listAllDevices()):
        assert isinstance(found, list)


@pytest.mark.parametrize("lookup, code, domain", [
    (lambda conn: conn.lookupByName("x"), 42, libvirt.VIR_FROM_QEMU),
    (lambda conn: conn.lookupByID(7), 42, libvirt.VIR_FROM_QEMU),
    (lambda conn: conn.lookupByUUIDString(str(uuid.uuid4())), 42, libvirt.VIR_FROM_QEMU),
    (lambda conn: conn.networkLookupByName("x"), 43, libvirt.VIR_FROM_NETWORK),
    (lambda conn: conn.nodeDeviceLookupByName("x"), 53, libvirt.VIR_FROM_NODEDEV),
    (lambda conn: conn.interfaceLookupByName("x"), 57, libvirt.VIR_FROM_INTERFACE),
    (lambda conn: conn.nwfilterLookupByName("x"), 62, libvirt.VIR_FROM_NWFILTER),
    (lambda conn: conn.secretLookupByUUIDString(str(uuid.uuid4())), 66, libvirt.VIR_FROM_SECRET),
    (lambda conn: conn.storagePoolLookupByName("x"), 49, libvirt.VIR_FROM_STORAGE),
    (lambda conn: conn.storagePoolLookupByUUIDString(str(uuid.uuid4())), 49, libvirt.VIR_FROM_STORAGE),
    (lambda conn: conn.storagePoolLookupByTargetPath("/no/such"), 49, libvirt.VIR_FROM_STORAGE),
    (lambda conn: conn.storageVolLookupByKey("/no/such"), 50, libvirt.VIR_FROM_STORAGE),
    (lambda conn: conn.storageVolLookupByPath("/no/such"), 50, libvirt.VIR_FROM_STORAGE),
])
def test_lookups_of_what_is_not_there(conn, lookup, code, domain):
    with raises(code, domain):
        lookup(conn)


def test_every_lookup_finds_the_same_pool(conn, pool):
    volume = pool.create("v")
    for found in (conn.storagePoolLookupByName(pool.name),
                  conn.storagePoolLookupByUUID(uuid.UUID(pool.uuid).bytes),
                  conn.storagePoolLookupByUUIDString(pool.uuid),
                  conn.storagePoolLookupByTargetPath(str(pool.path)),
                  conn.storagePoolLookupByTargetPath(f"/{pool.path}//".replace("//", "/", 1) + "/"),
                  volume.storagePoolLookupByVolume()):
        assert (found.name(), found.UUIDString(), found.UUID()) == (pool.name, pool.uuid, uuid.UUID(pool.uuid).bytes)


def test_target_path_lookup_sees_active_pools_only(conn, pool):
    pool.api.destroy()
    with raises(49) as error:
        conn.storagePoolLookupByTargetPath(str(pool.path))
    assert str(pool.path) in error.message


def test_old_and_new_lists_agree(conn, pool, tmp_path):
    with Pool(conn, "inactive", tmp_path / "inactive", start=False):
        assert (conn.numOfStoragePools(), conn.listStoragePools()) == (1, [pool.name])
        assert (conn.numOfDefinedStoragePools(), conn.listDefinedStoragePools()) == (1, ["inactive"])
        assert sorted(found.name() for found in conn.listAllStoragePools()) == sorted(["inactive", pool.name])


FILTERS = {name.removeprefix("VIR_CONNECT_LIST_STORAGE_POOLS_"): getattr(libvirt, name)
           for name in dir(libvirt) if name.startswith("VIR_CONNECT_LIST_STORAGE_POOLS_")}
TYPES = [name for name in FILTERS if name not in ("ACTIVE", "INACTIVE", "PERSISTENT", "TRANSIENT", "AUTOSTART", "NO_AUTOSTART")]


@pytest.fixture
def three_pools(conn, tmp_path):
    """An inactive autostarted, an active and a transient pool."""
    (tmp_path / "t").mkdir()
    with Pool(conn, "off", tmp_path / "off", start=False) as off, Pool(conn, "on", tmp_path / "on"):
        off.api.setAutostart(1)
        transient = conn.storagePoolCreateXML(pool_xml("passing", tmp_path / "t"))
        yield
        transient.destroy()


@pytest.mark.parametrize("filters, names", [
    ("", "off on passing"), ("ACTIVE", "on passing"), ("INACTIVE", "off"), ("ACTIVE INACTIVE", "off on passing"),
    ("PERSISTENT", "off on"), ("TRANSIENT", "passing"), ("PERSISTENT TRANSIENT", "off on passing"),
    ("AUTOSTART", "off"), ("NO_AUTOSTART", "on passing"), ("ACTIVE PERSISTENT", "on"), ("INACTIVE TRANSIENT", ""),
    ("ACTIVE NO_AUTOSTART DIR", "on passing"), ("DIR FS", "off on passing"),
    *((name, "off on passing" if name == "DIR" else "") for name in TYPES),
])
def test_list_filters(conn, three_pools, filters, names):
    flags = sum(FILTERS[name] for name in filters.split())
    assert sorted(found.name() for found in conn.listAllStoragePools(flags)) == names.split()


def test_every_type_has_its_filter():
    assert len(TYPES) == 14


@pytest.mark.parametrize("flag", [1 << 20, 1 << 31])
def test_an_unknown_filter_is_refused(conn, flag):
    with raises(8):
        conn.listAllStoragePools(flag)


def test_state_info_and_xml_through_a_pools_life(conn, tmp_path):
    path = tmp_path / "pool"
    pool = conn.storagePoolDefineXML(pool_xml("life", path))
    assert (pool.isActive(), pool.isPersistent(), pool.autostart()) == (0, 1, 0)
    assert pool.info() == [libvirt.VIR_STORAGE_POOL_INACTIVE, 0, 0, 0]
    with raises(38, 0):
        pool.create()
    assert pool.isActive() == 0
    pool.build()
    pool.create()
    assert pool.isActive() == 1
    state, capacity, allocation, available = pool.info()
    assert state == libvirt.VIR_STORAGE_POOL_RUNNING and capacity == allocation + available > 0
    pool.setAutostart(1)
    assert pool.autostart() == 1
    pool.setAutostart(1)
    pool.setAutostart(0)
    assert pool.autostart() == 0
    assert pool.refresh() == 0
    pool.destroy()
    state, *numbers = pool.info()
    assert state == libvirt.VIR_STORAGE_POOL_INACTIVE and numbers[0] == capacity
    pool.delete()
    assert not path.exists()
    pool.undefine()
    with raises(49):
        pool.info()


@pytest.mark.parametrize("operation, code, domain", [
    (lambda pool: pool.create(), 55, 18), (lambda pool: pool.build(), 55, 18), (lambda pool: pool.delete(), 55, 18),
    (lambda pool: pool.undefine(), 55, 18), (lambda pool: pool.create(8), 8, 18), (lambda pool: pool.refresh(1), 8, 18),
    (lambda pool: pool.XMLDesc(2), 8, 18), (lambda pool: pool.listAllVolumes(1), 8, 18),
])
def test_what_an_active_pool_refuses(pool, operation, code, domain):
    with raises(code, domain):
        operation(pool.api)
    assert pool.api.isActive() == 1


@pytest.mark.parametrize("operation, code", [
    (lambda pool: pool.destroy(), 55), (lambda pool: pool.refresh(), 55), (lambda pool: pool.numOfVolumes(), 55),
    (lambda pool: pool.listAllVolumes(), 55), (lambda pool: pool.storageVolLookupByName("v"), 55),
    (lambda pool: pool.createXML("<volume/>"), 55), (lambda pool: pool.delete(1), 8), (lambda pool: pool.create(1 << 10), 8),
])
def test_what_an_inactive_pool_refuses(pool, operation, code):
    pool.api.destroy()
    with raises(code):
        operation(pool.api)


def test_the_first_of_two_reasons_is_the_one_that_is_told(pool):
    """A mistaken flag counts before the state for create and refresh, the state before the flag for build."""
    with raises(8):
        pool.api.create(8)
    pool.api.destroy()
    with raises(8):
        pool.api.refresh(1)


def test_a_handle_of_a_pool_that_is_gone(conn, pool):
    pool.api.destroy()
    pool.api.undefine()
    for operation in ("info", "XMLDesc", "autostart", "isActive", "isPersistent", "create", "build", "destroy", "delete", "undefine",
                      "refresh", "numOfVolumes", "listAllVolumes"):
        with raises(49) as error:
            getattr(pool.api, operation)()
        assert pool.name in error.message, operation


def test_define_updates_an_inactive_pool(conn, tmp_path):
    with Pool(conn, "p", tmp_path / "a", start=False) as pool:
        conn.storagePoolDefineXML(pool_xml("p", tmp_path / "b", identity=pool.uuid))
        assert f"<path>{tmp_path}/b</path>" in pool.api.XMLDesc()


def test_define_of_an_active_pool_counts_after_the_next_stop(conn, pool, tmp_path):
    conn.storagePoolDefineXML(pool_xml(pool.name, tmp_path / "b", identity=pool.uuid))
    assert f"<path>{pool.path}</path>" in pool.api.XMLDesc()
    assert f"<path>{tmp_path}/b</path>" in pool.api.XMLDesc(libvirt.VIR_STORAGE_XML_INACTIVE)
    pool.api.destroy()
    assert f"<path>{tmp_path}/b</path>" in pool.api.XMLDesc()


def test_define_makes_a_transient_pool_persistent(conn, tmp_path):
    identity = str(uuid.uuid4())
    pool = conn.storagePoolCreateXML(pool_xml("p", tmp_path, identity=identity))
    assert pool.isPersistent() == 0
    with raises(55):
        pool.undefine()
    with raises(1):
        pool.setAutostart(1)
    conn.storagePoolDefineXML(pool_xml("p", tmp_path, identity=identity))
    assert pool.isPersistent() == 1
    pool.destroy()
    pool.undefine()


def test_create_xml_runs_a_defined_pool_with_other_xml(conn, tmp_path):
    for name in "ab":
        (tmp_path / name).mkdir()
    with Pool(conn, "p", tmp_path / "a", start=False) as pool:
        conn.storagePoolCreateXML(pool_xml("p", tmp_path / "b", identity=pool.uuid))
        assert f"<path>{tmp_path}/b</path>" in pool.api.XMLDesc()
        assert f"<path>{tmp_path}/a</path>" in pool.api.XMLDesc(libvirt.VIR_STORAGE_XML_INACTIVE)
        with raises(55):
            conn.storagePoolCreateXML(pool_xml("p", tmp_path / "b", identity=pool.uuid))
        pool.api.destroy()
        assert f"<path>{tmp_path}/a</path>" in pool.api.XMLDesc()


@pytest.mark.parametrize("name, identity, path", [
    ("p", None, "other"),               # the name is taken, a new uuid is made
    ("q", "same", "other"),             # the uuid is taken by another name
    ("q", None, "pool"),                # the folder is taken
])
def test_two_pools_share_neither_name_uuid_nor_folder(conn, tmp_path, name, identity, path):
    with Pool(conn, "p", tmp_path / "pool", start=False) as pool:
        before = mask(pool.api.XMLDesc())
        for make in (conn.storagePoolDefineXML, conn.storagePoolCreateXML):
            with raises(9):
                make(pool_xml(name, tmp_path / path, identity=pool.uuid if identity else None))
        assert [found.name() for found in conn.listAllStoragePools()] == ["p"]
        assert mask(pool.api.XMLDesc()) == before


@pytest.mark.parametrize("flags, builds", [
    (libvirt.VIR_STORAGE_POOL_CREATE_NORMAL, False), (libvirt.VIR_STORAGE_POOL_CREATE_WITH_BUILD, True),
])
def test_create_builds_when_asked(conn, tmp_path, flags, builds):
    with Pool(conn, "p", tmp_path / "pool", start=False) as pool:
        pool.path.rmdir()
        if builds:
            pool.api.create(flags)
        else:
            with raises(38, 0):
                pool.api.create(flags)
        assert pool.path.exists() == builds and pool.api.isActive() == builds


@pytest.mark.parametrize("flags", [libvirt.VIR_STORAGE_POOL_BUILD_OVERWRITE, libvirt.VIR_STORAGE_POOL_BUILD_NO_OVERWRITE])
def test_build_flags_need_a_device(conn, tmp_path, flags):
    with Pool(conn, "p", tmp_path / "pool", start=False) as pool:
        with raises(55):
            pool.api.build(flags)
        with raises(8):
            pool.api.build(12)


def test_delete_of_a_pool_with_files_keeps_them(pool):
    pool.create("v")
    pool.api.destroy()
    with raises(38):
        pool.api.delete()
    assert pool.file("v").exists()


def test_permissions_are_applied_by_build_and_read_by_refresh(conn, tmp_path):
    path = tmp_path / "pool"
    xml = (f"<pool type='dir'><name>p</name><target><path>{path}</path>"
           f"<permissions><mode>0750</mode><owner>{os.geteuid()}</owner><group>{os.getegid()}</group></permissions></target></pool>")
    pool = conn.storagePoolDefineXML(xml)
    assert "<mode>0750</mode>" in pool.XMLDesc()
    pool.build()
    assert path.stat().st_mode & 0o7777 == 0o750
    pool.create()
    path.chmod(0o705)
    pool.refresh()
    assert "<mode>0705</mode>" in pool.XMLDesc()
    pool.destroy()
    pool.undefine()


@pytest.mark.parametrize("path, shown", [
    ("/tmp//a///b/", "/tmp/a/b"), ("//tmp/a", "//tmp/a"), ("relative/path", "relative/path"), ("/tmp/./a/../b", "/tmp/./a/../b"),
])
def test_target_paths_are_cleaned(conn, path, shown):
    pool = conn.storagePoolDefineXML(pool_xml("p", path))
    assert f"<path>{shown}</path>" in pool.XMLDesc()
    pool.undefine()


def test_xml_special_characters_survive(conn, tmp_path):
    path = tmp_path / "a&b<c>'d\"e"
    path.mkdir()
    name = "n&amp;&lt;&gt;&apos;&quot;ü"
    pool = conn.storagePoolCreateXML(pool_xml(name, str(path).replace("&", "&amp;").replace("<", "&lt;")))
    try:
        assert pool.name() == "n&<>'\"ü"
        again = pool.XMLDesc()
        assert "a&amp;b&lt;c&gt;&apos;d&quot;e" in again
        volume = pool.createXML("<volume><name>v&amp;ß</name><capacity>1</capacity></volume>")
        assert volume.path() == f"{path}/v&ß" and os.path.exists(volume.path())
    finally:
        pool.destroy()


def test_pool_capabilities(conn):
    assert "<pool type='dir' supported='yes'>" in conn.getStoragePoolCapabilities()
    with raises(8):
        conn.getStoragePoolCapabilities(1)


@pytest.mark.parametrize("type, code, domain", [("dir", 3, 18), ("nosuch", 1, 18), ("", 1, 18)])
def test_source_discovery_where_there_is_none(conn, type, code, domain):
    with raises(code, domain):
        conn.findStoragePoolSources(type, None)


def test_two_clients_see_each_others_changes(server, conn, tmp_path):
    other = libvirt.open(server.uri("tcp"))
    with Pool(conn, "shared", tmp_path / "pool") as pool:
        seen = other.storagePoolLookupByName("shared")
        pool.create("v")
        assert [volume.name() for volume in seen.listAllVolumes()] == ["v"]
        seen.storageVolLookupByName("v").delete()
        assert pool.names() == []
        seen.destroy()
        assert pool.api.isActive() == 0
    other.close()


def test_many_threads_on_one_connection(conn, pool):
    """The binding sends from all threads at once and matches replies by serial."""
    wrong = []

    def work(number: int) -> None:
        for n in range(10):
            name = f"v{number}-{n}"
            volume = pool.create(name, 4096)
            if volume.name() != name or volume.info()[1] != 4096 or pool.api.name() != pool.name:
                wrong.append(name)
            if n % 2:
                volume.delete()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert wrong == [] and len(pool.names()) == 40


@pytest.mark.parametrize("operation", [
    lambda conn, pool: conn.storagePoolDefineXML(pool_xml("x", "/tmp")), lambda conn, pool: conn.storagePoolCreateXML(pool_xml("x", "/tmp")),
    lambda conn, pool: pool.destroy(), lambda conn, pool: pool.refresh(), lambda conn, pool: pool.setAutostart(1),
    lambda conn, pool: pool.createXML("<volume/>"), lambda conn, pool: conn.findStoragePoolSources("dir", None),
])
def test_a_read_only_connection_is_refused(server, pool, operation):
    connection = libvirt.openReadOnly(server.uri())
    error = pytest.raises(libvirt.libvirtError, operation, connection, connection.storagePoolLookupByName(pool.name)).value
    assert error.get_error_code() == libvirt.VIR_ERR_OPERATION_DENIED
    connection.close()


def test_a_nil_uuid_is_no_pool(conn):
    with raises(49):
        conn.storagePoolLookupByUUIDString(NIL_UUID)
