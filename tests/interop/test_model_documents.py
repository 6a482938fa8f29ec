"""The recording that the unit tests judge the model by is what the installed libvirt says."""

import json

import libvirt
import pytest

from model_recording import RECORDING, record, record_daemon

pytestmark = pytest.mark.skipif(libvirt.getVersion() // 1000 != 9000, reason="the recording is of libvirt 9.0")


def assert_same(group: str, documents: list) -> None:
    kept = {(document["type"], document["name"]): document for document in json.loads(RECORDING.read_text())[group]}
    assert {(document["type"], document["name"]): document for document in documents} == kept


@pytest.mark.cistern_only("the judge is the library, whichever server runs")
def test_the_recording_is_what_the_library_says():
    for group, documents in record().items():
        assert_same(group, documents)


@pytest.mark.libvirtd_only("only libvirtd can be asked")
def test_the_recording_is_what_the_daemon_says(server):
    assert_same("options", record_daemon(server.uri()))
