"""Scripted cases of the secret driver."""

import queue
import uuid

import libvirt

IDENTITIES = [f"aaaaaaaa-0000-4000-8000-{number:012}" for number in range(9)]

USAGES = {
    "none": "", "volume": "<usage type='volume'><volume>/v</volume></usage>", "ceph": "<usage type='ceph'><name>c</name></usage>",
    "iscsi": "<usage type='iscsi'><target>t</target></usage>", "tls": "<usage type='tls'><name>t</name></usage>", "vtpm": "<usage type='vtpm'><name>m</name></usage>",
}


def secret(usage: str = "", identity: str = IDENTITIES[0], attributes: str = "", more: str = "") -> str:
    return f"<secret{attributes}><uuid>{identity}</uuid>{more}{usage}</secret>"


DOCUMENTS = {
    **{f"usage {type}": secret(usage) for type, usage in USAGES.items()},
    **{f"{flag} {value}": secret(attributes=f" {flag}='{value}'") for flag in ("ephemeral", "private") for value in ("yes", "no", "", "maybe", "YES", " yes")},
    "both flags": secret(USAGES["ceph"], attributes=" ephemeral='yes' private='yes'"), "unknown attribute": secret(attributes=" a='b'"),
    "no uuid": "<secret/>", "empty uuid": "<secret><uuid/></secret>", "bad uuid": secret(identity="x"), "uppercase uuid": secret(identity=IDENTITIES[1].upper()),
    "uuid without dashes": secret(identity=IDENTITIES[1].replace("-", "")), "nil uuid": secret(identity="00000000-0000-0000-0000-000000000000"), "blanks around the uuid": secret(identity=f" {IDENTITIES[1]} "),
    "two uuids": secret(more=f"<uuid>{IDENTITIES[1]}</uuid>"),
    "description": secret(more="<description>a &lt;b&gt; &amp; 'c' \"d\"</description>"), "empty description": secret(more="<description/>"), "blank description": secret(more="<description> </description>"),
    "description of lines": secret(more="<description>\n one\n two\n</description>"), "description in unicode": secret(more="<description>bücher 😀</description>"),
    "description of elements": secret(more="<description>a<b>c</b></description>"), "two descriptions": secret(more="<description>a</description><description>b</description>"),
    "long description": secret(more=f"<description>{'d' * 10000}</description>"), "control character": secret(more="<description>a\x01b</description>"),
    "usage without a type": secret("<usage/>"), "usage of an empty type": secret("<usage type=''/>"), "usage of an unknown type": secret("<usage type='nosuch'/>"), "usage in capitals": secret("<usage type='VOLUME'><volume>/v</volume></usage>"),
    "usage of type none": secret("<usage type='none'/>"), "usage of type none with a name": secret("<usage type='none'><name>n</name></usage>"),
    **{f"usage {type} without its element": secret(f"<usage type='{type}'/>") for type in USAGES}, **{f"usage {type} with another element": secret(f"<usage type='{type}'><other>x</other></usage>") for type in USAGES},
    **{f"usage {type} with an empty element": secret(f"<usage type='{type}'><volume/><name/><target/></usage>") for type in USAGES},
    "relative volume": secret("<usage type='volume'><volume>v</volume></usage>"), "volume with slashes": secret("<usage type='volume'><volume>//a//b/</volume></usage>"),
    "blank usage": secret("<usage type='ceph'><name> </name></usage>"), "usage with a slash": secret("<usage type='ceph'><name>a/b</name></usage>"), "usage of lines": secret("<usage type='ceph'><name>a\nb</name></usage>"),
    "usage with an ampersand": secret("<usage type='iscsi'><target>a&amp;b</target></usage>"), "two usages": secret(USAGES["ceph"] + USAGES["tls"]), "two names": secret("<usage type='ceph'><name>a</name><name>b</name></usage>"),
    "all elements": secret("<usage type='tls'><volume>/v</volume><target>t</target><name>n</name></usage>"), "unknown element": secret("<what/>"), "another root": "<pool/>", "empty": "", "blank": "  ", "unclosed": "<secret>",
    "text behind": secret() + "x", "prolog": "<?xml version='1.0'?><!-- c -->" + secret(), "namespace": "<secret xmlns='urn:x'/>", "prefix": "<x:secret xmlns:x='urn:x'/>", "text": secret(more="text"),
}

