"""SASL: passwords over unix sockets, TLS and plain TCP, through stock virsh and python3-libvirt."""

import os
import subprocess
import time

import libvirt
import pytest

from pki import Pki
from virsh import Virsh
from wire import xdr
from wire.client import AUTH_LIST, OPEN, RemoteError, WireClient

SASL_INIT, SASL_START, SASL_STEP = 67, 68, 69
USER, PASSWORD = "fred", "correct horse"


class Users:
    """libsasl2's configuration and password database in a folder of their own."""

    def __init__(self, folder, mechanisms: str):
        folder.mkdir()
        self.folder = folder
        self.database = folder / "users.db"
        (folder / "libvirt.conf").write_text(
            f"mech_list: {mechanisms}\npwcheck_method: auxprop\nauxprop_plugin: sasldb\nsasldb_path: {self.database}\n")
        self.add(USER)

    @property
    def environment(self) -> dict:
        return {"SASL_CONF_PATH": str(self.folder)}

    def add(self, user: str) -> None:
        subprocess.run(["saslpasswd2", "-p", "-c", "-a", "libvirt", "-f", self.database, user], input=PASSWORD, text=True, check=True)

    def file(self, user: str = USER, password: str = PASSWORD):
        """What a URI's authfile names."""
        path = self.folder / "auth.conf"
        path.write_text(f"[credentials-test]\nauthname={user}\npassword={password}\n[auth-libvirt-default]\ncredentials=test\n")
        return path


@pytest.fixture
def users(short_folder):
    return lambda mechanisms: Users(short_folder / "sasl", mechanisms)


def virsh_of(server, transport, users, tmp_path, more="", **credentials) -> Virsh:
    uri = server.uri(transport)
    return Virsh(f"{uri}{'&' if '?' in uri else '?'}authfile={users.file(**credentials)}{more}", tmp_path)


def logged(server, *texts) -> None:
    deadline = time.monotonic() + 10
    while not all(text in server.log_tail() for text in texts):
        assert time.monotonic() < deadline, f"{texts} not in:\n{server.log_tail()}"
        time.sleep(0.05)


@pytest.mark.parametrize("transport, mechanisms", [
    ("unix", "scram-sha-256"), ("ro", "scram-sha-256"), ("unix", "plain"), ("unix", "digest-md5"), ("tcp", "digest-md5"), ("tcp", "digest-md5 scram-sha-256"),
])
def test_a_password_lets_in_and_a_wrong_one_does_not(request, serve, users, tmp_path, transport, mechanisms):
    users = users(mechanisms)
    server = serve({"listen_tcp": 1, "auth_tcp": "sasl", "auth_unix_rw": "sasl", "auth_unix_ro": "sasl"}, users.environment)
    options = ("-r",) if transport == "ro" else ()
    assert virsh_of(server, transport, users, tmp_path)(*options, "pool-list", "--all").code == 0
    for wrong in ({"password": "guess"}, {"user": "nobody"}):
        virsh_of(server, transport, users, tmp_path, **wrong).fails(*options, "uri", says="authentication failed: authentication failed")
    if request.config.getoption("against") == "cistern":
        logged(server, "has authenticated as fred", "SASL authentication of client")
        assert "guess" not in server.log_tail() and PASSWORD not in server.log_tail()


def test_sasl_over_tls_comes_after_the_certificate(serve, users, short_folder, tmp_path):
    pki, users = Pki(short_folder / "pki"), users("scram-sha-256")
    server = serve(pki.server_settings() | {"auth_tls": "sasl"}, users.environment)
    files = f"&pkipath={pki.client('good', '/CN=good')}"
    virsh_of(server, "tls", users, tmp_path, files).ok("uri")
    virsh_of(server, "tls", users, tmp_path, files, password="guess").fails("uri", says="authentication failed")


def test_everything_works_through_the_security_layer(serve, users, tmp_path):
    users = users("digest-md5")
    server = serve({"listen_tcp": 1, "auth_tcp": "sasl"}, users.environment)
    virsh = virsh_of(server, "tcp", users, tmp_path)
    virsh.ok("pool-define-as", "p", "dir", "--target", tmp_path / "pool")
    virsh.ok("pool-build", "p")
    virsh.ok("pool-start", "p")
    virsh.ok("vol-create-as", "p", "v", "5M")
    data = os.urandom(5 << 20)
    (tmp_path / "data").write_bytes(data)
    virsh.ok("vol-upload", "v", tmp_path / "data", "--pool", "p")
    virsh.ok("vol-download", "v", tmp_path / "back", "--pool", "p")
    assert (tmp_path / "back").read_bytes() == data
    virsh.ok("pool-destroy", "p")
    virsh.ok("pool-undefine", "p")


@pytest.mark.parametrize("transport, mechanisms", [("unix", "scram-sha-256"), ("tcp", "digest-md5")])
def test_python_is_asked_for_name_and_password(serve, users, transport, mechanisms):
    users = users(mechanisms)
    server = serve({"listen_tcp": 1, "auth_tcp": "sasl", "auth_unix_rw": "sasl"}, users.environment)

    def answer(credentials, _):
        for credential in credentials:
            credential[4] = USER if credential[0] == libvirt.VIR_CRED_AUTHNAME else PASSWORD
        return 0

    kinds = [libvirt.VIR_CRED_AUTHNAME, libvirt.VIR_CRED_PASSPHRASE]
    connection = libvirt.openAuth(server.uri(transport), [kinds, answer, None], 0)
    assert connection.listAllStoragePools() == []
    connection.close()


