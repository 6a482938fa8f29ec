"""Documents of every pool type, good and bad, for the model alone: they are read and written, nothing is made of them."""

UUID = "<uuid>3e3fce45-4f53-4fa7-bb32-11f34168b82b</uuid>"
TARGET = "<target><path>/p</path></target>"
WWN = "5001a4ace3b4ee86"
FS = "xmlns:f='http://libvirt.org/schemas/storagepool/fs/1.0'"
RBD = "xmlns:r='http://libvirt.org/schemas/storagepool/rbd/1.0'"

# The least that a source of each type must have.
SOURCES = {
    "dir": "", "fs": "<device path='/dev/z'/>", "netfs": "<host name='h'/><dir path='/e'/>", "logical": "<name>vg</name>", "disk": "<device path='/dev/z'/>",
    "iscsi": "<host name='h'/><device path='iqn.2013-06.com.example:t'/>",
    "iscsi-direct": "<host name='h'/><device path='iqn.2013-06.com.example:t'/><initiator><iqn name='iqn.2013-06.com.example:i'/></initiator>",
    "scsi": "<adapter type='scsi_host' name='scsi_host3'/>", "mpath": "", "rbd": "<name>n</name><host name='h'/>", "sheepdog": "<name>n</name><host name='h'/>",
    "gluster": "<name>n</name><host name='h'/>", "zfs": "<name>n</name>", "vstorage": "<name>n</name>",
}

# Every element that a source can have, whether the type knows it or not.
EVERYTHING = ("<host name='one' port='7'/><host name='two'/><device path='/dev//z/' part_separator='yes'/><device path='/dev/y' part_separator='no'/>"
              "<dir path='/e//f/'/><name>n</name><initiator><iqn name='i'/></initiator><protocol ver='4.1'/><vendor name='v&amp;'/><product name='w'/>"
              "<auth type='chap' username='u'><secret usage='s'/></auth><adapter type='scsi_host' name='scsi_host3'/>")

# Put into the source of some types, behind what it needs.
PARTS = {
    "host without a name": "<host/>", "host of port x": "<host name='h' port='x'/>", "host of port -1": "<host name='h' port='-1'/>",
    "host of port 99999": "<host name='h' port='99999'/>", "host of port 2^31": "<host name='h' port='2147483648'/>", "host of an empty port": "<host name='h' port=''/>",
    "host of port 0": "<host name='h' port='0'/>", "host of port ' 5'": "<host name='h' port=' 5'/>", "host of port '5 '": "<host name='h' port='5 '/>",
    "host of an empty name": "<host name=''/>", "host of IPv6": "<host name='::1' port='3260'/>",
    "device without a path": "<device/>", "device of an empty path": "<device path=''/>", "part separator maybe": "<device path='/dev/x' part_separator='maybe'/>",
    "part separator yes": "<device path='/dev/x' part_separator='yes'/>", "three devices": "<device path='/dev/1'/><device path='/dev/1'/><device path='2'/>",
    "device with extents": "<device path='/dev/x'><freeExtent start='1' end='2'/></device>",
    "dir without a path": "<dir/>", "dir of an empty path": "<dir path=''/>", "two dirs": "<dir path='/1'/><dir path='/2'/>", "root dir": "<dir path='///'/>",
    "name": "<name>other</name>", "empty name": "<name/>", "name with a slash": "<name>a/b</name>", "name with an ampersand": "<name>&lt;&amp;&apos;</name>",
    "unknown format": "<format type='nosuch'/>", "empty format": "<format type=''/>", "format without a type": "<format/>", "two formats": "<format/><format type='auto'/>",
    "initiator": "<initiator><iqn name='i'/></initiator>", "initiator without a name": "<initiator><iqn/></initiator>", "empty initiator": "<initiator/>",
    "auth chap by usage": "<auth type='chap' username='u'><secret usage='s'/></auth>",
    "auth ceph by uuid": "<auth type='ceph' username='u'><secret uuid='3E3FCE454F534FA7BB3211F34168B82B'/></auth>",
    "auth with a secret of a type": "<auth type='chap' username='u'><secret type='iscsi' usage='s'/></auth>",
    "auth by both": "<auth type='chap' username='u'><secret usage='s' uuid='3e3fce45-4f53-4fa7-bb32-11f34168b82b'/></auth>",
    "auth by neither": "<auth type='chap' username='u'><secret/></auth>", "auth of a bad uuid": "<auth type='chap' username='u'><secret uuid='x'/></auth>",
    "auth by an empty usage": "<auth type='chap' username='u'><secret usage=''/></auth>", "auth by an empty uuid": "<auth type='chap' username='u'><secret uuid=''/></auth>",
    "auth without a secret": "<auth type='chap' username='u'/>", "auth without a type": "<auth username='u'><secret usage='s'/></auth>",
    "auth of an unknown type": "<auth type='nosuch' username='u'><secret usage='s'/></auth>", "auth of type none": "<auth type='none' username='u'><secret usage='s'/></auth>",
    "auth of an empty type": "<auth type='' username='u'><secret usage='s'/></auth>",
    "auth without a user": "<auth type='chap'><secret usage='s'/></auth>", "auth of an empty user": "<auth type='chap' username=''><secret usage='s'/></auth>",
    "auth of the old form": "<auth type='chap' login='u' passwd='p'/>", "two auths": "<auth type='chap' username='u'><secret usage='s'/></auth><auth/>",
    "empty auth": "<auth/>", "auth in capitals": "<auth type='CHAP' username='u'><secret usage='s'/></auth>",
    "protocol": "<protocol ver='3'/>", "protocol with a comma": "<protocol ver='3,x'/>", "protocol without a version": "<protocol/>", "empty protocol": "<protocol ver=''/>",
    "vendor without a name": "<vendor/><product/>", "empty vendor": "<vendor name=''/>", "two vendors": "<vendor/><vendor name='second'/>", "unknown element": "<what a='b'>c</what>",
    "comment and processing instruction": "<!-- <host/> --><?php ?>", "text": "text",
}

