"""Tests of what takes a kernel of their own: from outside, each file's tests run in one machine; inside, they are ordinary tests.

A file may say what its machine has: MEMORY = MiB, LIMIT = seconds, DISKS = ["64M"] (/dev/ubda...), MODULES = ["dm-mod"].
"""

import itertools
import os
import sys
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import libvirt
import pytest

sys.path.insert(0, str(Path(__file__).parent))

import machine  # noqa: E402
from servers import cisternd_binary  # noqa: E402

MACHINES_AT_ONCE = 2
LIMIT = 600     # seconds that a machine may take
INSIDE = machine.REPORTS in os.environ


class Machines:
    """The machines of one run from outside, two at a time.

    Each is kept on one processor. A machine has no more than one, and its kernel and its processes take turns with every system call:
    on two processors each turn wakes the other one, which takes several times as long as the call.
    """

    def __init__(self, session):
        files = {}
        for item in session.items:
            if item.path.parent == machine.HERE and not item.get_closest_marker("skip"):
                files.setdefault(item.path, []).append(item)
        processors = itertools.cycle(os.sched_getaffinity(0))
        self._executor = ThreadPoolExecutor(MACHINES_AT_ONCE, initializer=lambda: os.sched_setaffinity(0, {next(processors)}))
        self._of, self._ended, self._reports = {}, {}, {}
        # The longest first, so that none of them is left to run alone in the end.
        for path, items in sorted(files.items(), key=lambda file: -getattr(file[1][0].module, "LIMIT", LIMIT)):
            self._of[path] = made = self._machine(path.stem, items)
            self._ended[path] = self._executor.submit(made.run)

    @staticmethod
    def _machine(name: str, items: list) -> machine.Machine:
        def of(key, default):
            return getattr(items[0].module, key, default)
        arguments = [f"--against={items[0].config.getoption('against')}", *(item.nodeid for item in items)]
        return machine.Machine(name, arguments, cisternd_binary(), memory=of("MEMORY", 2048), limit=of("LIMIT", LIMIT),
                               disks=of("DISKS", []), modules=of("MODULES", []))

    def reports(self, item) -> list:
        """What the machine says of the test; a failure when it ended without a word."""
        ended: Future = self._ended[item.path]
        found = machine.wait_for(lambda: self._finished(item), ended.done)
        if found is None:
            ended.result()
            return [self._lost(item)]
        return [self._read(item, entry) for entry in found]

    def _finished(self, item) -> list | None:
        for entry in self._of[item.path].next_reports():
            self._reports.setdefault(entry["nodeid"], []).append(entry)
        found = self._reports.get(item.nodeid, [])
        return found if found and found[-1]["when"] == "teardown" else None

    def _read(self, item, entry: dict):
        report = item.config.hook.pytest_report_from_serializable(config=item.config, data=entry)
        if isinstance(report.longrepr, list):
            report.longrepr = tuple(report.longrepr)    # why a test was skipped; JSON has no tuples
        if report.failed:
            report.sections.append(("log of the machine's kernel", self._of[item.path].kernel_log()))
        return report

    def _lost(self, item):
        text = self._of[item.path].last_words()
        return pytest.TestReport(item.nodeid, item.location, dict(item.keywords), "failed", text, "call")

    def stop(self) -> None:
        for each in self._of.values():
            each.stop()
        self._executor.shutdown()


def pytest_collection_modifyitems(items):
    here = [item for item in items if item.path.parent == machine.HERE]
    if here and not INSIDE and (reason := machine.unusable()):
        for item in here:
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item):
    """Outside: reports of the test what its machine reports."""
    if INSIDE or item.get_closest_marker("skip"):
        return None
    session = item.session
    if not hasattr(session, "machines"):
        session.machines = Machines(session)
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    for report in session.machines.reports(item):
        item.ihook.pytest_runtest_logreport(report=report)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True


def pytest_sessionfinish(session):
    if hasattr(session, "machines"):
        session.machines.stop()


@pytest.hookimpl(hookwrapper=True, tryfirst=True)
def pytest_runtest_makereport(item):
    """Inside: tells what is outside."""
    report = (yield).get_result()
    if INSIDE:
        machine.report(os.environ[machine.REPORTS], item.config.hook.pytest_report_to_serializable(config=item.config, report=report))


@pytest.fixture
def judge(libvirtd):
    """A connection to the libvirtd that has the same devices."""
    connection = libvirt.open(libvirtd.uri())
    yield connection
    connection.close()