@pytest.mark.parametrize("allowed, is_let_in", [(["joe", "f?e*"], True), (["joe", "fre"], False), ([], False)])
def test_the_list_of_user_names_takes_patterns(serve, users, tmp_path, allowed, is_let_in):
    users = users("scram-sha-256")
    server = serve({"auth_unix_rw": "sasl", "sasl_allowed_username_list": allowed}, users.environment)
    virsh = virsh_of(server, "unix", users, tmp_path)
    if is_let_in:
        virsh.ok("uri")
    else:
        virsh.fails("uri", says="authentication failed: authentication failed")


def words(data: bytes) -> bytes:
    """The protocol's char<>: a word for each byte."""
    return xdr.u32(len(data)) + b"".join(xdr.u32(byte) for byte in data)


def start(mechanism: str, data: bytes | None) -> bytes:
    return xdr.string(mechanism) + xdr.u32(data is None) + words(data or b"")


def key(client, *call) -> tuple[int, int]:
    return client.error(*call).key


def test_the_exchange_is_kept_in_its_order(serve, users):
    users = users("plain scram-sha-256")
    server = serve({"auth_unix_rw": "sasl"}, users.environment)
    denied = (45, 7)
    with WireClient(server.connect("unix"), open_as=None) as client:
        types = client.call(AUTH_LIST)
        assert (types.u32(), types.u32()) == (1, 1)
        assert key(client, OPEN, xdr.optional(xdr.string("qemu:///system")) + xdr.u32(0)) == (39, 7)
        assert key(client, SASL_START, start("PLAIN", b"x")) == denied
    with WireClient(server.connect("unix"), open_as=None) as client:
        assert key(client, SASL_STEP, xdr.u32(1) + words(b"")) == denied
        assert sorted(client.call(SASL_INIT).string().split(",")) == ["PLAIN", "SCRAM-SHA-256"]
        assert key(client, SASL_START, start("GSSAPI", None)) == denied
    with WireClient(server.connect("unix"), open_as=None) as client:
        client.call(SASL_INIT)
        reply = client.call(SASL_START, start("PLAIN", f"\0{USER}\0{PASSWORD}".encode()))
        assert reply.i32() == 1
        assert key(client, SASL_INIT) == denied
        client.call(OPEN, xdr.optional(xdr.string("qemu:///system")) + xdr.u32(0))


def test_plain_tcp_offers_only_what_encrypts(serve, users):
    users = users("plain scram-sha-256 digest-md5 anonymous")
    server = serve({"listen_tcp": 1, "auth_tcp": "sasl"}, users.environment)
    with WireClient(server.connect("tcp"), open_as=None) as client:
        assert client.call(SASL_INIT).string() == "DIGEST-MD5"


def test_without_a_strong_mechanism_nothing_is_offered(request, serve, users):
    users = users("scram-sha-256")
    server = serve({"listen_tcp": 1, "auth_tcp": "sasl"}, users.environment)
    with WireClient(server.connect("tcp"), open_as=None) as client:
        assert key(client, SASL_INIT) == (45, 7)
    if request.config.getoption("against") == "cistern":
        logged(server, "no mechanism is available that is strong enough")


def test_a_minimum_is_raised(serve, users):
    users = users("digest-md5")
    server = serve({"listen_tcp": 1, "auth_tcp": "sasl", "tcp_min_ssf": 129}, users.environment)
    with WireClient(server.connect("tcp"), open_as=None) as client:
        assert key(client, SASL_INIT) == (45, 7)


@pytest.mark.cistern_only("libvirtd lets a client try as often as it likes")
def test_the_third_failure_closes_the_connection(serve, users):
    users = users("plain")
    server = serve({"auth_unix_rw": "sasl"}, users.environment)
    with WireClient(server.connect("unix"), open_as=None) as client:
        for _ in range(3):
            client.call(SASL_INIT)
            assert key(client, SASL_START, start("PLAIN", b"\0fred\0guess")) == (45, 7)
        client.assert_closed()


def test_too_long_a_token_is_not_taken(serve, users):
    users = users("plain")
    server = serve({"auth_unix_rw": "sasl"}, users.environment)
    with WireClient(server.connect("unix"), open_as=None) as client:
        client.call(SASL_INIT)
        assert isinstance(client.error(SASL_START, start("PLAIN", bytes(65537))), RemoteError)
    with WireClient(server.connect("unix"), open_as=None) as client:
        client.call(SASL_INIT)
        assert key(client, SASL_START, start("PLAIN", bytes(65536))) == (45, 7)


@pytest.mark.cistern_only("libvirtd offers it where it is listed: whoever connects is then let in")
def test_anonymous_is_never_offered(serve, users):
    users = users("anonymous plain")
    server = serve({"auth_unix_rw": "sasl"}, users.environment)
    with WireClient(server.connect("unix"), open_as=None) as client:
        assert client.call(SASL_INIT).string() == "PLAIN"


def test_tcp_without_sasl_stays_on_loopback(request, serve):
    if request.config.getoption("against") == "libvirtd":
        pytest.skip("libvirtd serves anybody")
    with pytest.raises(AssertionError, match="only a loopback address can be served"):
        serve({"listen_tcp": 1, "auth_tcp": "none", "listen_addr": "0.0.0.0"})


def test_tcp_with_sasl_is_served_on_every_address(serve, users, tmp_path):
    users = users("digest-md5")
    server = serve({"listen_tcp": 1, "listen_addr": "0.0.0.0"}, users.environment)
    virsh_of(server, "tcp", users, tmp_path).ok("uri")
