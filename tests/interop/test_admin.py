"""What the stock virt-admin tells and changes: clients, limits, log, TLS files, time without clients."""

import os
import pwd
import re
import socket
import ssl
import time

import libvirt
import pytest

from admin import UINT, AdminClient, VirtAdmin, parameter, parameters
from expect import eventually
from pki import Pki
from test_sasl import USER, Users, virsh_of
from wire import xdr
from wire.client import AUTH_LIST, OPEN, WireClient

NO_WORKERS = pytest.mark.cistern_only("libvirtd has a pool of workers")


@pytest.fixture
def admin(server, tmp_path):
    return VirtAdmin(server, tmp_path)


@pytest.fixture
def admin_of(tmp_path):
    return lambda server: VirtAdmin(server, tmp_path)


def newest(admin) -> dict[str, str]:
    """What is told of the client that came last."""
    return admin.fields("client-info", "libvirtd", admin.table("client-list", "libvirtd")[-1][0])


def opens(client: WireClient) -> int:
    """Sends what opens a connection; its serial."""
    return client.send(OPEN, xdr.optional(xdr.string("qemu:///system")) + xdr.u32(0))


def assert_waits(client: WireClient, admin) -> None:
    """The server has answered somebody else since, and not this client."""
    admin.table("client-list", "libvirtd")
    client.stream.setblocking(False)
    with pytest.raises(BlockingIOError):
        client.stream.recv(1)
    client.stream.settimeout(20)


def test_the_servers_are_the_storage_server_and_the_administrators(admin):
    assert sorted(row[1] for row in admin.table("srv-list")) == ["admin", "libvirtd"]
    assert admin.ok("uri").strip() == admin.uri
    assert "Running against daemon: 9.0.0" in admin.ok("version")


class TestClients:
    @pytest.mark.parametrize("transport, readonly", [("unix", "no"), ("ro", "yes")])
    def test_a_local_client_is_told_of_as_its_process(self, server, admin, transport, readonly):
        before = int(time.time())
        with WireClient(server.connect(transport)):
            told = newest(admin)
        assert told["transport"] == "unix" and told["readonly"] == readonly
        assert (told["unix_user_id"], told["unix_group_id"]) == (str(os.getuid()), str(os.getgid()))
        assert told["unix_user_name"] == pwd.getpwuid(os.getuid()).pw_name
        assert told["unix_process_id"] == str(os.getpid())
        assert "sock_addr" not in told and "sasl_user_name" not in told
        with WireClient(server.connect(transport)), AdminClient(server) as raw:
            assert before <= raw.clients("libvirtd")[-1].timestamp <= time.time()

    def test_a_connection_opened_read_only_is_told_as_such(self, server, admin):
        with WireClient(server.connect(), flags=1):
            assert newest(admin)["readonly"] == "yes"

    def test_a_network_client_is_told_of_by_its_address(self, server, admin):
        stream = server.connect("tcp")
        with WireClient(stream):
            told = newest(admin)
            host, port = stream.getsockname()
            assert (told["transport"], told["sock_addr"]) == ("tcp", f"{host}:{port}")
            assert "unix_user_id" not in told

    def test_every_client_has_a_number_that_is_never_used_again(self, server, admin):
        with WireClient(server.connect()):
            first = int(newest(admin)["id"])
        eventually(lambda: admin.table("client-list", "libvirtd") == [])
        with WireClient(server.connect()):
            assert int(newest(admin)["id"]) > first

    def test_the_administrator_sees_himself(self, admin):
        row, = admin.table("client-list", "admin")
        assert row[1] == "unix"

    def test_a_client_that_is_thrown_out_is_gone(self, server, admin):
        with WireClient(server.connect()) as client:
            number = newest(admin)["id"]
            admin.ok("client-disconnect", "libvirtd", number)
            client.assert_closed()
        eventually(lambda: admin.table("client-list", "libvirtd") == [])
        admin.fails("client-disconnect", "libvirtd", number, says="Client not found")
        admin.fails("client-info", "libvirtd", number, says="Client not found")

    def test_a_stock_client_notices_that_it_is_thrown_out(self, server, admin):
        conn = libvirt.open(server.uri())
        admin.ok("client-disconnect", "libvirtd", newest(admin)["id"])
        eventually(lambda: not conn.isAlive())
        with pytest.raises(libvirt.libvirtError):
            conn.listAllStoragePools()
        conn.close()

    def test_a_tls_client_is_told_of_by_its_certificate_and_sasl_name(self, serve, short_folder, admin_of, tmp_path):
        pki, users = Pki(short_folder / "pki"), Users(short_folder / "sasl", "scram-sha-256")
        server = serve(pki.server_settings() | {"auth_tls": "sasl"}, users.environment)
        virsh = virsh_of(server, "tls", users, tmp_path, f"&pkipath={pki.client('good', '/C=GB/O=Red Hat/CN=good')}")
        process = virsh.start()
        process.stdin.write("pool-list\n")
        process.stdin.flush()
        admin = admin_of(server)
        eventually(lambda: any("sasl_user_name" in admin.fields("client-info", "libvirtd", row[0]) for row in admin.table("client-list", "libvirtd")))
        told = newest(admin)
        process.communicate("quit\n", timeout=60)
        assert told["transport"] == "tls" and told["sasl_user_name"].startswith(USER)
        assert "CN=good" in told["tls_x509_dname"] and told["sock_addr"].startswith("127.0.0.1:")