ADAPTERS = {
    "legacy": "<adapter name='host3'/>", "legacy new name": "<adapter name='scsi_host3'/>", "legacy other name": "<adapter name='x'/>", "legacy empty name": "<adapter name=''/>",
    "nothing": "<adapter/>", "legacy wwnn": f"<adapter name='host3' wwnn='{WWN}'/>", "legacy wwpn": f"<adapter name='host3' wwpn='{WWN}'/>",
    "legacy parent": "<adapter name='host3' parent='x'/>", "legacy address": "<adapter name='host3'><parentaddr/></adapter>", "empty type": "<adapter type='' name='x'/>",
    "unknown type": "<adapter type='nosuch' name='x'/>", "type default": "<adapter type='default' name='x'/>",
    "host": "<adapter type='scsi_host' name='scsi_host7'/>", "host without a number": "<adapter type='scsi_host' name='what'/>", "host of nothing": "<adapter type='scsi_host'/>",
    "host of both": "<adapter type='scsi_host' name='x'><parentaddr unique_id='1'><address/></parentaddr></adapter>", "host of an empty name": "<adapter type='scsi_host' name=''/>",
    **{f"address {label}": f"<adapter type='scsi_host'><parentaddr{' ' + unique if unique else ''}>{address}</parentaddr></adapter>" for label, unique, address in (
        ("full", "unique_id='5'", "<address domain='0x0001' bus='0x1f' slot='0x1f' function='0x7'/>"), ("decimal", "unique_id='5'", "<address domain='1' bus='31' slot='17' function='2'/>"),
        ("octal", "unique_id='5'", "<address slot='010'/>"), ("empty", "unique_id='5'", "<address/>"), ("none", "unique_id='5'", ""), ("without an id", "", "<address slot='1'/>"),
        ("of id 0", "unique_id='0'", "<address slot='1'/>"), ("of id -1", "unique_id='-1'", "<address slot='1'/>"), ("of id x", "unique_id='x'", "<address slot='1'/>"),
        ("of id 2^31", "unique_id='2147483648'", "<address slot='1'/>"), ("of an empty id", "unique_id=''", "<address slot='1'/>"), ("of id 0x5", "unique_id='0x5'", "<address slot='1'/>"),
        ("slot 32", "unique_id='5'", "<address slot='32'/>"), ("bus 256", "unique_id='5'", "<address bus='256'/>"), ("function 8", "unique_id='5'", "<address function='8'/>"),
        ("domain 65536", "unique_id='5'", "<address domain='65536' slot='1'/>"), ("domain 2^32", "unique_id='5'", "<address domain='4294967296' slot='1'/>"),
        ("slot x", "unique_id='5'", "<address slot='x'/>"), ("empty slot", "unique_id='5'", "<address slot=''/>"), ("slot -1", "unique_id='5'", "<address slot='-1'/>"),
        ("function a", "unique_id='5'", "<address function='0xa'/>"), ("multifunction", "unique_id='5'", "<address slot='1' multifunction='on'/>"),
        ("multifunction x", "unique_id='5'", "<address slot='1' multifunction='x'/>"))},
    **{f"fc {label}": f"<adapter type='fc_host' {attributes}/>" for label, attributes in (
        ("least", f"wwnn='{WWN}' wwpn='{WWN}'"), ("with 0x", f"wwnn='0x{WWN}' wwpn='{WWN.upper()}'"), ("no wwnn", f"wwpn='{WWN}'"), ("no wwpn", f"wwnn='{WWN}'"), ("nothing", ""),
        ("short", f"wwnn='{WWN[1:]}' wwpn='{WWN}'"), ("long", f"wwnn='{WWN}' wwpn='{WWN}0'"), ("no digit", f"wwnn='{WWN[1:]}g' wwpn='{WWN}'"), ("empty", f"wwnn='' wwpn='{WWN}'"),
        ("managed yes", f"wwnn='{WWN}' wwpn='{WWN}' managed='yes'"), ("managed no", f"wwnn='{WWN}' wwpn='{WWN}' managed='no'"), ("managed x", f"wwnn='{WWN}' wwpn='{WWN}' managed='x'"),
        ("empty managed", f"wwnn='{WWN}' wwpn='{WWN}' managed=''"), ("parent", f"wwnn='{WWN}' wwpn='{WWN}' parent='scsi_host5'"), ("empty parent", f"wwnn='{WWN}' wwpn='{WWN}' parent=''"),
        ("parent names", f"wwnn='{WWN}' wwpn='{WWN}' parent_wwnn='{WWN}' parent_wwpn='{WWN}'"), ("half of a parent", f"wwnn='{WWN}' wwpn='{WWN}' parent_wwnn='{WWN}'"),
        ("other half of a parent", f"wwnn='{WWN}' wwpn='{WWN}' parent_wwpn='{WWN}'"), ("bad parent", f"wwnn='{WWN}' wwpn='{WWN}' parent_wwnn='x' parent_wwpn='{WWN}'"),
        ("fabric", f"wwnn='{WWN}' wwpn='{WWN}' parent_fabric_wwn='{WWN}'"), ("bad fabric", f"wwnn='{WWN}' wwpn='{WWN}' parent_fabric_wwn='x'"),
        ("everything", f"parent='h' parent_wwnn='{WWN}' parent_wwpn='{WWN}' parent_fabric_wwn='{WWN}' managed='yes' wwnn='{WWN}' wwpn='{WWN}' name='ignored'"))},
}