CASES = {}


def case(function):
    CASES[f"secrets: {function.__name__.replace('_', ' ')}"] = function
    return function


def look(trial, secret, label: str) -> None:
    trial(f"{label}: uuid", lambda: secret.UUIDString() if secret.UUIDString() in IDENTITIES else "random")
    trial(f"{label}: usage", lambda: (secret.usageType(), secret.usageID()))
    trial(f"{label}: xml", secret.XMLDesc)
    trial(f"{label}: value", secret.value)


def document(text: str):
    def run(trial) -> None:
        for flags in (0, 1):
            if made := trial(f"define {flags}", trial.conn.secretDefineXML, text, flags):
                look(trial, made, f"made {flags}")
                trial(f"value {flags}", made.setValue, b"x")
                trial(f"again {flags}", trial.conn.secretDefineXML, made.XMLDesc(), flags)
                trial(f"undefine {flags}", made.undefine)
        trial("nothing left", trial.conn.listSecrets)
    return run


@case
def lookups(trial):
    conn = trial.conn
    for number, usage in enumerate(USAGES.values()):
        conn.secretDefineXML(secret(usage, IDENTITIES[number]))
    for type in (*range(-1, 8), 1 << 30):
        for name in ("/v", "c", "t", "m", "", "x"):
            trial(f"usage {type} {name}", lambda: conn.secretLookupByUsage(type, name).UUIDString())
    for text in (IDENTITIES[1], IDENTITIES[1].upper(), IDENTITIES[8], "x", ""):
        trial(f"uuid {text}", lambda: conn.secretLookupByUUIDString(text).usageID())
    trial("uuid in bytes", lambda: conn.secretLookupByUUID(uuid.UUID(IDENTITIES[2]).bytes).usageID())
    trial("number", conn.numOfSecrets)
    trial("names", lambda: sorted(conn.listSecrets()))


@case
def values(trial):
    made = trial.conn.secretDefineXML(secret())
    for size in (0, 1, 2, 3, 255, 65535, 65536, 65537, 200000):
        value = bytes(number % 251 for number in range(size))
        trial(f"set {size}", made.setValue, value)
        trial(f"get {size}", made.value)
    for value in (b"\0", b"\0\0abc\0", bytes(range(256)), "text".encode(), b"\n", b" "):
        trial(f"set {value[:4]}", made.setValue, value)
        trial(f"get {value[:4]}", made.value)
    for flags in (1, 2, 1 << 31):
        trial(f"set with flags {flags}", made.setValue, b"x", flags)
        trial(f"get with flags {flags}", made.value, flags)
        trial(f"xml with flags {flags}", made.XMLDesc, flags)
        trial(f"define with flags {flags}", lambda: trial.conn.secretDefineXML(secret(), flags).UUIDString())
        trial(f"list with flags {flags}", lambda: len(trial.conn.listAllSecrets(flags)))
    trial("at the end", made.value)


@case
def transitions(trial):
    """From every kind to every kind, with and without a value."""
    kinds = [f" ephemeral='{ephemeral}' private='{private}'" for ephemeral in ("no", "yes") for private in ("no", "yes")]
    for before in kinds:
        for after in kinds:
            for value in (None, b"kept"):
                label = f"{before} to{after} with {value}"
                made = trial.conn.secretDefineXML(secret(USAGES["tls"], attributes=before))
                if value:
                    made.setValue(value)
                trial(label, lambda: trial.conn.secretDefineXML(secret(USAGES["tls"], attributes=after, more="<description>new</description>")).UUIDString())
                look(trial, made, label)
                made.undefine()