class TestLimits:
    def test_they_are_as_configured(self, serve, admin_of):
        admin = admin_of(serve({"max_clients": 17, "max_anonymous_clients": 3, "admin_max_clients": 4}))
        told = admin.fields("srv-clients-info", "libvirtd")
        assert told == {"nclients_max": "17", "nclients": "0", "nclients_unauth_max": "3", "nclients_unauth": "0"}
        assert admin.fields("srv-clients-info", "admin") == {"nclients_max": "4", "nclients": "1", "nclients_unauth_max": "0", "nclients_unauth": "0"}

    def test_a_client_over_the_limit_waits_until_it_is_raised(self, serve, admin_of):
        server = serve({})
        admin = admin_of(server)
        with WireClient(server.connect()), WireClient(server.connect("ro")):
            admin.ok("srv-clients-set", "libvirtd", "--max-clients", "2", "--max-unauth-clients", "2")
            assert admin.fields("srv-clients-info", "libvirtd")["nclients_max"] == "2"
            with WireClient(server.connect(), open_as=None) as third:
                serial = opens(third)
                assert_waits(third, admin)
                assert admin.fields("srv-clients-info", "libvirtd")["nclients"] == "2"
                admin.ok("srv-clients-set", "libvirtd", "--max-clients", "3")
                assert third.reply_to(serial).status == 0

    def test_who_is_there_stays_when_the_limit_falls_below(self, serve, admin_of):
        server = serve({})
        admin = admin_of(server)
        with WireClient(server.connect()) as one, WireClient(server.connect()) as other:
            admin.ok("srv-clients-set", "libvirtd", "--max-clients", "1", "--max-unauth-clients", "0")
            one.assert_silent()
            other.assert_silent()
            assert admin.fields("srv-clients-info", "libvirtd")["nclients"] == "2"

    def test_strangers_over_their_limit_wait(self, serve, short_folder, admin_of):
        users = Users(short_folder / "sasl", "scram-sha-256")
        server = serve({"auth_unix_rw": "sasl"}, users.environment)
        admin = admin_of(server)
        with WireClient(server.connect(), open_as=None) as first:
            first.call(AUTH_LIST)
            told = admin.fields("srv-clients-info", "libvirtd")
            assert (told["nclients"], told["nclients_unauth"], told["nclients_unauth_max"]) == ("1", "1", "20")
            admin.ok("srv-clients-set", "libvirtd", "--max-unauth-clients", "1")
            with WireClient(server.connect(), open_as=None) as second:
                serial = second.send(AUTH_LIST)
                assert_waits(second, admin)
                admin.ok("srv-clients-set", "libvirtd", "--max-unauth-clients", "2")
                assert second.reply_to(serial).status == 0

    def test_limits_that_contradict_each_other_are_refused(self, admin):
        before = admin.fields("srv-clients-info", "libvirtd")
        admin.fails("srv-clients-set", "libvirtd", "--max-clients", "3", says="invalid argument")
        admin.fails("srv-clients-set", "libvirtd", "--max-unauth-clients", "6000", says="invalid argument")
        admin.fails("srv-clients-set", "libvirtq", "--max-clients", "3", says="Server not found")
        assert admin.fields("srv-clients-info", "libvirtd") == before

    def test_the_largest_number_can_be_set(self, serve):
        with AdminClient(serve({})) as client:
            client.call(13, xdr.string("libvirtd") + xdr.array([parameter("nclients_max", 2 ** 32 - 1)]) + xdr.u32(0))
            assert parameters(client.call(12, xdr.string("libvirtd") + xdr.u32(0)))[0] == ("nclients_max", UINT, 2 ** 32 - 1)

    def test_administrators_have_limits_of_their_own(self, serve):
        server = serve({"admin_max_clients": 1})
        with AdminClient(server) as first:
            assert first.call(3).u64()
            with AdminClient(server) as second:
                serial = second.send(3)
                assert [client.transport for client in first.clients("admin")] == [0]
                first.close()
                assert second.reply_to(serial).status == 0


