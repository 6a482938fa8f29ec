"""virsh that stays, Debian 12's and 13's: waiting for events, the interactive shell over a server's restart, keepalive."""

import itertools
import queue
import signal

import pytest

from virsh import Lines, Terminal, Virsh


@pytest.fixture
def virsh(server, transport, tmp_path, program):
    return Virsh(server.uri(transport), tmp_path, program=program)

PROBE, WATCHED, END = (f"2d2e4ae0-0000-4000-8000-{n:012}" for n in range(3))


@pytest.fixture
def started():
    """Remembers background processes; they end with the test."""
    processes = []
    yield processes
    for process in processes:
        process.kill()
        process.wait()


def wait_until_listening(virsh, lines, wanted: str, *, trigger) -> None:
    """virsh does not say when it has registered: cause an event until the first one arrives."""
    for _ in range(100):
        trigger()
        try:
            line = lines.next(timeout=0.3)
        except queue.Empty:
            continue
        assert wanted in line, line
        return
    raise AssertionError("virsh never saw an event")


def test_pool_event_loop_prints_the_lifecycle_of_every_pool(virsh, tmp_path, started):
    started.append(virsh.start("pool-event", "--event", "lifecycle", "--loop"))
    lines = Lines(started[-1])
    names = (f"probe{n}" for n in itertools.count())

    def trigger():
        name = next(names)
        virsh.ok("pool-define-as", name, "dir", "--target", tmp_path / name)
        virsh.ok("pool-undefine", name)

    wait_until_listening(virsh, lines, "event 'lifecycle' for storage pool probe", trigger=trigger)
    virsh.ok("pool-define-as", "watched", "dir", "--target", tmp_path / "watched")
    for command in ("build", "start", "destroy", "delete", "undefine"):
        virsh.ok(f"pool-{command}", "watched")
    virsh.ok("pool-define-as", "end", "dir", "--target", tmp_path / "end")
    virsh.ok("pool-undefine", "end")
    seen = [line for line in lines.until("storage pool end") if "watched" in line]
    assert seen == [f"event 'lifecycle' for storage pool watched: {what}"
                    for what in ("Defined", "Created", "Started", "Stopped", "Deleted", "Undefined")]


def test_pool_event_of_one_pool_returns_after_one_event(virsh, pool, tmp_path, started):
    other = tmp_path / "other"
    virsh.ok("pool-create-as", "other", "dir", "--target", other, "--build")
    started.append(virsh.start("pool-event", "--pool", pool.name, "--event", "refresh", "--timestamp"))
    lines = Lines(started[-1])

    def trigger():
        virsh.ok("pool-refresh", "other")
        virsh.ok("pool-refresh", pool.name)

    wait_until_listening(virsh, lines, f"event 'refresh' for storage pool {pool.name}", trigger=trigger)
    assert lines.next() == "events received: 1"
    assert started[-1].wait(20) == 0
    virsh.ok("pool-destroy", "other")


def test_the_shell_runs_many_commands_on_one_connection(virsh, pool, started):
    started.append(virsh.start())
    lines = Lines(started[-1])
    started[-1].stdin.write(f"vol-create-as {pool.name} v 1M\nvol-list {pool.name}\nvol-delete v {pool.name}\necho done-now\nquit\n")
    said = lines.until("Vol v deleted")
    assert any("Vol v created" in line for line in said)
    assert any(str(pool.file("v")) in line for line in said)
    lines.until("done-now")
    assert started[-1].wait(20) == 0


@pytest.mark.parametrize("event, told", [("lifecycle", ["Defined", "Undefined"]), ("value-changed", [""])])
def test_secret_event_loop_prints_what_happens_to_every_secret(virsh, tmp_path, started, event, told):
    document = tmp_path / "secret.xml"
    started.append(virsh.start("secret-event", "--event", event, "--loop"))
    lines = Lines(started[-1])

    def live(identity: str) -> None:
        document.write_text(f"<secret><uuid>{identity}</uuid></secret>")
        virsh.ok("secret-define", document)
        virsh.ok("secret-set-value", identity, "--file", document, "--plain")
        virsh.ok("secret-undefine", identity)

    wait_until_listening(virsh, lines, f"event '{event}' for secret {PROBE}", trigger=lambda: live(PROBE))
    live(WATCHED)
    live(END)
    seen = [line for line in lines.until(f"secret {END}") if WATCHED in line]
    assert seen == [f"event '{event}' for secret {WATCHED}{what and ': '}{what}" for what in told]


def test_the_shell_on_a_terminal_completes_names_from_the_server(virsh, pool):
    pool.create("only-volume")
    with Terminal(virsh) as terminal:
        terminal.until("virsh # ")
        terminal.type(f"vol-path --pool {pool.name} only-\t\n")
        terminal.until(str(pool.file("only-volume")))
        terminal.until("virsh # ")
        terminal.type(f"pool-info {pool.name[:6]}\t\n")
        terminal.until(pool.uuid)
        terminal.type("quit\n")
        assert terminal.process.wait(20) == 0


def test_the_shell_reconnects_after_a_restart(own_server, transport, program, tmp_path, started):
    virsh = Virsh(own_server.uri(transport), tmp_path, program=program)
    virsh.ok("pool-define-as", "kept", "dir", "--target", tmp_path / "kept")
    started.append(virsh.start())
    lines = Lines(started[-1])
    started[-1].stdin.write("pool-list --all\n")
    lines.until("kept")
    own_server.restart()
    lines.until("error: Disconnected from")
    started[-1].stdin.write("pool-dumpxml kept\n")
    lines.until("<name>kept</name>")
    started[-1].stdin.write("quit\n")
    assert started[-1].wait(20) == 0


def test_a_waiting_virsh_stays_connected_by_keepalive(server, transport, program, tmp_path):
    virsh = Virsh(server.uri(transport), tmp_path, "-k", "1", "-K", "1", program=program)
    result = virsh("pool-event", "--event", "lifecycle", "--timeout", "4")
    assert (result.out, result.err) == ("event loop timed out\nevents received: 0\n\n", "")


def test_keepalive_notices_a_server_that_stands_still(own_server, transport, program, tmp_path, started):
    virsh = Virsh(own_server.uri(transport), tmp_path, "-k", "1", "-K", "1", program=program)
    started.append(virsh.start())
    lines = Lines(started[-1])
    started[-1].stdin.write("pool-list\n")
    lines.until("Name")
    own_server.process.send_signal(signal.SIGSTOP)
    try:
        lines.until("error: Disconnected from")
    finally:
        own_server.process.send_signal(signal.SIGCONT)
    started[-1].stdin.write("pool-list\necho connected-again\nquit\n")
    lines.until("connected-again")
    assert started[-1].wait(20) == 0
