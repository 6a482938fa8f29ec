"""iSCSI targets through open-iscsi, served by a real tgtd: what stock clients do with them, next to libvirtd."""

import os
import signal
import subprocess
from contextlib import contextmanager, suppress
from pathlib import Path

import libvirt
import pytest

from devices import run, settle
from encryption import secret_xml
from expect import eventually, raises
from iscsi import PORT, Targets, anonymous, forget, login, pool_xml, records, sessions, source
from pools import MIB, Pool
from transcripts import tool

MODULES = ["iscsi_tcp", "sd_mod"]

PLAIN, CHAP, NAMED = "iqn.2026-01.test:plain", "iqn.2026-01.test:chap", "iqn.2026-01.test:named"
USER, PASSWORD = "joe", "secretsecret"
INITIATOR = "iqn.2026-01.test:me"
INACCESSIBLE = libvirt.VIR_STORAGE_POOL_INACCESSIBLE


@pytest.fixture(scope="module")
def targets(tmp_path_factory):
    made = Targets(tmp_path_factory.mktemp("targets"))
    made.add(PLAIN, units=2)
    made.add(CHAP, user=USER, password=PASSWORD)
    made.add(NAMED, initiator=INITIATOR)
    yield made
    made.stop()


@pytest.fixture(autouse=True)
def left(targets):
    """libvirtd leaves the tool's records behind."""
    forget()
    yield
    assert sessions() == []


@contextmanager
def defined(conn, xml: str):
    pool = conn.storagePoolDefineXML(xml)
    try:
        yield pool
    finally:
        with suppress(libvirt.libvirtError):
            pool.destroy()
        pool.undefine()


@contextmanager
def running(conn, inside: str):
    with defined(conn, pool_xml("target", inside)) as pool:
        pool.create()
        yield pool


def names(pool) -> list[str]:
    return sorted(pool.listVolumes())


@contextmanager
def secret(conn, value: bytes | None = PASSWORD.encode()):
    made = conn.secretDefineXML(secret_xml("joe's", type="iscsi"))
    if value is not None:
        made.setValue(value)
    try:
        yield f"<auth type='chap' username='{USER}'><secret usage=\"joe's\"/></auth>"
    finally:
        made.undefine()


def seen(conn) -> list:
    with running(conn, source(PLAIN)) as pool:
        answers = [anonymous(pool.XMLDesc()), names(pool), pool.info()]
        answers += [anonymous(pool.storageVolLookupByName(name).XMLDesc()) for name in names(pool)]
        for call in (lambda: pool.createXML("<volume><name>a</name><capacity>1</capacity></volume>"), pool.storageVolLookupByName(names(pool)[0]).delete,
                     lambda: pool.storageVolLookupByName(names(pool)[0]).resize(MIB)):
            with pytest.raises(libvirt.libvirtError) as refused:
                call()
            answers.append((refused.value.get_error_code(), refused.value.get_error_domain()))
    return answers


def test_as_libvirtd_shows_it(conn, judge, targets):
    assert seen(conn) == seen(judge)


def refused(conn) -> list:
    answers = []
    for inside in ("<host name='127.0.0.1'/>", f"<host name='127.0.0.1'/><host name='b'/><device path='{PLAIN}'/>", source("iqn.2026-01.test:none"),
                   source(CHAP), f"<host name='127.0.0.1' port='3999'/><device path='{PLAIN}'/>"):
        with defined(conn, pool_xml("target", inside)) as pool:
            with pytest.raises(libvirt.libvirtError) as error:
                pool.create()
            answers.append((error.value.get_error_code(), error.value.get_error_domain()))
            assert not pool.isActive()
    for call in (lambda: conn.findStoragePoolSources("iscsi", None), lambda: conn.findStoragePoolSources("iscsi", "<source/>"),
                 lambda: conn.findStoragePoolSources("iscsi", f"<source><host name='127.0.0.1'/><initiator><iqn name='{INITIATOR}x'/></initiator></source>")):
        with pytest.raises(libvirt.libvirtError) as error:
            call()
        answers.append((error.value.get_error_code(), error.value.get_error_domain()))
    return answers


