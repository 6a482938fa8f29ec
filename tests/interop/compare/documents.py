"""Pool and volume documents that both servers are given; FOLDER is the folder of the case."""

from pools import MIB, backing_xml, volume_xml

TARGET = "<target><path>FOLDER/p</path></target>"
NAMED = "<name>p</name>"


def pool(body: str = NAMED + TARGET, type: str = "dir", before: str = "") -> str:
    return f"{before}<pool type='{type}'>{body}</pool>"


def permissions(body: str) -> str:
    return pool(f"{NAMED}<target><path>FOLDER/p</path><permissions>{body}</permissions></target>")


def source(body: str, type: str, target: str = TARGET) -> str:
    return pool(f"{NAMED}<source>{body}</source>{target}", type)


POOLS = {
    "plain": pool(),
    "uuid": pool(NAMED + "<uuid>11111111-2222-4333-8444-555555555555</uuid>" + TARGET),
    "uuid without dashes": pool(NAMED + "<uuid>11111111222243338444555555555555</uuid>" + TARGET),
    "uuid with blanks": pool(NAMED + "<uuid> 11111111-2222-4333-8444-555555555555 </uuid>" + TARGET),
    "nil uuid": pool(NAMED + "<uuid>00000000-0000-0000-0000-000000000000</uuid>" + TARGET),
    "uppercase uuid": pool(NAMED + "<uuid>ABCDEF11-2222-4333-8444-555555555555</uuid>" + TARGET),
    "short uuid": pool(NAMED + "<uuid>1111</uuid>" + TARGET),
    "two names": pool("<name>p</name><name>q</name>" + TARGET),
    "blank before the name": pool("<name> p</name>" + TARGET),
    "blank name": pool("<name> </name>" + TARGET),
    "newline in the name": pool("<name>a\nb</name>" + TARGET),
    "tab in the name": pool("<name>a\tb</name>" + TARGET),
    "name with an ampersand": pool("<name>a&amp;b&lt;</name>" + TARGET),
    "name in unicode": pool("<name>bücher</name>" + TARGET),
    "name in cdata": pool("<name><![CDATA[a<b]]></name>" + TARGET),
    "dot as name": pool("<name>.</name>" + TARGET),
    "two dots as name": pool("<name>..</name>" + TARGET),
    "slash in the name": pool("<name>a/b</name>" + TARGET),
    "long name": pool(f"<name>{'n' * 200}</name>" + TARGET),
    "no name": pool(TARGET),
    "no target": pool(NAMED),
    "empty target": pool(NAMED + "<target/>"),
    "target with slashes": pool(NAMED + "<target><path>FOLDER//p///</path></target>"),
    "target with dots": pool(NAMED + "<target><path>FOLDER/./q/../p</path></target>"),
    "relative target": pool(NAMED + "<target><path>some/where</path></target>"),
    "target with a scheme": pool(NAMED + "<target><path>nfs://a//b/</path></target>"),
    "target with a blank": pool(NAMED + "<target><path> FOLDER/p</path></target>"),
    "root as target": pool(NAMED + "<target><path>/</path></target>"),
    "two targets": pool(NAMED + TARGET + "<target><path>/other</path></target>"),
    "numbers are ignored": pool(NAMED + "<capacity unit='G'>7</capacity><allocation>1</allocation><available>2</available>" + TARGET),
    "unknown elements": pool(NAMED + "<what/>" + TARGET + "<ever a='b'/>"),
    "source of a dir pool": source("<device path='/dev/nosuch'/><host name='h' port='7'/><name>n</name>", "dir"),
    "source folder of a dir pool": source("<dir path='/some/where'/>", "dir"),
    "vendor and product": source("<vendor name='v'/><product name='w'/>", "dir"),
    "format of a dir pool": source("<format type='nfs'/>", "dir"),
    "auth of a dir pool": source("<auth type='chap' username='u'><secret usage='s'/></auth>", "dir"),
    "auth without a secret": source("<auth type='chap' username='u'/>", "dir"),
    "mode": permissions("<mode>0755</mode>"),
    "mode of 0": permissions("<mode>0</mode>"),
    "mode without 0": permissions("<mode>755</mode>"),
    "mode of 01777": permissions("<mode>01777</mode>"),
    "mode in hexadecimal": permissions("<mode>0x1ff</mode>"),
    "empty mode": permissions("<mode></mode>"),
    "owner and group": permissions("<owner>0</owner><group>0</group>"),
    "owner of -1": permissions("<owner>-1</owner><group>-1</group>"),
    "owner of 2^32": permissions("<owner>4294967296</owner>"),
    "owner of 2^32-1": permissions("<owner>4294967295</owner>"),
    "label": permissions("<label>some_label</label>"),
    "empty permissions": permissions(""),
    "cow yes": pool(NAMED + "<features><cow state='yes'/></features>" + TARGET),
    "cow no": pool(NAMED + "<features><cow state='no'/></features>" + TARGET),
    "cow maybe": pool(NAMED + "<features><cow state='maybe'/></features>" + TARGET),
    "cow without a state": pool(NAMED + "<features><cow/></features>" + TARGET),
    "refresh default": pool(NAMED + TARGET + "<refresh><volume allocation='default'/></refresh>"),
    "refresh capacity": pool(NAMED + TARGET + "<refresh><volume allocation='capacity'/></refresh>"),
    "refresh nosuch": pool(NAMED + TARGET + "<refresh><volume allocation='nosuch'/></refresh>"),
    "empty refresh": pool(NAMED + TARGET + "<refresh/>"),
    "no type": f"<pool>{NAMED}{TARGET}</pool>",
    "empty type": pool(type=""),
    "unknown type": pool(type="nosuch"),
    "type in capitals": pool(type="DIR"),
    "document type": pool(before="<!DOCTYPE pool>"),
    "entity": "<!DOCTYPE pool [<!ENTITY e 'p'>]>" + pool("<name>&e;</name>" + TARGET),
    "prolog": pool(before="<?xml version='1.0' encoding='UTF-8'?>\n<!-- a comment -->\n"),
    "wrong encoding": pool(before="<?xml version='1.0' encoding='UTF-16'?>"),
    "namespace prefix": f"<x:pool xmlns:x='urn:x' type='dir'>{NAMED}{TARGET}</x:pool>",
    "attribute twice": f"<pool type='dir' type='dir'>{NAMED}{TARGET}</pool>",
    "text behind": pool() + "text",
    "blank before": "\n  " + pool(),
    "blank before the declaration": " <?xml version='1.0'?>" + pool(),
    "not a pool": "<domain type='kvm'/>",
    "empty": "",
    "fs": source("<device path='/dev/nosuch'/><format type='ext4'/>", "fs"),
    "fs without a device": source("", "fs"),
    "fs with an unknown format": source("<device path='/dev/nosuch'/><format type='nosuch'/>", "fs"),
    "netfs without a host": source("<dir path='/x'/>", "netfs"),
}