@NO_WORKERS
class TestThreadpool:
    ARGUMENTS = {"min": "--min-workers", "max": "--max-workers", "prio": "--priority-workers"}

    def test_there_are_no_workers_and_the_running_calls_are_told(self, admin):
        assert admin.fields("srv-threadpool-info", "libvirtd") == {
            "minWorkers": "0", "maxWorkers": "0", "nWorkers": "0", "freeWorkers": "0", "prioWorkers": "0", "jobQueueDepth": "0"}
        # The administrator's own call is one.
        assert admin.fields("srv-threadpool-info", "admin")["maxWorkers"] == "0"

    @pytest.mark.parametrize("which", sorted(ARGUMENTS))
    def test_workers_cannot_be_made(self, admin, which):
        admin.fails("srv-threadpool-set", "libvirtd", self.ARGUMENTS[which], "5", says="invalid argument")
        admin.ok("srv-threadpool-set", "libvirtd", self.ARGUMENTS[which], "0")


class TestLog:
    @pytest.fixture
    def quiet(self, serve, admin_of, tmp_path):
        """A server that logs errors alone, to a file."""
        server = serve({"log_level": 4, "log_outputs": f"1:file:{tmp_path / 'first'}"})
        return server, admin_of(server)

    def test_it_begins_as_configured(self, serve, admin_of, tmp_path):
        admin = admin_of(serve({"log_filters": "1:rpc 4:storage", "log_outputs": f"3:stderr 1:file:{tmp_path / 'log'}"}))
        assert re.fullmatch(r" Logging filters: 1:\*rpc\* 4:\*storage\* ?", admin.ok("daemon-log-filters").strip("\n"))
        assert admin.ok("daemon-log-outputs").strip("\n") == f" Logging outputs: 3:stderr 1:file:{tmp_path / 'log'}"
        assert "rpc" in (tmp_path / "log").read_text().lower()

    def test_a_filter_lets_through_at_once_what_was_not_and_the_other_way_round(self, quiet, tmp_path):
        server, admin = quiet
        WireClient(server.connect()).close()
        assert "debug" not in (tmp_path / "first").read_text()
        admin.ok("daemon-log-filters", "1:rpc")
        WireClient(server.connect()).close()
        eventually(lambda: "debug" in (tmp_path / "first").read_text())
        admin.ok("daemon-log-filters", "")
        assert admin.ok("daemon-log-filters").strip() == "Logging filters:"
        eventually(lambda: admin.table("client-list", "libvirtd") == [])
        said = (tmp_path / "first").read_text().count("debug")
        WireClient(server.connect()).close()
        eventually(lambda: admin.table("client-list", "libvirtd") == [])
        assert (tmp_path / "first").read_text().count("debug") == said

    def test_an_output_takes_over_at_once(self, quiet, tmp_path):
        server, admin = quiet
        admin.ok("daemon-log-filters", "1:rpc")
        admin.ok("daemon-log-outputs", f"1:file:{tmp_path / 'second'}")
        size = (tmp_path / "first").stat().st_size
        WireClient(server.connect()).close()
        eventually(lambda: "debug" in (tmp_path / "second").read_text())
        assert (tmp_path / "first").stat().st_size == size
        assert (tmp_path / "second").stat().st_mode & 0o777 == 0o600

    def test_every_kind_of_output_can_be_set_and_none_is_the_first(self, serve, admin_of):
        admin = admin_of(serve({}))
        first = admin.ok("daemon-log-outputs")
        admin.ok("daemon-log-outputs", "4:journald 4:syslog:cisternd 2:stderr 3:stderr")
        assert admin.ok("daemon-log-outputs").strip("\n") == " Logging outputs: 4:journald 4:syslog:cisternd 3:stderr"
        admin.ok("daemon-log-outputs", "")
        assert admin.ok("daemon-log-outputs") == first

    @pytest.mark.parametrize("command, text", [
        ("daemon-log-filters", "rpc"), ("daemon-log-filters", "9:rpc"), ("daemon-log-filters", "1:rpc 1:+"),
        ("daemon-log-outputs", "1"), ("daemon-log-outputs", "0:stderr"), ("daemon-log-outputs", "1:printer"), ("daemon-log-outputs", "1:stderr:x"),
        ("daemon-log-outputs", "1:file"), ("daemon-log-outputs", "1:stderr 1:file:/no/such/folder/log"),
    ])
    def test_what_cannot_be_set_is_refused_and_changes_nothing(self, quiet, command, text):
        _, admin = quiet
        before = admin.ok(command)
        admin.fails(command, text, says="/no/such/folder/log" if "/no" in text else "invalid argument")
        assert admin.ok(command) == before

    def test_a_file_that_cannot_be_opened_is_a_system_error_with_its_number(self, quiet):
        with AdminClient(quiet[0]) as client:
            error = client.error(16, xdr.optional(xdr.string("1:file:/no/such/folder/log")) + xdr.u32(0))
            assert error.key == (38, 0) and error.int1 == 2