def test_refusals_are_libvirtds(conn, judge, targets):
    assert refused(conn) == refused(judge)


def test_discovery_through_virsh(virsh, judge, targets):
    found = virsh.ok("find-storage-pool-sources-as", "iscsi", "127.0.0.1")
    assert found == judge.findStoragePoolSources("iscsi", "<source><host name='127.0.0.1'/></source>")
    assert [iqn in found for iqn in (PLAIN, CHAP)] == [True, True]
    assert records(PLAIN) == []


def test_a_whole_life_through_virsh(virsh, targets, tmp_path):
    virsh.ok("pool-define-as", "life", "iscsi", "--source-host", "127.0.0.1", "--source-dev", PLAIN, "--target", "/dev/disk/by-path")
    try:
        virsh.ok("pool-start", "life")
        assert len(sessions(PLAIN)) == 1
        assert [line.split()[0] for line in virsh.ok("vol-list", "life").splitlines()[2:]] == ["unit:0:0:1", "unit:0:0:2"]
        path = virsh.ok("vol-path", "unit:0:0:1", "--pool", "life").strip()
        assert path == f"/dev/disk/by-path/ip-127.0.0.1:{PORT}-iscsi-{PLAIN}-lun-1"
        (tmp_path / "data").write_bytes(data := os.urandom(4 * MIB))
        virsh.ok("vol-upload", "unit:0:0:1", tmp_path / "data", "--pool", "life")
        virsh.ok("vol-download", "unit:0:0:1", tmp_path / "copy", "--pool", "life", "--length", 4 * MIB)
        assert (tmp_path / "copy").read_bytes() == data
        virsh.ok("vol-wipe", "unit:0:0:1", "--pool", "life")
        with open(path, "rb") as file:
            assert not any(file.read())
        virsh.ok("pool-destroy", "life")
        assert sessions() == [] and records(PLAIN) == []
    finally:
        virsh("pool-destroy", "life")
        virsh.ok("pool-undefine", "life")


def test_a_password_is_seen_by_nobody(conn, server, targets, tmp_path):
    with secret(conn) as auth:
        watch = subprocess.Popen(["sh", "-c", f"while :; do grep -lsa {PASSWORD} /proc/[0-9]*/cmdline /proc/[0-9]*/environ; done"],
                                 stdout=subprocess.PIPE, text=True, start_new_session=True)
        try:
            with running(conn, source(CHAP, extra=auth)) as pool:
                assert names(pool) == ["unit:0:0:1"]
                (record,) = records(CHAP)
                assert f"node.session.auth.password = {PASSWORD}\n" in record.read_text()
                assert record.stat().st_mode & 0o777 == 0o600
                assert PASSWORD not in pool.XMLDesc()
            assert records(CHAP) == []
        finally:
            os.killpg(watch.pid, 9)
        found = {line for line in watch.communicate()[0].split() if Path(line).exists() and line.split("/")[2] != str(watch.pid)}
        own = [line for line in found if PASSWORD in Path(line).read_text(errors="replace") and "grep" not in Path(line).read_text(errors="replace")]
        assert own == []
        assert PASSWORD not in server.log_tail()


def test_wrong_and_missing_passwords(conn, targets):
    for value, code, domain in ((b"wrongwrongwrong", libvirt.VIR_ERR_INTERNAL_ERROR, libvirt.VIR_FROM_NONE),
                                (None, libvirt.VIR_ERR_NO_SECRET, libvirt.VIR_FROM_SECRET),
                                (b"with a\nline break", libvirt.VIR_ERR_INVALID_ARG, libvirt.VIR_FROM_STORAGE)):
        with secret(conn, value) as auth, defined(conn, pool_xml("target", source(CHAP, extra=auth))) as pool:
            with raises(code, domain) as failed:
                pool.create()
            assert (value or b"none").decode() not in failed.message
            assert sessions() == [] and records(CHAP) == []


