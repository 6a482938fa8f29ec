"""python3-libvirt: every secret API, and virsh's secret commands."""

import base64
import queue
import uuid

import libvirt
import pytest

from expect import raises

SECRET = libvirt.VIR_FROM_SECRET
PASSPHRASE = bytes(range(1, 256))


def secret_xml(usage: str = "", *, private="no", ephemeral="no", identity="", description="") -> str:
    return (f"<secret ephemeral='{ephemeral}' private='{private}'>{f'<uuid>{identity}</uuid>' if identity else ''}"
            f"{f'<description>{description}</description>' if description else ''}{usage}</secret>")


def volume_usage(path: str) -> str:
    return f"<usage type='volume'><volume>{path}</volume></usage>"


@pytest.fixture(params=["unix", "tcp"])
def conn(server, request):
    """Both transports; no secret stays."""
    connection = libvirt.open(server.uri(request.param))
    yield connection
    for secret in connection.listAllSecrets():
        secret.undefine()
    connection.close()


@pytest.fixture
def secret(conn):
    return conn.secretDefineXML(secret_xml(volume_usage("/some/volume")))


def test_every_lookup_finds_the_same_secret(conn, secret):
    identity = secret.UUIDString()
    for found in (conn.secretLookupByUUIDString(identity), conn.secretLookupByUUID(uuid.UUID(identity).bytes),
                  conn.secretLookupByUsage(libvirt.VIR_SECRET_USAGE_TYPE_VOLUME, "/some/volume")):
        assert (found.UUIDString(), found.usageType(), found.usageID()) == (identity, libvirt.VIR_SECRET_USAGE_TYPE_VOLUME, "/some/volume")
    assert (conn.numOfSecrets(), conn.listSecrets()) == (1, [identity])
    with raises(66, SECRET):
        conn.secretLookupByUsage(libvirt.VIR_SECRET_USAGE_TYPE_CEPH, "/some/volume")


@pytest.mark.parametrize("type, usage, identity", [
    ("NONE", "", ""), ("VOLUME", volume_usage("/v"), "/v"), ("CEPH", "<usage type='ceph'><name>c</name></usage>", "c"),
    ("ISCSI", "<usage type='iscsi'><target>i</target></usage>", "i"), ("TLS", "<usage type='tls'><name>t</name></usage>", "t"),
    ("VTPM", "<usage type='vtpm'><name>m</name></usage>", "m"),
])
def test_usages_and_their_xml(conn, type, usage, identity):
    made = conn.secretDefineXML(secret_xml(usage, description="what it is for"))
    assert (made.usageType(), made.usageID()) == (getattr(libvirt, f"VIR_SECRET_USAGE_TYPE_{type}"), identity)
    lines = [line.strip() for line in made.XMLDesc().splitlines()]
    assert lines[:3] == ["<secret ephemeral='no' private='no'>", f"<uuid>{made.UUIDString()}</uuid>", "<description>what it is for</description>"]
    assert ("<usage" in made.XMLDesc()) == bool(usage)


def test_a_value_is_kept_and_given_back(secret):
    with raises(66, SECRET):
        secret.value()
    assert secret.setValue(PASSPHRASE) == 0
    assert secret.value() == PASSPHRASE
    secret.setValue(b"other")
    assert secret.value() == b"other"


def test_a_private_value_is_never_given_back(conn):
    made = conn.secretDefineXML(secret_xml(private="yes"))
    made.setValue(b"hidden")
    with raises(65, SECRET):
        made.value()


@pytest.mark.parametrize("flags, names", [
    (0, "ab cd ef"), (1, "ef"), (2, "ab cd"), (4, "cd"), (8, "ab ef"), (3, "ab cd ef"), (6, "cd"), (5, ""),
])
def test_list_filters(conn, flags, names):
    for name, private, ephemeral in (("ab", "no", "no"), ("cd", "yes", "no"), ("ef", "no", "yes")):
        conn.secretDefineXML(secret_xml(volume_usage(name), private=private, ephemeral=ephemeral))
    assert sorted(found.usageID() for found in conn.listAllSecrets(flags)) == names.split()
    with raises(8, SECRET):
        conn.listAllSecrets(16)


@pytest.mark.parametrize("change", [volume_usage("/another"), "", "<usage type='ceph'><name>x</name></usage>"])
def test_a_usage_does_not_change(conn, secret, change):
    with raises(1, SECRET):
        conn.secretDefineXML(secret_xml(change, identity=secret.UUIDString()))
    assert secret.usageID() == "/some/volume"