# Put into the pool of every type.
BODIES = {
    "plain": "", "cow yes": "<features><cow state='yes'/></features>", "cow x": "<features><cow state='x'/></features>", "cow without a state": "<features><cow/></features>",
    "empty features": "<features/>", "unknown feature": "<features><what/></features>",
    "refresh capacity": "<refresh><volume allocation='capacity'/></refresh>", "refresh default": "<refresh><volume allocation='default'/></refresh>",
    "refresh x": "<refresh><volume allocation='x'/></refresh>", "refresh of nothing": "<refresh><volume/></refresh>", "refresh of an empty value": "<refresh><volume allocation=''/></refresh>",
    "numbers": "<capacity unit='nosuch'>x</capacity><allocation>-5</allocation><available/>",
    "mode": "<target><path>/p</path><permissions><mode>0755</mode><owner>5</owner><group>6</group><label>l&amp;</label></permissions></target>",
    "second target": "<target><path>/second//path/</path></target>",
}

# Options in a namespace of their own, which only the daemon's backends know.
OPTIONS = {
    "mount options": f"<f:mount_opts {FS}><f:option name='a'/><f:option name='b,c=&lt;'/></f:mount_opts>", "mount option without a name": f"<f:mount_opts {FS}><f:option/></f:mount_opts>",
    "mount option of an empty name": f"<f:mount_opts {FS}><f:option name=''/></f:mount_opts>", "no mount option": f"<f:mount_opts {FS}/>",
    "mount options without a prefix": "<mount_opts xmlns='http://libvirt.org/schemas/storagepool/fs/1.0'><option name='a'/></mount_opts>",
    "mount options of no namespace": "<mount_opts><option name='a'/></mount_opts>",
    "config options": f"<r:config_opts {RBD}><r:option name='a' value='b'/><r:option name='c' value='&lt;'/></r:config_opts>",
    "config option without a value": f"<r:config_opts {RBD}><r:option name='a'/></r:config_opts>", "config option without a name": f"<r:config_opts {RBD}><r:option value='a'/></r:config_opts>",
    "config option of an empty value": f"<r:config_opts {RBD}><r:option name='a' value=''/></r:config_opts>", "no config option": f"<r:config_opts {RBD}/>",
}