@case
def redefinitions(trial):
    define = trial.conn.secretDefineXML
    made = define(secret(USAGES["volume"]))
    made.setValue(b"kept")
    define(secret(USAGES["ceph"], IDENTITIES[1]))
    define(secret("", IDENTITIES[2]))
    for label, text in {
        "same": secret(USAGES["volume"]), "another usage": secret(USAGES["tls"]), "usage of another secret": secret(USAGES["ceph"]), "usage taken away": secret(),
        "another id": secret("<usage type='volume'><volume>/w</volume></usage>"), "new uuid": secret(USAGES["volume"], IDENTITIES[3]), "no uuid": f"<secret>{USAGES['volume']}</secret>", "usage for one without": secret(USAGES["iscsi"], IDENTITIES[2]),
        "usage taken for one without": secret(USAGES["volume"], IDENTITIES[2]), "second without usage": secret("", IDENTITIES[4]), "bad": secret("<usage/>"),
    }.items():
        trial(label, lambda: define(text).UUIDString())
        look(trial, made, label)
    trial("secrets", lambda: sorted((found.UUIDString(), found.usageID()) for found in trial.conn.listAllSecrets()))


@case
def a_usage_of_another_type(trial):
    made = trial.conn.secretDefineXML(secret(USAGES["volume"]))
    trial("of the same id", lambda: trial.conn.secretDefineXML(secret("<usage type='tls'><name>/v</name></usage>")).UUIDString())
    look(trial, made, "after it")


@case
def filters(trial):
    for number, (ephemeral, private) in enumerate((e, p) for e in ("no", "yes") for p in ("no", "yes")):
        trial.conn.secretDefineXML(secret("", IDENTITIES[number], f" ephemeral='{ephemeral}' private='{private}'"))
    for flags in range(18):
        trial(f"{flags}", lambda: sorted(found.UUIDString() for found in trial.conn.listAllSecrets(flags)))


@case
def secrets_that_are_gone(trial):
    made = trial.conn.secretDefineXML(secret())
    trial("undefine", made.undefine)
    for label, call in {"undefine again": made.undefine, "xml": made.XMLDesc, "value": made.value, "set": lambda: made.setValue(b"x"), "empty": lambda: made.setValue(b""),
                        "xml with flags": lambda: made.XMLDesc(1), "value with flags": lambda: made.value(1), "set with flags": lambda: made.setValue(b"x", 1)}.items():
        trial(label, call)


@case
def events_in_order(trial):
    seen = queue.Queue()
    conn = trial.conn
    numbers = [conn.secretEventRegisterAny(None, libvirt.VIR_SECRET_EVENT_ID_LIFECYCLE, lambda _, of, event, detail, __: seen.put((of.UUIDString(), event, detail)), None),
               conn.secretEventRegisterAny(None, libvirt.VIR_SECRET_EVENT_ID_VALUE_CHANGED, lambda _, of, __: seen.put((of.UUIDString(), "value")), None)]
    made = conn.secretDefineXML(secret(USAGES["ceph"]))
    made.setValue(b"1")
    trial("wrong", conn.secretDefineXML, secret(USAGES["tls"]))
    conn.secretDefineXML(secret(USAGES["ceph"], attributes=" ephemeral='yes'"))
    made.setValue(b"1")
    other = conn.secretDefineXML(secret("", IDENTITIES[1], " private='yes'"))
    other.setValue(b"2")
    trial("private", other.value)
    conn.secretDefineXML(secret(USAGES["ceph"]))
    other.undefine()
    made.undefine()
    trial("events", lambda: [seen.get(timeout=20) for _ in range(9)])
    for number in numbers:
        trial(f"deregister {numbers.index(number)}", conn.secretEventDeregisterAny, number)
    trial("unknown event", conn.secretEventRegisterAny, None, 7, lambda *_: None, None)
    trial("deregister again", conn.secretEventDeregisterAny, numbers[0])


@case
def a_read_only_connection(trial):
    made = trial.conn.secretDefineXML(secret(USAGES["ceph"]))
    made.setValue(b"x")
    conn = libvirt.openReadOnly(trial.conn.getURI())
    found = conn.secretLookupByUUIDString(IDENTITIES[0])
    look(trial, found, "read-only")
    trial("define", conn.secretDefineXML, secret())
    trial("set", found.setValue, b"y")
    trial("undefine", found.undefine)
    trial("list", lambda: len(conn.listAllSecrets()))
    trial("by usage", lambda: conn.secretLookupByUsage(2, "c").UUIDString())
    conn.close()


CASES = {**{f"secret document: {name}": document(text) for name, text in DOCUMENTS.items()}, **CASES}