def test_what_a_redefinition_may_and_may_not_do(conn, secret):
    secret.setValue(b"kept")
    conn.secretDefineXML(secret_xml(volume_usage("/some/volume"), identity=secret.UUIDString(), description="new"))
    assert "<description>new</description>" in secret.XMLDesc() and secret.value() == b"kept"
    conn.secretDefineXML(secret_xml(volume_usage("/some/volume"), identity=secret.UUIDString(), private="yes"))
    with raises(1, SECRET):
        conn.secretDefineXML(secret_xml(volume_usage("/some/volume"), identity=secret.UUIDString()))
    with raises(1, SECRET):
        conn.secretDefineXML(secret_xml(volume_usage("/some/volume")))


def test_undefine(conn, secret):
    assert secret.undefine() == 0
    assert conn.listAllSecrets() == []
    for operation in (secret.undefine, secret.XMLDesc, secret.value, lambda: secret.setValue(b"x")):
        with raises(66, SECRET):
            operation()


@pytest.mark.parametrize("xml, code, domain", [
    ("", 35, SECRET), ("<secret", 35, SECRET), ("<pool/>", 27, libvirt.VIR_FROM_XML),
    ("<secret><uuid>nosuch</uuid></secret>", 1, SECRET), ("<secret><usage/></secret>", 27, SECRET),
    ("<secret><usage type='volume'/></secret>", 1, SECRET), ("<secret><usage type='ceph'/></secret>", 1, SECRET),
])
def test_bad_documents(conn, xml, code, domain):
    with raises(code, domain):
        conn.secretDefineXML(xml)
    assert conn.listAllSecrets() == []


@pytest.mark.parametrize("call", [
    lambda conn, secret: conn.secretDefineXML("<secret/>", 2), lambda conn, secret: secret.XMLDesc(1),
    lambda conn, secret: secret.value(1), lambda conn, secret: secret.setValue(b"x", 1),
])
def test_unknown_flags(conn, secret, call):
    secret.setValue(b"x")
    with raises(8, SECRET):
        call(conn, secret)


def test_a_read_only_connection_sees_secrets_without_their_values(server, secret):
    secret.setValue(b"x")
    connection = libvirt.openReadOnly(server.uri())
    found = connection.secretLookupByUUIDString(secret.UUIDString())
    assert found.XMLDesc() == secret.XMLDesc()
    for operation in (found.value, lambda: found.setValue(b"y"), found.undefine, lambda: connection.secretDefineXML("<secret/>")):
        with pytest.raises(libvirt.libvirtError) as error:
            operation()
        assert error.value.get_error_code() == libvirt.VIR_ERR_OPERATION_DENIED
    connection.close()


def test_events(conn):
    seen = queue.Queue()
    numbers = [
        conn.secretEventRegisterAny(None, libvirt.VIR_SECRET_EVENT_ID_LIFECYCLE, lambda _, of, event, detail, __: seen.put((of.usageID(), event, detail)), None),
        conn.secretEventRegisterAny(None, libvirt.VIR_SECRET_EVENT_ID_VALUE_CHANGED, lambda _, of, __: seen.put((of.usageID(), "value")), None)]
    made = conn.secretDefineXML(secret_xml(volume_usage("/e")))
    made.setValue(b"1")
    made.setValue(b"1")
    made.undefine()
    assert [seen.get(timeout=20) for _ in range(4)] == [
        ("/e", libvirt.VIR_SECRET_EVENT_DEFINED, 0), ("/e", "value"), ("/e", "value"), ("/e", libvirt.VIR_SECRET_EVENT_UNDEFINED, 0)]
    for number in numbers:
        conn.secretEventDeregisterAny(number)


def test_secrets_outlive_the_server_but_for_ephemeral_ones(own_server):
    conn = libvirt.open(own_server.uri())
    for name, ephemeral in (("/kept", "no"), ("/passing", "yes")):
        conn.secretDefineXML(secret_xml(volume_usage(name), ephemeral=ephemeral)).setValue(PASSPHRASE)
    conn.close()
    own_server.restart()
    conn = libvirt.open(own_server.uri())
    kept, = conn.listAllSecrets()
    assert (kept.usageID(), kept.value()) == ("/kept", PASSPHRASE)
    conn.close()


def test_virshs_secret_commands(virsh, conn, tmp_path):
    file = tmp_path / "secret.xml"
    file.write_text(secret_xml(volume_usage("/v")))
    said = virsh.ok("secret-define", file)
    identity, = conn.listSecrets()
    assert said == f"Secret {identity} created\n"
    assert virsh.ok("secret-list").split()[-3:] == [identity, "volume", "/v"]
    assert f"<uuid>{identity}</uuid>" in virsh.ok("secret-dumpxml", identity)
    value = tmp_path / "value"
    value.write_bytes(PASSPHRASE)
    assert virsh.ok("secret-set-value", identity, "--file", value, "--plain") == "Secret value set\n"
    assert virsh.ok("secret-get-value", identity).strip() == base64.b64encode(PASSPHRASE).decode()
    assert virsh.ok("secret-undefine", identity) == f"Secret {identity} deleted\n"
    virsh.fails("secret-get-value", identity, says=f"error: failed to get secret '{identity}'\n")