# Documents that are only defined: what they say lies outside the case's folder.
ONLY_DEFINED = {"relative target", "target with a scheme", "target with a blank", "root as target"}


def target(body: str, name: str = "v", capacity: int = MIB) -> str:
    return volume_xml(name, capacity, extra=f"<target>{body}</target>")


def qcow2(body: str = "", capacity: int = MIB, behind: str = "") -> str:
    """A qcow2 volume whose level is given: the default is one of the intended differences."""
    return volume_xml("v", capacity, extra=f"<target><format type='qcow2'/><compat>1.1</compat>{body}</target>{behind}")


VOLUMES = {
    "plain": volume_xml("v"),
    "no allocation": volume_xml("v", allocation=0),
    "some allocation": volume_xml("v", allocation=65536),
    "allocation above the capacity": volume_xml("v", MIB, allocation=2 * MIB),
    "capacity of 0": volume_xml("v", 0),
    "capacity of 1": volume_xml("v", 1),
    "odd capacity": volume_xml("v", 1234567),
    "plus": volume_xml("v", "+5"),
    "minus": volume_xml("v", "-5"),
    "leading zeros": volume_xml("v", "0005"),
    "leading blank": volume_xml("v", " 5"),
    "trailing blank": volume_xml("v", "5 "),
    "fraction": volume_xml("v", "1.5"),
    "exponent": volume_xml("v", "1e3"),
    "no capacity": "<volume><name>v</name></volume>",
    "empty capacity": volume_xml("v", ""),
    "two capacities": "<volume><name>v</name><capacity>1</capacity><capacity>2</capacity></volume>",
    "2^63 - 1 sparse": volume_xml("v", (1 << 63) - 1, allocation=0),
    "2^63": volume_xml("v", 1 << 63, allocation=0),
    "2^64": volume_xml("v", 1 << 64, allocation=0),
    **{f"unit {unit}": volume_xml("v", 1, allocation=0, unit=unit) for unit in
       "b byte bytes k KB KiB m MB MiB g GB GiB t TB TiB P E kb KIB x KBytes".split()},
    "empty unit": "<volume><name>v</name><capacity unit=''>1</capacity></volume>",
    "unit of the allocation": "<volume><name>v</name><capacity unit='KiB'>8</capacity><allocation unit='KiB'>4</allocation></volume>",
    "key and type are ignored": "<volume type='block'><name>v</name><key>k</key><capacity>1</capacity><target><path>/x</path></target></volume>",
    "unknown type": "<volume type='nosuch'><name>v</name><capacity>1</capacity></volume>",
    "type dir": "<volume type='dir'><name>v</name><capacity>1</capacity></volume>",
    "no name": "<volume><capacity>1</capacity></volume>",
    "empty name": volume_xml(""),
    "blank name": volume_xml(" "),
    "blank in the name": volume_xml("a b"),
    "newline in the name": volume_xml("a\nb"),
    "name in unicode": volume_xml("bücher"),
    "name with an ampersand": volume_xml("a&amp;b"),
    "slash in the name": volume_xml("a/b"),
    "parent": volume_xml("../v"),
    "dot": volume_xml("."),
    "two dots": volume_xml(".."),
    "hidden": volume_xml(".v"),
    "name of 255 bytes": volume_xml("n" * 255),
    "name of 256 bytes": volume_xml("n" * 256),
    **{f"format {format}": volume_xml("v", 8 * MIB, format=format) for format in
       "none raw dir bochs cloop dmg iso vpc vdi fat vhd ploop cow qcow qcow2 qed vmdk nosuch".split()},
    "format dir of capacity 0": volume_xml("v", 0, format="dir"),
    "qcow2 of capacity 0": qcow2(capacity=0),
    "qcow2 of an odd capacity": qcow2(capacity=1234567),
    "qcow2 compat 0.10": target("<format type='qcow2'/><compat>0.10</compat>"),
    "qcow2 compat 1.1": target("<format type='qcow2'/><compat>1.1</compat>"),
    "qcow2 compat 2.0": target("<format type='qcow2'/><compat>2.0</compat>"),
    "qcow2 compat abc": target("<format type='qcow2'/><compat>abc</compat>"),
    "qcow2 empty features": target("<format type='qcow2'/><features/>"),
    "qcow2 lazy refcounts": target("<format type='qcow2'/><features><lazy_refcounts/></features>"),
    "qcow2 extended l2": target("<format type='qcow2'/><features><extended_l2/></features>"),
    "qcow2 lazy refcounts of 0.10": target("<format type='qcow2'/><compat>0.10</compat><features><lazy_refcounts/></features>"),
    "qcow2 unknown feature": target("<format type='qcow2'/><features><nosuch/></features>"),
    "qcow2 cluster size": qcow2("<clusterSize>4096</clusterSize>"),
    "qcow2 cluster size in KiB": qcow2("<clusterSize unit='KiB'>256</clusterSize>"),
    "qcow2 cluster size of 3": qcow2("<clusterSize>3</clusterSize>"),
    "raw with compat": target("<compat>1.1</compat>"),
    "raw with a cluster size": target("<clusterSize>4096</clusterSize>"),
    "nocow": target("<nocow/>"),
    "qcow2 nocow": qcow2("<nocow/>"),
    "mode": target("<permissions><mode>0640</mode></permissions>"),
    "mode of 0": target("<permissions><mode>0</mode></permissions>"),
    "mode of 0777": target("<permissions><mode>0777</mode></permissions>"),
    "mode of 01777": target("<permissions><mode>01777</mode></permissions>"),
    "owner and group": target("<permissions><mode>0600</mode><owner>0</owner><group>0</group></permissions>"),
    "owner of -1": target("<permissions><owner>-1</owner><group>-1</group></permissions>"),
    "label": target("<permissions><label>l</label></permissions>"),
    "qcow2 mode": qcow2("<permissions><mode>0644</mode></permissions>"),
    "encrypted raw without a secret": target("<encryption format='luks'/>"),
    "unknown encryption": target("<encryption format='nosuch'/>"),
    "backing store of raw": volume_xml("v", extra=backing_xml("/etc/hostname", "raw")),
    "backing store that is missing": qcow2(behind=backing_xml("/no/such", "raw")),
    "backing store of an unknown format": qcow2(behind=backing_xml("/etc/hostname", "nosuch")),
    "backing store without a format": qcow2(behind="<backingStore><path>/etc/hostname</path></backingStore>"),
    "backing store without a path": qcow2(behind="<backingStore><format type='raw'/></backingStore>"),
    "empty backing store": qcow2(behind="<backingStore/>"),
    "document type": "<!DOCTYPE volume>" + volume_xml("v"),
    "entity": "<!DOCTYPE volume [<!ENTITY e 'v'>]>" + volume_xml("&e;"),
    "not a volume": "<pool/>",
    "cut off": "<volume><name>v</name>",
    "empty": "",
}
