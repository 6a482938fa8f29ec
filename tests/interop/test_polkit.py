"""Unix sockets that ask polkit about their clients: a real polkitd on a private bus, root, and the user nobody."""

import os
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path

import pytest

from authority import Authority
from servers import KINDS
from users import Nobody, NobodysVirsh, only_root
from virsh import Virsh
from wire import xdr
from wire.client import AUTH_LIST, OPEN, WireClient

AUTH_POLKIT, FEATURE, NUM_OF_POOLS = 70, 60, 71
NONE, POLKIT = 0, 2
OPENING = xdr.optional(xdr.string("qemu:///system")) + xdr.u32(0)

pytestmark = [only_root, pytest.mark.skipif(not Authority.usable(), reason="polkitd or dbus-daemon is not installed")]


@contextmanager
def private(kind: str, **settings):
    """A server that asks an authority of its own."""
    folder = Path(tempfile.mkdtemp(prefix="interop-"))
    folder.chmod(0o755)
    authority = Authority(folder / "authority")
    server = KINDS[kind](folder, {"listen_tcp": 1, "auth_tcp": "none"} | settings, authority.environment)
    try:
        authority.start()
        server.start()
        yield server, authority
        assert server.is_alive(), server.log_tail()
        assert server.stop() == 0, server.log_tail()
    finally:
        if server.is_alive():
            server.process.kill()
            server.process.wait()
        authority.stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def asked(request):
    with private(request.config.getoption("against"), auth_unix_rw="polkit", auth_unix_ro="polkit") as both:
        yield both


@pytest.fixture
def nobody(asked):
    """Raw connections of nobody's: nobody(), nobody("ro")."""
    server, _ = asked
    with Nobody() as user:
        yield lambda which="unix": WireClient(user.connect(server.read_only_path if which == "ro" else server.unix_path), open_as=None)


def test_root_is_asked_for_nothing(asked):
    server, authority = asked
    authority.rule("return polkit.Result.NO;")
    client = WireClient(server.connect(), open_as=None)
    reader = client.call(AUTH_LIST)
    assert (reader.u32(), reader.i32()) == (1, NONE)
    assert client.call(OPEN, OPENING).done()
    client.close()


def test_a_root_that_does_not_ask_how_to_authenticate_has_not(asked):
    server, _ = asked
    client = WireClient(server.connect(), open_as=None)
    assert client.error(OPEN, OPENING).key == (39, 7)
    client.close()


def test_before_polkit_has_consented_nothing_else_is_answered(asked, nobody):
    _, authority = asked
    authority.rule("return polkit.Result.YES;")
    client = nobody()
    for procedure in (OPEN, FEATURE, NUM_OF_POOLS, 2):
        assert client.error(procedure, OPENING).key == (39, 7)
    assert client.error(67).key == (45, 7)
    reader = client.call(AUTH_LIST)
    assert (reader.u32(), reader.i32()) == (1, POLKIT)
    assert client.call(AUTH_POLKIT).i32() == 1
    assert client.call(OPEN, OPENING).done()
    assert client.call(NUM_OF_POOLS).i32() == 0


@pytest.mark.parametrize("result, key", [("NO", (45, 60)), ("AUTH_ADMIN", (94, 60)), ("AUTH_SELF_KEEP", (94, 60))])
def test_what_polkit_says_instead_of_yes(asked, nobody, result, key):
    """Denied; or nobody is there whom it could ask for a password. The connection stays, and may try again."""
    _, authority = asked
    authority.rule(f"return polkit.Result.{result};")
    client = nobody()
    assert client.error(AUTH_POLKIT).key == key
    assert client.error(OPEN, OPENING).key == (39, 7)
    authority.rule("return polkit.Result.YES;")
    assert client.call(AUTH_POLKIT).i32() == 1


def test_each_socket_has_its_own_action(asked, nobody):
    _, authority = asked
    authority.rule("return action.id == 'org.libvirt.unix.monitor' ? polkit.Result.YES : polkit.Result.NO;")
    assert nobody().error(AUTH_POLKIT).key == (45, 60)
    reader = nobody("ro")
    assert reader.call(AUTH_POLKIT).i32() == 1
    reader.call(OPEN, OPENING)
    assert reader.error(83, xdr.pool("none", bytes(16)) + xdr.u32(0)).key == (29, 18)


def test_the_rules_see_the_user(asked, nobody):
    _, authority = asked
    authority.rule("return subject.user == 'nobody' ? polkit.Result.YES : polkit.Result.NO;")
    assert nobody().call(AUTH_POLKIT).i32() == 1


@pytest.mark.cistern_only("libvirtd 9.0 looks for the process only now, and answers that it is not there")
def test_a_process_that_has_ended_is_not_trusted(asked):
    """Its number may be another's by now."""
    server, authority = asked
    authority.rule("return polkit.Result.YES;")
    with Nobody() as user:
        client = WireClient(user.connect(server.unix_path), open_as=None)
        client.call(AUTH_LIST)
        user.leave()
        assert client.error(AUTH_POLKIT).key == (89, 47)


@pytest.mark.parametrize("consents", [True, False])
def test_virsh_of_another_user(asked, tmp_path_factory, consents):
    server, authority = asked
    home = tmp_path_factory.mktemp("home")
    for folder in (home, home.parent, home.parent.parent):
        os.chmod(folder, 0o777 if folder == home else 0o755)
    virsh = NobodysVirsh(server.uri(), home)
    authority.rule(f"return polkit.Result.{'YES' if consents else 'NO'};")
    if consents:
        assert "Name" in virsh.ok("pool-list", "--all")
    else:
        virsh.fails("pool-list", "--all", says="authentication failed")


def test_a_polkit_that_does_not_run_is_an_error_of_the_bus(asked, nobody):
    server, authority = asked
    authority.stop_polkitd()
    client = nobody()
    assert client.error(AUTH_POLKIT).key == (89, 47)
    assert WireClient(server.connect(), open_as=None).call(AUTH_LIST).i32() == 1, "root"
    authority.start_polkitd()
    authority.rule("return polkit.Result.YES;")
    assert client.call(AUTH_POLKIT).i32() == 1


@pytest.mark.cistern_only("libvirtd 9.0 ends with the system bus")
def test_a_bus_that_was_restarted_is_found_again(asked, nobody):
    _, authority = asked
    authority.rule("return polkit.Result.YES;")
    assert nobody().call(AUTH_POLKIT).i32() == 1
    authority.stop()
    client = nobody()
    assert client.error(AUTH_POLKIT).key == (89, 47)
    authority.start()
    assert client.call(AUTH_POLKIT).i32() == 1


def test_the_sockets_are_open_to_everybody_where_polkit_decides(asked):
    server, _ = asked
    assert [os.stat(path).st_mode & 0o777 for path in (server.unix_path, server.read_only_path)] == [0o777, 0o777]


def test_the_sockets_get_the_group_and_the_permissions_of_the_configuration(request):
    settings = {"unix_sock_group": "daemon", "unix_sock_rw_perms": "0770", "unix_sock_ro_perms": "0722", "auth_unix_rw": "none", "auth_unix_ro": "none"}
    with private(request.config.getoption("against"), **settings) as (server, _):
        shown = [os.stat(path) for path in (server.unix_path, server.read_only_path)]
        assert [(state.st_mode & 0o777, state.st_gid) for state in shown] == [(0o770, 1), (0o722, 1)]
        assert Virsh(server.uri(), server.root).ok("pool-list")
