"""TLS: who gets in with which certificate, through stock virsh."""

import socket
import ssl
import subprocess
import time

import pytest

from pki import Pki
from virsh import Virsh


@pytest.fixture
def pki(short_folder):
    return Pki(short_folder / "pki")


@pytest.fixture
def connect(tmp_path):
    """A virsh of a server over TLS, with the client files of a folder."""
    def virsh(server, files, host="127.0.0.1", options=""):
        return Virsh(f"qemu+tls://{host}:{server.tls_port}/system?pkipath={files}{options}", tmp_path)
    return virsh


def logged(server, *texts) -> None:
    """The server's log must say each of them, soon."""
    deadline = time.monotonic() + 10
    while not all(text in server.log_tail() for text in texts):
        assert time.monotonic() < deadline, f"{texts} not in:\n{server.log_tail()}"
        time.sleep(0.05)


def is_welcome(server, pki, files=None) -> bool:
    """Whether the server says its one byte to a client that, other than libvirt's, does not look at its own certificate first."""
    context = ssl.create_default_context(cafile=pki.authority)
    if files:
        context.load_cert_chain(files / "clientcert.pem", files / "clientkey.pem")
    try:
        with context.wrap_socket(server.connect("tls"), server_hostname="localhost") as client:
            return client.recv(100) == b"\x01"
    except (ssl.SSLError, ConnectionError):
        return False


def test_a_client_with_a_certificate_of_the_ca_works(serve, pki, connect):
    server = serve(pki.server_settings())
    files = pki.client("good", "/C=GB/O=Red Hat/CN=client")
    for host in ("127.0.0.1", "localhost"):
        assert connect(server, files, host).ok("uri").startswith("qemu+tls://")
    virsh = connect(server, files)
    virsh.ok("pool-define-as", "p", "dir", "--target", server.root / "pool")
    virsh.ok("pool-build", "p")
    virsh.ok("pool-start", "p")
    virsh.ok("vol-create-as", "p", "v", "5M")
    data = bytes(range(256)) * 20000
    (server.root / "data").write_bytes(data)
    virsh.ok("vol-upload", "v", server.root / "data", "--pool", "p")
    virsh.ok("vol-download", "v", server.root / "back", "--pool", "p")
    assert (server.root / "back").read_bytes()[:len(data)] == data
    virsh.ok("pool-destroy", "p")
    virsh.ok("pool-undefine", "p")


def test_many_connections_at_a_time(serve, pki, connect):
    server = serve(pki.server_settings())
    virsh = connect(server, pki.client("good", "/CN=client"))
    running = [virsh.start("uri") for _ in range(8)]
    assert [process.communicate(timeout=60)[0].strip() for process in running] == [virsh.uri] * 8


def test_the_one_byte_comes_before_anything_else(serve, pki):
    server = serve(pki.server_settings())
    files = pki.client("good", "/CN=client")
    context = ssl.create_default_context(cafile=pki.authority)
    context.load_cert_chain(files / "clientcert.pem", files / "clientkey.pem")
    with context.wrap_socket(server.connect("tls"), server_hostname="localhost") as client:
        client.settimeout(20)
        assert client.recv(100) == b"\x01"
        client.settimeout(0.3)
        with pytest.raises(TimeoutError):
            client.recv(1)


@pytest.mark.parametrize("kind, dates, says", [
    ("client", ("-startdate", "20200101000000Z", "-enddate", "20200201000000Z"), "expired"),
    ("client", ("-startdate", "20900101000000Z", "-enddate", "20900201000000Z"), "not valid yet"),
    ("authority", (), "a CA's"),
    ("critical", (), "another purpose"),
])
def test_a_certificate_that_is_not_good_is_refused(request, serve, pki, kind, dates, says):
    server = serve(pki.server_settings())
    assert is_welcome(server, pki, pki.client("good", "/CN=good"))
    assert not is_welcome(server, pki, pki.client("bad", "/CN=bad", kind, *dates))
    if request.config.getoption("against") == "cistern":
        logged(server, "Refused 127.0.0.1:", "CN=bad", says)


def test_a_purpose_that_is_not_critical_is_advice(serve, pki, connect):
    server = serve(pki.server_settings())
    done = connect(server, pki.client("other", "/CN=other", "server"))("uri")
    assert done.code == 0, done


def test_another_cas_client_is_refused_and_one_without_certificate_too(request, serve, pki, short_folder, connect):
    server = serve(pki.server_settings())
    stranger = Pki(short_folder / "other", "Other CA").client("stranger", "/CN=stranger", trusting=pki.authority)
    connect(server, stranger).fails("uri")
    assert not is_welcome(server, pki)
    if request.config.getoption("against") == "cistern":
        logged(server, "CN=stranger", "no CA that is trusted has signed it", "it has shown no certificate")


def test_revoked_certificates_are_refused_and_the_list_is_taken_up_while_running(serve, pki, connect):
    revoked, good = pki.client("revoked", "/CN=revoked"), pki.client("good", "/CN=good")
    server = serve(pki.server_settings() | {"crl_file": str(pki.revoke(pki.folder / "revokedcert.pem"))})
    connect(server, revoked).fails("uri")
    connect(server, good).ok("uri")


