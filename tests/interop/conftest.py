"""Fixtures: the server under test, stock clients of it, and pools for one test."""

import contextlib
import functools
import os
import queue
import shutil
import sys
import tempfile
import threading
from pathlib import Path

import libvirt
import pytest

sys.path.insert(0, str(Path(__file__).parent))

import newer  # noqa: E402
from pools import Pool  # noqa: E402
from servers import KINDS, UNWATCHED, Libvirtd  # noqa: E402
from virsh import Virsh  # noqa: E402
from wire.client import WireClient  # noqa: E402


def pytest_addoption(parser):
    parser.addoption("--against", choices=sorted(KINDS), default="cistern", help="the server that is tested")


def pytest_collection_modifyitems(config, items):
    against = config.getoption("against")
    if against == "libvirtd" and not Libvirtd.usable():
        raise pytest.UsageError("--against=libvirtd needs Debian's libvirt-daemon, and root to mount its folders privately")
    other = {"cistern": "libvirtd_only", "libvirtd": "cistern_only"}[against]
    for item in items:
        if mark := item.get_closest_marker(other):
            item.add_marker(pytest.mark.skip(reason=mark.args[0]))


@pytest.fixture(scope="session", autouse=True)
def event_loop():
    """libvirt's default event loop on a thread; its errors are raised, so they need not be printed as well."""
    libvirt.registerErrorHandler(lambda *_: None, None)
    libvirt.virEventRegisterDefaultImpl()
    stopping = threading.Event()

    def tick(*_):
        if stopping.is_set():
            libvirt.virEventRemoveTimeout(timer)

    timer = libvirt.virEventAddTimeout(200, tick, None)
    loop = threading.Thread(target=lambda: [libvirt.virEventRunDefaultImpl() for _ in iter(stopping.is_set, True)], daemon=True)
    loop.start()
    yield
    stopping.set()
    loop.join(5)


@pytest.fixture
def short_folder():
    """A temporary folder with a short name: a unix socket's path has at most 107 bytes."""
    folder = Path(tempfile.mkdtemp(prefix="interop-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


RUNNING = []


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport():
    """A failure shows what the servers said."""
    report = (yield).get_result()
    if report.failed:
        report.sections += [(f"log of {server.name}", server.log_tail()) for server in RUNNING]


def _run_server(kind: str, settings: dict | None = None, environment: dict | None = None):
    folder = Path(tempfile.mkdtemp(prefix="interop-"))
    folder.chmod(0o755)
    server = KINDS[kind](folder, settings, environment)
    RUNNING.append(server)
    try:
        server.start()
        yield server
        assert server.is_alive(), f"the server died:\n{server.log_tail()}"
        assert server.stop() == 0, f"the server did not end cleanly:\n{server.log_tail()}"
    finally:
        if server.is_alive():
            server.process.kill()
            server.process.wait()
        RUNNING.remove(server)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def server(request):
    """The server of this module; it must outlive the module's tests and then end cleanly."""
    yield from _run_server(request.config.getoption("against"))


@pytest.fixture(scope="module")
def libvirtd():
    """A libvirtd next to the server."""
    yield from _run_server("libvirtd")


@pytest.fixture
def own_server(request):
    """A server for one test, which may stop and restart it."""
    yield from _run_server(request.config.getoption("against"))


@pytest.fixture
def serve(request):
    """Starts servers as a test configures them: serve(settings in libvirtd.conf's keys, environment=None)."""
    with contextlib.ExitStack() as running:
        start = contextlib.contextmanager(_run_server)
        yield lambda settings, environment=None: running.enter_context(start(request.config.getoption("against"), settings, environment))


@pytest.fixture(params=["unix", "tcp"])
def transport(request):
    return request.param


@functools.cache
def newer_virsh() -> list | str:
    """Its command line, or why there is none; found out once."""
    try:
        return newer.program()
    except newer.Unavailable as reason:
        return str(reason)


@pytest.fixture(params=["virsh 9.0", "newer virsh"])
def program(request):
    """virsh's command line, for tests that are run with Debian 12's and with Debian 13's."""
    if request.param == "virsh 9.0":
        return ["virsh"]
    found = newer_virsh()
    return pytest.skip(found) if isinstance(found, str) else found


@pytest.fixture
def virsh(server, transport, tmp_path):
    return Virsh(server.uri(transport), tmp_path)


@pytest.fixture
def read_only_virsh(server, transport, tmp_path):
    return Virsh(server.uri(transport), tmp_path, "-r")


@pytest.fixture
def conn(server):
    connection = libvirt.open(server.uri())
    yield connection
    connection.close()


@pytest.fixture
def wire(server):
    """Opens raw connections: wire(), wire("tcp"), wire(open_as=None) before CONNECT_OPEN."""
    clients = []

    def connect(transport="unix", **keywords) -> WireClient:
        clients.append(WireClient(server.connect(transport), **keywords))
        return clients[-1]

    yield connect
    for client in clients:
        client.close()


@pytest.fixture
def pool(conn, tmp_path):
    """A started persistent dir pool of its own, gone after the test."""
    with Pool(conn, f"p-{os.urandom(4).hex()}", tmp_path / "pool") as made:
        yield made


@pytest.fixture
def unwatched(conn, tmp_path):
    """As `pool`, and what others do in it is not seen before the next refresh on either server."""
    with Pool(conn, UNWATCHED, tmp_path / "unwatched") as made:
        yield made


@pytest.fixture
def events(conn):
    """Records events: events(pool or None) returns a queue of ('lifecycle', name, event, detail) and ('refresh', name)."""
    registered = []

    def record(pool=None) -> queue.Queue:
        seen = queue.Queue()
        registered.append(conn.storagePoolEventRegisterAny(
            pool, libvirt.VIR_STORAGE_POOL_EVENT_ID_LIFECYCLE,
            lambda _, of, event, detail, to: to.put(("lifecycle", of.name(), event, detail)), seen))
        registered.append(conn.storagePoolEventRegisterAny(
            pool, libvirt.VIR_STORAGE_POOL_EVENT_ID_REFRESH,
            lambda _, of, to: to.put(("refresh", of.name())), seen))
        return seen

    yield record
    for number in registered:
        conn.storagePoolEventDeregisterAny(number)