def test_an_initiator_of_its_own_name(conn, targets):
    named = source(NAMED, extra=f"<initiator><iqn name='{INITIATOR}'/></initiator>")
    for _ in range(2):
        with running(conn, named) as pool:
            assert names(pool) == ["unit:0:0:1"]
            (session,) = sessions(NAMED)
            assert Path(f"/sys/class/iscsi_session/session{session}/initiatorname").read_text().strip() == INITIATOR
    assert run("iscsiadm", "--mode", "iface").count(INITIATOR) == 1
    found = conn.findStoragePoolSources("iscsi", f"<source><host name='127.0.0.1'/><initiator><iqn name='{INITIATOR}'/></initiator></source>")
    assert f"<iqn name='{INITIATOR}'/>" in found


def test_a_session_of_others_stays(conn, targets):
    login(PLAIN)
    try:
        with running(conn, source(PLAIN)) as pool:
            eventually(lambda: "unit:0:0:2" in names(pool))
        assert len(sessions(PLAIN)) == 1
        assert records(PLAIN) != []
    finally:
        run("iscsiadm", "--mode", "node", "--targetname", PLAIN, "--logout")
        run("iscsiadm", "--mode", "node", "--op", "delete")


def test_units_that_come_are_seen_on_refresh(conn, targets):
    with running(conn, source(PLAIN)) as pool:
        before = names(pool)
        targets.add_unit(PLAIN, len(before) + 1)
        pool.refresh()
        assert names(pool) == [*before, f"unit:0:0:{len(before) + 1}"]


def test_a_restart_of_the_server(own_server, targets):
    conn = libvirt.open(own_server.uri())
    pool = conn.storagePoolDefineXML(pool_xml("target", source(PLAIN)))
    pool.create()
    before, (session,) = pool.XMLDesc(), sessions(PLAIN)
    conn.close()
    own_server.restart()
    conn = libvirt.open(own_server.uri())
    pool = conn.storagePoolLookupByName("target")
    assert pool.isActive() and pool.XMLDesc() == before
    assert sessions(PLAIN) == [session]
    pool.destroy()
    assert sessions() == [] and records(PLAIN) == []
    pool.create()
    conn.close()
    own_server.stop()
    run("iscsiadm", "--mode", "session", "-r", *sessions(PLAIN), "--logout")
    own_server.start()
    conn = libvirt.open(own_server.uri())
    assert not (pool := conn.storagePoolLookupByName("target")).isActive()
    pool.undefine()
    conn.close()


def test_a_copy_from_a_unit(conn, targets, tmp_path):
    with running(conn, source(PLAIN)) as pool, Pool(conn, "files", tmp_path / "files") as files:
        volume = pool.storageVolLookupByName("unit:0:0:2")
        data = os.urandom(MIB)
        with open(volume.path(), "r+b") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        copy = files.api.createXMLFrom("<volume><name>copy</name><capacity>0</capacity></volume>", volume, 0)
        assert Path(copy.path()).read_bytes() == data + bytes(31 * MIB)


def test_a_network_that_goes(conn, targets):
    with running(conn, source(PLAIN)) as pool:
        targets.target_daemon.send_signal(signal.SIGSTOP)       # answers nothing any more
        try:
            session, = sessions(PLAIN)
            state = Path(f"/sys/class/iscsi_session/session{session}/state")
            eventually(lambda: state.read_text().strip() != "LOGGED_IN")
            with raises(libvirt.VIR_ERR_SYSTEM_ERROR) as lost:
                pool.refresh()
            assert "cannot be reached" in lost.message
            assert pool.info()[0] == INACCESSIBLE
        finally:
            targets.target_daemon.send_signal(signal.SIGCONT)
        eventually(lambda: state.read_text().strip() == "LOGGED_IN")
        eventually(lambda: pool.info()[0] == libvirt.VIR_STORAGE_POOL_RUNNING)
        settle()


def test_the_tool_is_recorded(targets):
    for name, argv, status in (
            ("discovery", ("--mode", "discovery", "--type", "sendtargets", "--portal", f"127.0.0.1:{PORT},1", "--op", "nonpersistent"), 0),
            ("discovery-refused", ("--mode", "discovery", "--type", "sendtargets", "--portal", "127.0.0.1:3999,1", "--op", "nonpersistent"), None),
            ("interfaces", ("--mode", "iface"), 0)):
        tool("iscsi", name, "iscsiadm", *argv, status=status)
