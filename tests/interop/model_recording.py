"""What libvirt makes of the model's documents, recorded for tests/StorageDriver.Tests/Xml/RecordedDocumentTests.cs.

The judge is the test driver inside libvirt.so: it reads and writes documents of every pool type with the code that the daemon has, and
needs no daemon. Only the options in namespaces of their own take the daemon. Run as root this script writes the recording anew.
"""

import json
import re
import shutil
import tempfile
from pathlib import Path

import libvirt

from model_documents import DAEMONS, POOLS, SOURCES, SPECIFICATIONS, VOLUMES, pool
from servers import Libvirtd

RECORDING = Path(__file__).resolve().parents[1] / "StorageDriver.Tests" / "Xml" / "recorded-documents.json"


def outcome(call) -> str:
    try:
        return call()
    except libvirt.libvirtError as error:
        return f"error {error.get_error_code()}/{error.get_error_domain()}"


def without_numbers(xml: str) -> str:
    """The test driver invents a pool's numbers."""
    return re.sub(r"(<(capacity|allocation|available) unit='bytes'>)\d+<", r"\g<1>0<", xml)


def without_place(xml: str) -> str:
    """The test driver makes up key and path, of types without a target strange ones."""
    volume, backing, rest = xml.partition("<backingStore>")
    return re.sub(r" *<(key|path)>[^<]*</\1>\n", "", volume) + backing + rest


def define(conn, document: str) -> str:
    made = conn.storagePoolDefineXML(document)
    try:
        return without_uuid(without_numbers(made.XMLDesc()), document)
    finally:
        made.undefine()


def without_uuid(xml: str, document: str) -> str:
    """A document without one gets a random one."""
    return xml if "<uuid>" in document else re.sub("<uuid>[^<]*</uuid>", "<uuid>UUID</uuid>", xml)


def create(pool, document: str) -> str:
    made = pool.createXML(document)
    try:
        return without_place(made.XMLDesc())
    finally:
        made.delete()


def find(conn, document: str) -> str:
    conn.findStoragePoolSources("netfs", document)
    return "accepted"


def record_daemon(uri: str) -> list:
    conn = libvirt.open(uri)
    try:
        return [{"name": name, "type": "", "document": document, "outcome": outcome(lambda: define(conn, document))} for name, document in DAEMONS.items()]
    finally:
        conn.close()


def record() -> dict:
    conn = libvirt.open("test:///default")
    recorded = {"pools": [], "volumes": [], "specifications": []}
    for name, document in POOLS.items():
        recorded["pools"].append({"name": name, "type": "", "document": document, "outcome": outcome(lambda: define(conn, document))})
    for type, source in SOURCES.items():
        made = conn.storagePoolDefineXML(pool(type, source))
        made.create()
        for (of, name), document in VOLUMES.items():
            if of == type:
                recorded["volumes"].append({"name": name, "type": type, "document": document, "outcome": outcome(lambda: create(made, document))})
        made.destroy()
        made.undefine()
    for name, document in SPECIFICATIONS.items():
        recorded["specifications"].append({"name": name, "type": "netfs", "document": document, "outcome": outcome(lambda: find(conn, document))})
    conn.close()
    return recorded


if __name__ == "__main__":
    libvirt.registerErrorHandler(lambda *_: None, None)
    folder = Path(tempfile.mkdtemp(prefix="record-"))
    daemon = Libvirtd(folder / "daemon")
    daemon.start()
    try:
        recorded = {**record(), "options": record_daemon(daemon.uri())}
    finally:
        daemon.stop()
        shutil.rmtree(folder)
    RECORDING.write_text(json.dumps(recorded, indent=1, ensure_ascii=False) + "\n")
