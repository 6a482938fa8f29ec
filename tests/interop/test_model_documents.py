"""The recording that the unit tests judge the model by is what the installed libvirt says."""

import json

import libvirt
import pytest

from model_recording import RECORDING, record


@pytest.mark.skipif(libvirt.getVersion() // 1000 != 9000, reason="the recording is of libvirt 9.0")
def test_the_recording_is_what_libvirt_says():
    kept = json.loads(RECORDING.read_text())
    for group, documents in record().items():
        told = {(document["type"], document["name"]): document for document in kept[group]}
        for document in documents:
            assert told.pop((document["type"], document["name"])) == document
        assert told == {}