class TestTlsFiles:
    @pytest.mark.cistern_only("libvirtd reads its default files then, whatever files it was configured with")
    def test_new_files_are_taken_at_once_and_bad_ones_named(self, serve, short_folder, admin_of):
        pki = Pki(short_folder / "pki")
        settings = pki.server_settings()
        server = serve(settings)
        admin = admin_of(server)
        before = self.shown(server, pki)
        pki.issue("server", "/O=Other/CN=localhost", "server")
        admin.ok("server-update-tls", "libvirtd")
        after = self.shown(server, pki)
        assert before != after
        good = open(settings["cert_file"]).read()
        with open(settings["cert_file"], "w") as bad:
            bad.write("no certificate")
        admin.fails("srv-update-tls", "libvirtd", says=settings["cert_file"])
        assert self.shown(server, pki) == after
        with open(settings["cert_file"], "w") as mended:
            mended.write(good)
        admin.ok("srv-update-tls", "libvirtd")

    def test_without_tls_there_is_nothing_to_update(self, admin):
        admin.fails("srv-update-tls", "libvirtd", says="internal error")
        admin.fails("srv-update-tls", "admin", says="internal error")

    @staticmethod
    def shown(server, pki) -> bytes:
        """The certificate that the server shows."""
        context = ssl.create_default_context(cafile=pki.authority)
        with context.wrap_socket(server.connect("tls"), server_hostname="localhost") as client:
            return client.getpeercert(binary_form=True)


class TestTimeout:
    def test_the_daemon_ends_by_itself_when_the_last_client_has_gone(self, own_server, admin_of):
        with WireClient(own_server.connect()) as client:
            admin_of(own_server).ok("daemon-timeout", "--timeout", "1")
            client.assert_silent()
        assert own_server.process.wait(60) == 0
        own_server.start()

    def test_it_can_be_taken_back(self, own_server, admin_of):
        admin = admin_of(own_server)
        with WireClient(own_server.connect()):
            admin.ok("daemon-timeout", "--timeout", "1")
            admin.ok("daemon-timeout", "--timeout", "0")
        with AdminClient(own_server) as raw:
            assert raw.call(3).u64()


@pytest.mark.cistern_only("libvirtd takes them as they are")
def test_keys_without_effect_are_named_in_the_log(serve):
    server = serve({"max_workers": 30, "audit_level": 2})
    eventually(lambda: all(f"'{key}' has no effect" in server.log_tail() for key in ("max_workers", "audit_level")))


def test_the_configured_uuid_is_the_hosts(serve):
    uuid = "0f9b3a5e-4a0c-4f27-9f0b-5d2f0e6c7a11"
    conn = libvirt.open(serve({"host_uuid": uuid}).uri())
    assert f"<uuid>{uuid}</uuid>" in conn.getCapabilities()
    conn.close()


def test_the_queue_of_clients_is_as_configured(serve):
    """As many wait in the socket as it takes, beside one or so that the server holds already; the next is refused."""
    server = serve({"max_clients": 0, "max_anonymous_clients": 0, "max_queued_clients": 3})
    waiting = []
    with pytest.raises(BlockingIOError):
        for _ in range(12):
            stream = socket.socket(socket.AF_UNIX)
            stream.setblocking(False)
            waiting.append(stream)
            stream.connect(server.unix_path)
    assert 3 < len(waiting) <= 7
    for stream in waiting:
        stream.close()