# Put into a pool of type dir instead of its target.
TARGETS = {
    **{f"path {path}": f"<target><path>{path}</path></target>" for path in
       "/ // /// //a //a//b/ /a//b/// a a/ . .. ./a /a/../b http://a//b/ a://b//c/ /a://b//c :// x: https:/a//b gluster://h//v/ ü//ß/ //".split()},
    "path with an entity": "<target><path>/a&#9;&amp;&lt;&gt;&quot;&apos;</path></target>", "path with a line break": "<target><path>/a\nb</path></target>",
    "path with blanks": "<target><path>  /a  </path></target>", "path in two": "<target><path>/a<!-- x -->b<![CDATA[<c>]]></path></target>",
    "empty path": "<target><path/></target>", "no path": "<target/>", "blank path": "<target><path> </path></target>",
    "long path": f"<target><path>{'/long' * 1000}</path></target>", "path in an element": "<target><path><b>/a</b></path></target>",
    "first path empty": "<target><path/><path>/a</path></target>", "second target": "<target/><target><path>/b</path></target>",
    **{f"{kind} {value}": f"<target><path>/p</path><permissions><{kind}>{value}</{kind}></permissions></target>" for kind, values in {
        "mode": "0 00 7 8 0777 01000 777 -1 +7 0x7 x 00000000777", "owner": "0 -1 -2 +5 4294967294 4294967295 4294967296 2147483648 x 0x5 007",
        "group": "0 -1 -2 2147483647 4294967295 9999999999999999999999"}.items() for value in values.split()},
    "blank before the mode": "<target><path>/p</path><permissions><mode> 0755</mode></permissions></target>",
    "blank behind the mode": "<target><path>/p</path><permissions><mode>0755 </mode></permissions></target>",
    "blank before the owner": "<target><path>/p</path><permissions><owner> 5</owner></permissions></target>",
    "empty mode": "<target><path>/p</path><permissions><mode/></permissions></target>", "empty owner": "<target><path>/p</path><permissions><owner/></permissions></target>",
    "empty label": "<target><path>/p</path><permissions><label/></permissions></target>", "blank label": "<target><path>/p</path><permissions><label> </label></permissions></target>",
    "empty permissions": "<target><path>/p</path><permissions/></target>", "two permissions": "<target><path>/p</path><permissions><mode>0700</mode></permissions><permissions><mode>0755</mode></permissions></target>",
    "two modes": "<target><path>/p</path><permissions><mode>0700</mode><mode>0755</mode></permissions></target>",
    "encryption": "<target><path>/p</path><encryption format='luks'><secret type='passphrase' usage='u'/></encryption></target>",
    "timestamps": "<target><path>/p</path><timestamps><atime>1</atime></timestamps></target>",
}