@pytest.mark.cistern_only("libvirtd reads a revocation list once")
def test_a_changed_revocation_list_holds_for_the_next_client(serve, pki, connect):
    good = pki.client("good", "/CN=good")
    server = serve(pki.server_settings() | {"crl_file": str(pki.revoke())})
    connect(server, good).ok("uri")
    pki.revoke(pki.folder / "goodcert.pem")
    connect(server, good).fails("uri")
    logged(server, "it has been revoked")


def test_nobody_is_verified_when_so_configured(serve, pki, short_folder, connect):
    server = serve(pki.server_settings() | {"tls_no_verify_certificate": 1, "tls_allowed_dn_list": ["CN=nobody"]})
    stranger = Pki(short_folder / "other", "Other CA").client("stranger", "/CN=stranger", trusting=pki.authority)
    connect(server, stranger).ok("uri")


NAMES = [r"/C=GB/O=Red Hat, Inc/OU=a\+b/CN=client", "/CN= edge /O=semi;colon", "/O=x/CN=#1"]


@pytest.mark.parametrize("subject", NAMES)
def test_names_are_spelled_as_virt_pki_query_dn_spells_them(serve, pki, connect, subject):
    files = pki.client("named", subject)
    spelled = subprocess.run(["virt-pki-query-dn", files / "clientcert.pem"], capture_output=True, text=True, check=True).stdout.rstrip("\n")
    server = serve(pki.server_settings() | {"tls_allowed_dn_list": [spelled]})
    connect(server, files).ok("uri")
    connect(server, pki.client("other", "/CN=other")).fails("uri")


@pytest.mark.parametrize("patterns, is_let_in", [
    (["C=GB,O=Red Hat,CN=*"], True),
    (["CN=none", "*,CN=clien?"], True),
    (["C=GB,O=Red Hat"], False),
    ([], False),
])
def test_the_list_of_names_takes_patterns(serve, pki, connect, patterns, is_let_in):
    server = serve(pki.server_settings() | {"tls_allowed_dn_list": patterns})
    virsh = connect(server, pki.client("good", "/C=GB/O=Red Hat/CN=client"))
    if is_let_in:
        virsh.ok("uri")
    else:
        virsh.fails("uri")


@pytest.mark.cistern_only("libvirtd reads its certificate when it starts, or when virt-admin tells it to")
def test_a_renewed_certificate_is_shown_to_the_next_client_and_a_broken_file_changes_nothing(serve, pki, connect):
    server = serve(pki.server_settings())
    files = pki.client("good", "/CN=client")
    virsh = connect(server, files)
    shell = virsh.start()
    shown = ssl.get_server_certificate(("127.0.0.1", server.tls_port))
    certificate, _ = pki.issue("server", "/O=Cistern/CN=renewed", "server")
    assert ssl.get_server_certificate(("127.0.0.1", server.tls_port)).strip() == certificate.read_text().strip() != shown.strip()
    logged(server, "valid until")
    virsh.ok("uri")

    renewed = certificate.read_text()
    for bad, says in (("nothing", "cannot be used"), (pki.issue("other", "/CN=other", "server")[0].read_text(), "key does not match")):
        certificate.write_text(bad)
        virsh.ok("uri")
        logged(server, "those before are kept", says)
    certificate.write_text(renewed)
    virsh.ok("uri")
    assert "qemu+tls" in shell.communicate("uri\n", timeout=60)[0]


@pytest.mark.cistern_only("libvirtd accepts nobody while too many have not authenticated, and has no time limit")
def test_silent_clients_keep_only_each_other_out_and_do_not_keep_the_server_from_stopping(serve, pki, connect, tmp_path):
    server = serve(pki.server_settings() | {"max_anonymous_clients": 3})
    silent = [server.connect("tls") for _ in range(5)]
    logged(server, "accepting waits")
    Virsh(server.uri("unix"), tmp_path).ok("uri")
    for client in silent[:4]:
        client.sendall(b"GET / HTTP/1.1\r\n\r\n")
        client.close()
    logged(server, "The TLS handshake with 127.0.0.1:")
    connect(server, pki.client("good", "/CN=client")).ok("uri")


@pytest.mark.cistern_only("the texts are Cistern's")
@pytest.mark.parametrize("key, says", [("ca_file", "ca"), ("cert_file", "cert"), ("key_file", "key")])
def test_a_missing_file_is_named_at_the_start(serve, pki, key, says):
    missing = str(pki.folder / "missing.pem")
    with pytest.raises(AssertionError, match="cannot start: .*missing.pem"):
        serve(pki.server_settings() | {key: missing})


@pytest.mark.cistern_only("the texts are Cistern's")
def test_an_expired_certificate_of_the_server_is_named_at_the_start(serve, pki):
    settings = pki.server_settings()
    pki.issue("server", "/CN=localhost", "server", "-startdate", "20200101000000Z", "-enddate", "20200201000000Z")
    with pytest.raises(AssertionError, match="servercert.pem cannot be used: it has expired"):
        serve(settings)
    serve(settings | {"tls_no_sanity_certificate": 1})


def test_ipv6(serve, pki, connect):
    if not socket.has_ipv6:
        pytest.skip("no IPv6 here")
    server = serve(pki.server_settings() | {"listen_addr": "localhost"})
    connect(server, pki.client("good", "/CN=client"), "localhost").ok("uri")
