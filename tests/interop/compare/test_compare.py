"""Every scripted case on both servers: the same results, files and error codes, but for the intended differences.

With --against=libvirtd both are libvirtd, which shows whether the cases themselves give the same answer twice.
"""

import difflib
import shutil
import sys
import tempfile
from pathlib import Path

import libvirt
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from compare.cases import CASES  # noqa: E402
from compare.differences import INTENDED  # noqa: E402
from compare.trial import Trial  # noqa: E402
from servers import KINDS, Cistern, Libvirtd  # noqa: E402


@pytest.fixture(scope="module")
def both(request):
    """A connection to the server under test, and one to libvirtd."""
    if not Libvirtd.usable():
        pytest.skip("needs an installed libvirtd and root to run it privately")
    folder = Path(tempfile.mkdtemp(prefix="compare-"))
    folder.chmod(0o755)
    servers = [kind(folder / str(number)) for number, kind in enumerate((KINDS[request.config.getoption("against")], Libvirtd))]
    connections = []
    try:
        if isinstance(servers[0], Cistern):
            # Live pools are a difference that would show itself sooner or later in every case that makes files of its own.
            servers[0].configure("live_pools = 0\n")
        for server in servers:
            server.start()
            connections.append(libvirt.open(server.uri()))
        yield connections
        assert all(server.is_alive() for server in servers), servers[0].log_tail()
    finally:
        for connection in connections:
            connection.close()
        for server in servers:
            if server.is_alive():
                server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def perform(case, conn, folder: Path) -> list:
    folder.mkdir()
    trial = Trial(conn, folder)
    try:
        case(trial)
        return trial.outcomes
    finally:
        trial.clean()


def tell(mine, judge) -> str:
    """One difference, for documents by line."""
    if all(isinstance(value, str) and "\n" in value for _, value in (mine, judge)):
        lines = difflib.unified_diff(judge[1].splitlines(), mine[1].splitlines(), "libvirtd", "tested", lineterm="", n=0)
        return "\n  ".join([judge[0], *lines])
    return f"{judge[0]}\n  libvirtd {judge}\n  tested   {mine}"


@pytest.mark.parametrize("name", CASES)
def test_both_servers_do_the_same(both, name, tmp_path, request):
    intended = [] if request.config.getoption("against") == Libvirtd.name else INTENDED
    ours, theirs = (perform(CASES[name], conn, tmp_path / "case") for conn in both)
    unlike = []
    met = set()
    for at in range(max(len(ours), len(theirs))):
        mine, judge = (side[at] if at < len(side) else ("nothing", None) for side in (ours, theirs))
        if mine == judge:
            continue
        excuses = [entry for entry in intended if entry.covers(name, judge[0]) or entry.covers(name, mine[0])]
        met.update(excuses)
        if not excuses:
            unlike.append(tell(mine, judge))
        if mine[0] != judge[0]:
            break
    assert not unlike, "\n".join(unlike)
    stale = [entry for entry in intended if entry.case == name and entry not in met]
    assert not stale, f"no longer differs: {stale}"