# Whole documents.
WHOLE = {
    **{f"name {name}": f"<pool type='dir'><name>{name}</name>{UUID}{TARGET}</pool>" for name in
       ("a&amp;b", "a&#9;b", "&#128512;", "a&#x7f;b", "&#x85;", "<b>bold</b>", "x<!-- y -->z", "<![CDATA[<&>]]>", "  blanks  ", "a/b", ".", "..", "", "n" * 5000, "bücher", "\ufffd")},
    **{f"uuid {uuid}": f"<pool type='dir'><name>p</name><uuid>{uuid}</uuid>{TARGET}</pool>" for uuid in
       ("3E3FCE45-4F53-4FA7-BB32-11F34168B82B", "3e3fce454f534fa7bb3211f34168b82b", " 3e3fce45-4f53-4fa7-bb32-11f34168b82b ", "3e3fce45 4f53 4fa7 bb32 11f34168b82b", "3e3fce45--4f53-4fa7-bb32-11f34168b82b",
        "3e-3f-ce-45-4f53-4fa7-bb32-11f34168b82b", "3e3fce45-4f53-4fa7-bb32-11f34168b82", "3e3fce45-4f53-4fa7-bb32-11f34168b82bc", "{3e3fce45-4f53-4fa7-bb32-11f34168b82b}", "x",
        "3e3fce45-4f53-4fa7-bb32-11f34168b82-b", "-3e3fce45-4f53-4fa7-bb32-11f34168b82b", "3e3fce45-4f53-4fa7-bb32-11f34168b82b-", "00000000-0000-0000-0000-000000000000")},
    "utf-8 declared": f"<?xml version='1.0' encoding='utf-8'?><pool type='dir'><name>ü</name>{UUID}{TARGET}</pool>",
    "another version": f"<?xml version='1.1'?><pool type='dir'><name>p</name>{UUID}{TARGET}</pool>",
    "unknown encoding": f"<?xml version='1.0' encoding='nosuch'?><pool type='dir'><name>p</name>{UUID}{TARGET}</pool>",
    "standalone": f"<?xml version='1.0' standalone='yes'?><pool type='dir'><name>p</name>{UUID}{TARGET}</pool>",
    "control character": f"<pool type='dir'><name>a&#1;b</name>{UUID}{TARGET}</pool>", "undefined entity": f"<pool type='dir'><name>&nosuch;</name>{UUID}{TARGET}</pool>",
    "default namespace": f"<pool xmlns='urn:x' type='dir'><name>p</name>{UUID}{TARGET}</pool>", "attribute with a namespace": f"<pool xmlns:x='urn:x' x:type='fs' type='dir'><name>p</name>{UUID}{TARGET}</pool>",
    "only an attribute with a namespace": f"<pool xmlns:x='urn:x' x:type='dir'><name>p</name>{UUID}{TARGET}</pool>", "undeclared prefix": f"<pool type='dir'><name>p</name>{UUID}{TARGET}<x:y/></pool>",
    "two roots": f"<pool type='dir'><name>p</name>{UUID}{TARGET}</pool><pool/>", "unclosed": "<pool type='dir'><name>p", "pool in a pool": f"<pool><pool type='dir'><name>p</name>{UUID}{TARGET}</pool></pool>",
    "no type": f"<pool><name>p</name>{UUID}{TARGET}</pool>", "blank around the type": f"<pool type=' dir '><name>p</name>{UUID}{TARGET}</pool>", "empty": "", "blank": " ", "text": "pool", "volume": "<volume/>",
    "two sources": f"<pool type='fs'><name>p</name>{UUID}<source/><source><device path='/dev/z'/></source>{TARGET}</pool>",
    "no uuid": f"<pool type='dir'><name>p</name>{TARGET}</pool>", "unknown attributes": f"<pool type='dir' a='b'><name c='d'>p</name>{UUID}{TARGET}</pool>",
    **{f"{type} without a name": f"<pool type='{type}'>{UUID}<source>{source}</source>{TARGET}</pool>" for type, source in SOURCES.items()},
    **{f"{type} without a source": f"<pool type='{type}'><name>p</name>{UUID}{TARGET}</pool>" for type in SOURCES},
    **{f"{type} with an empty source": f"<pool type='{type}'><name>p</name>{UUID}<source/>{TARGET}</pool>" for type in SOURCES},
    **{f"{type} without a target": f"<pool type='{type}'><name>p</name>{UUID}<source>{source}</source></pool>" for type, source in SOURCES.items()},
    **{f"{type} with everything": f"<pool type='{type}'><name>p</name>{UUID}<source>{EVERYTHING}</source>{TARGET}</pool>" for type in SOURCES},
    **{f"{type} of slashes": f"<pool type='{type}'><name>p</name>{UUID}<source><name>//n//m/</name><host name='h'/></source>{TARGET}</pool>" for type in ("logical", "zfs", "rbd", "gluster", "vstorage")},
}

FORMATS = ("auto ext2 ext3 ext4 ufs iso9660 udf gfs gfs2 vfat hfs+ xfs ocfs2 vmfs nfs glusterfs cifs unknown dos dvh gpt mac bsd pc98 sun lvm2 raw none qcow2").split()


def pool(type: str, source: str, body: str = "", target: str = TARGET) -> str:
    return f"<pool type='{type}'><name>p</name>{UUID}<source>{source}</source>{target}{body}</pool>"


POOLS = {
    **{f"{type}: source: {name}": pool(type, SOURCES[type] + part) for type in ("dir", "netfs", "disk", "iscsi", "rbd") for name, part in PARTS.items()},
    **{f"{type}: format {name}": pool(type, f"{least}<format type='{name}'/>") for type, least in SOURCES.items() if type in ("dir", "fs", "netfs", "logical", "disk") for name in FORMATS},
    **{f"netfs: protocol of {name}": pool("netfs", f"{SOURCES['netfs']}<format type='{name}'/><protocol ver='3'/>") for name in ("auto", "nfs", "cifs", "glusterfs")},
    **{f"{type}: {name}": pool(type, least, body) for type, least in SOURCES.items() for name, body in BODIES.items()},
    **{f"scsi: adapter: {name}": pool("scsi", adapter) for name, adapter in ADAPTERS.items()},
    **{f"dir: target: {name}": pool("dir", "", target=target) for name, target in TARGETS.items()},
    **{f"whole: {name}": text for name, text in WHOLE.items()},
}


DAEMONS = {f"{type}: {name}": pool(type, SOURCES[type], body) for type in ("dir", "fs", "netfs") for name, body in OPTIONS.items()}


def volume(body: str, kind: str = "") -> str:
    return f"<volume{kind}><name>v</name>{body}</volume>"


def size(text: str, unit: str = "") -> str:
    return f"<capacity{unit}>{text}</capacity><allocation>0</allocation>"


def target(body: str) -> str:
    return volume(size("5") + f"<target>{body}</target>")


SECRET = "<secret type='passphrase' uuid='3e3fce45-4f53-4fa7-bb32-11f34168b82b'/>"
UNITS = ("B b byte bytes Bytes BYTES K KB KiB k kb kib kIB Kb KIb M MB MiB G GB GiB T TB TiB P PB PiB E EB EiB iB Ki kilobyte Z ZB ZiB Y KBB Bi x").split()

# Put into a pool of every type.
COMMON_VOLUMES = {
    "plain": volume(size("5")), "everything of a target": target(
        "<path>/x//y/</path><permissions><mode>0640</mode><owner>1</owner><group>2</group><label>l</label></permissions><timestamps><atime>1.5</atime><mtime>2</mtime><ctime>3</ctime></timestamps>"
        "<compat>1.1</compat><nocow/><clusterSize unit='KiB'>64</clusterSize><features><lazy_refcounts/><extended_l2/></features>"
        f"<encryption format='luks'>{SECRET}<cipher name='aes' size='256' mode='cbc' hash='sha256'/><ivgen name='plain64' hash='sha256'/></encryption>"),
    "extents": volume("<source><device path='/dev/z'><extent start='1' end='2'/><extent start='5' end='6'/></device></source>" + size("5")),
    "backing store": volume(size("5") + "<backingStore><path>/b//c/</path><permissions><mode>0600</mode></permissions><timestamps><atime>1</atime></timestamps></backingStore>"),
}

# Put into one pool of each kind that has formats of its own, and one that has none.
FORMAT_VOLUMES = {
    **{f"format {format}": target(f"<format type='{format}'/>") for format in
       ("none raw dir bochs cloop dmg iso vpc vdi fat vhd ploop cow qcow qcow2 qed vmdk luks auto vhdx linux fat16 fat32 linux-swap linux-lvm linux-raid extended ext4 unknown RAW").split()},
    "empty format": target("<format type=''/>"), "format without a type": target("<format/>"),
    "backing store of a format": volume(size("5") + "<backingStore><path>/b</path><format type='qcow2'/></backingStore>"),
    "backing store of an unknown format": volume(size("5") + "<backingStore><path>/b</path><format type='nosuch'/></backingStore>"),
}

# Put into a pool of type dir.
DIR_VOLUMES = {
    **{f"unit {unit}": volume(size("3", f" unit='{unit}'")) for unit in UNITS},
    "empty unit": volume(size("3", " unit=''")), "blank unit": volume(size("3", " unit=' '")), "blank around the unit": volume(size("3", " unit=' KiB'")),
    **{f"capacity {text}": volume(size(text)) for text in
       "0 00 1 +1 -1 -0 1.0 1e3 0x10 010 x 9223372036854775807 9223372036854775808 18446744073709551615 18446744073709551616 99999999999999999999999 1_000 1,000 ١".split()},
    **{f"capacity {text} of {unit}": volume(size(text, f" unit='{unit}'")) for text, unit in (
        ("7", "EiB"), ("8", "EiB"), ("9", "EB"), ("10", "EB"), ("9007199254740991", "KiB"), ("9007199254740992", "KiB"), ("18446744073709551615", "KB"), ("18446744073709551616", "E"), ("16", "E"), ("0", "E"))},
    "blank before the capacity": volume(size(" 5")), "blank behind the capacity": volume(size("5 ")), "line break before the capacity": volume(size("\n5")),
    "comment in the capacity": volume(size("5<!-- -->6")), "cdata capacity": volume(size("<![CDATA[5]]>")), "element in the capacity": volume(size("<b>5</b>")),
    "empty capacity": volume(size("")), "blank capacity": volume(size(" ")), "no capacity": volume(""), "capacity of a unit alone": volume(size("", " unit='KiB'")),
    "allocation of a unit": volume("<capacity unit='GB'>1</capacity><allocation unit='K'>3</allocation>"), "bad allocation": volume("<capacity>1</capacity><allocation>x</allocation>"),
    "allocation of an unknown unit": volume("<capacity>1</capacity><allocation unit='x'>1</allocation>"), "empty allocation": volume("<capacity>7</capacity><allocation/>"),
    "physical": volume(size("5") + "<physical unit='x'>9</physical>"), "two capacities": volume("<capacity>1</capacity>" + size("2")),
    **{f"type {kind}": volume(size("5"), f" type='{kind}'") for kind in "file block dir network netdir ploop none nosuch FILE".split()}, "empty type": volume(size("5"), " type=''"),
    "key": volume("<key>k</key>" + size("5")), "no name": f"<volume>{size('5')}</volume>", "empty name": f"<volume><name/>{size('5')}</volume>", "blank name": f"<volume><name> </name>{size('5')}</volume>",
    "name of entities": f"<volume><name>&lt;&amp;&gt;&quot;&apos;&#9;</name>{size('5')}</volume>", "name in unicode": f"<volume><name>bücher😀</name>{size('5')}</volume>",
    "two names": f"<volume><name>v</name><name>w</name>{size('5')}</volume>", "long name": f"<volume><name>{'n' * 4000}</name>{size('5')}</volume>",
    **{f"{kind} {value}": target(f"<permissions><{kind}>{value}</{kind}></permissions>") for kind, values in {
        "mode": "0 0777 01777 8 -1 x", "owner": "0 -1 -2 4294967295 4294967296 x", "group": "-1 5 x"}.items() for value in values.split()},
    "empty mode": target("<permissions><mode/></permissions>"), "empty owner": target("<permissions><owner/></permissions>"), "label": target("<permissions><label>a&amp;b</label></permissions>"),
    "empty permissions": target("<permissions/>"), "mode alone": target("<permissions><mode>0600</mode></permissions>"),
    **{f"compat {text}": target(f"<format type='qcow2'/><compat>{text}</compat>") for text in "0.10 1.1 1.10 2.0 01.01 1 1. .1 1.1.1 a.b -1.1 1.-1 +1.1 1.1x 4294967296.1 1.4294967296 4294967295.1".split()},
    "blank compat": target("<compat> 1.1</compat>"), "blank in compat": target("<compat>1. 1</compat>"), "blank behind compat": target("<compat>1.1 </compat>"), "empty compat": target("<compat/>"), "compat of raw": target("<compat>1.1</compat>"),
    **{f"cluster size {text}": target(f"<format type='qcow2'/><clusterSize>{text}</clusterSize>") for text in "0 1 512 65536 x -1 18446744073709551615 18446744073709551616".split()},
    **{f"cluster size of unit {unit}": target(f"<clusterSize unit='{unit}'>4</clusterSize>") for unit in "KiB M x".split()}, "empty cluster size": target("<clusterSize/>"),
    "cluster size 16 E": target("<clusterSize unit='E'>16</clusterSize>"), "cluster size 15 E": target("<clusterSize unit='E'>15</clusterSize>"),
    "features": target("<features><extended_l2/><lazy_refcounts/></features>"), "empty features": target("<features/>"), "unknown feature": target("<features><what/></features>"),
    "features of 0.10": target("<compat>0.10</compat><features><lazy_refcounts/></features>"), "feature with content": target("<features><lazy_refcounts a='b'>x</lazy_refcounts></features>"),
    "two features": target("<features/><features><lazy_refcounts/></features>"), "text in features": target("<features>x</features>"), "nocow": target("<nocow/>"), "nocow with content": target("<nocow>x</nocow>"),
    "timestamps": target("<timestamps><atime>1341933637.273190990</atime><mtime>x</mtime><ctime/><btime>0</btime></timestamps>"),
    "backing store without a path": volume(size("5") + "<backingStore/>"), "backing store of an empty path": volume(size("5") + "<backingStore><path/></backingStore>"),
    "backing store of bad permissions": volume(size("5") + "<backingStore><path>/b</path><permissions><mode>9</mode></permissions></backingStore>"),
    "bad permissions of no backing store": volume(size("5") + "<backingStore><permissions><mode>9</mode></permissions></backingStore>"),
    "two backing stores": volume(size("5") + "<backingStore/><backingStore><path>/b</path></backingStore>"), 
    "relative backing store": volume(size("5") + "<backingStore><path>b</path></backingStore>"),
    "backing store with everything": volume(size("5") + "<backingStore><path>/b</path><format type='qcow2'/><permissions><mode>0600</mode><owner>1</owner><group>2</group><label>l</label></permissions>"
                                            "<timestamps><atime>1</atime></timestamps><compat>1.1</compat><features/><encryption format='nosuch'/></backingStore>"),
    "path": target("<path>/x</path>"), "empty path": target("<path/>"), "no target": volume(size("5")), "two targets": volume(size("5") + "<target/><target><format type='qcow2'/></target>"),
    "source without a device": volume("<source/>" + size("5")), "source of a bad device": volume("<source><device/></source>" + size("5")),
    **{f"encryption {label}": target(f"<format type='{format}'/><encryption {attributes}>{body}</encryption>") for label, format, attributes, body in (
        ("luks", "raw", "format='luks'", SECRET), ("qcow", "qcow2", "format='qcow'", SECRET), ("luks2", "raw", "format='luks2'", SECRET), ("default", "raw", "format='default'", SECRET), ("luks of qcow2", "qcow2", "format='luks'", SECRET),
        ("unknown", "raw", "format='nosuch'", SECRET), ("of no format", "raw", "", SECRET), ("of an empty format", "raw", "format=''", SECRET), ("of qemu", "raw", "format='luks' engine='qemu'", SECRET),
        ("of librbd", "raw", "format='luks' engine='librbd'", SECRET), ("of an unknown engine", "raw", "format='luks' engine='x'", SECRET), ("of engine default", "raw", "format='luks' engine='default'", SECRET), ("of an empty engine", "raw", "format='luks' engine=''", SECRET),
        ("of no secret", "raw", "format='luks'", ""), ("of two secrets", "raw", "format='luks'", SECRET + SECRET), ("of a secret by usage", "raw", "format='luks'", "<secret type='passphrase' usage='u&amp;'/>"),
        ("of a secret of no type", "raw", "format='luks'", "<secret usage='u'/>"), ("of a secret of an empty type", "raw", "format='luks'", "<secret type='' usage='u'/>"), ("of a secret of an unknown type", "raw", "format='luks'", "<secret type='x' usage='u'/>"),
        ("of a secret of nothing", "raw", "format='luks'", "<secret type='passphrase'/>"), ("of a secret by both", "raw", "format='luks'", "<secret type='passphrase' usage='u' uuid='3e3fce45-4f53-4fa7-bb32-11f34168b82b'/>"),
        ("of a bad uuid", "raw", "format='luks'", "<secret type='passphrase' uuid='x'/>"), ("of an uppercase uuid", "raw", "format='luks'", "<secret type='passphrase' uuid='3E3FCE45-4F53-4FA7-BB32-11F34168B82B'/>"),
        ("with a cipher", "raw", "format='luks'", SECRET + "<cipher name='aes' size='256'/>"), ("with a full cipher", "raw", "format='luks'", SECRET + "<cipher name='aes' size='256' mode='xts' hash='sha512'/><ivgen name='plain'/>"),
        ("with a cipher of no name", "raw", "format='luks'", SECRET + "<cipher size='256'/>"), ("with a cipher of no size", "raw", "format='luks'", SECRET + "<cipher name='aes'/>"),
        ("with a cipher of size x", "raw", "format='luks'", SECRET + "<cipher name='aes' size='x'/>"), ("with a cipher of size -1", "raw", "format='luks'", SECRET + "<cipher name='aes' size='-1'/>"), ("with a cipher of size 0", "raw", "format='luks'", SECRET + "<cipher name='aes' size='0'/>"),
        ("with a cipher of an empty name", "raw", "format='luks'", SECRET + "<cipher name='' size='1'/>"), ("with an ivgen alone", "raw", "format='luks'", SECRET + "<ivgen name='plain'/>"),
        ("with an ivgen of no name", "raw", "format='luks'", SECRET + "<cipher name='aes' size='256'/><ivgen/>"), ("qcow with a cipher", "qcow2", "format='qcow'", SECRET + "<cipher name='aes' size='256'/><ivgen/>"),
        ("luks2 with a cipher", "raw", "format='luks2'", SECRET + "<cipher name='aes' size='256'/>"))},
    "pool": "<pool/>", "empty": "", "unclosed": "<volume>", "default namespace": f"<volume xmlns='urn:x'><name>v</name>{size('5')}</volume>", "prefix": f"<x:volume xmlns:x='urn:x'><name>v</name>{size('5')}</x:volume>",
}

VOLUMES = {
    **{(type, name): text for type in SOURCES for name, text in COMMON_VOLUMES.items()},
    **{(type, name): text for type in ("dir", "logical", "disk", "rbd", "gluster") for name, text in FORMAT_VOLUMES.items()},
    **{("dir", name): text for name, text in DIR_VOLUMES.items()},
}

# What findStoragePoolSources is asked with, for a pool type that has discovery without a daemon.
SPECIFICATIONS = {
    "host": "<source><host name='h'/></source>", "host without a name": "<source><host/></source>", "bad port": "<source><host name='h' port='x'/></source>",
    "unknown format": "<source><host name='h'/><format type='nosuch'/></source>", "dir": "<source><host name='h'/><dir path='/x'/></source>", "bad auth": "<source><host name='h'/><auth/></source>",
    "not a source": "<pool/>", "unclosed": "<source>", "empty": "", "protocol": "<source><host name='h'/><protocol ver='3,x'/></source>", "bad device": "<source><host name='h'/><device/></source>",
}
