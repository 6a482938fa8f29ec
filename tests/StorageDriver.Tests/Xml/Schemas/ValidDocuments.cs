namespace Cistern.StorageDriver.Tests.Xml.Schemas;

/// <summary>Documents with everything that libvirt's schemas allow, by what they are.</summary>
internal static class ValidDocuments
{
    private const string Begin =
        """
        <name>p</name><uuid>3e3fce45-4f53-4fa7-bb32-11f34168b82b</uuid>
        <capacity unit='KiB'>5</capacity><allocation>4</allocation><available unit='b'>1</available>
        <features><cow state='yes'/></features>
        """;

    private const string Vendor = "<vendor name='v'/><product name='w'/>";

    private const string Hosts = "<host name='one.example' port='7'/><host name='::1'/>";

    private const string Device = "<device path='/dev/z' part_separator='no'><freeExtent start='1' end='2'/><freeExtent start='3' end='4'/></device>";

    private const string Auth = "<auth type='chap' username='u'><secret uuid='3e3fce45-4f53-4fa7-bb32-11f34168b82b'/></auth>";

    private const string Initiator = "<initiator><iqn name='iqn.2013-06.com.example:i'/></initiator>";

    private const string Target =
        "<target><path>/p</path><permissions><mode>0755</mode><owner>0</owner><group>-1</group><label>l</label></permissions></target>";

    private const string Wwn = "5001a4ace3b4ee86";

    private const string MountOptions =
        "<fs:mount_opts xmlns:fs='http://libvirt.org/schemas/storagepool/fs/1.0'><fs:option name='a'/><fs:option name='b'/></fs:mount_opts>";

    private const string ConfigOptions =
        "<r:config_opts xmlns:r='http://libvirt.org/schemas/storagepool/rbd/1.0'><r:option name='a' value='b'/></r:config_opts>";

    public static IReadOnlyDictionary<string, string> Pools { get; } = new Dictionary<string, string>
    {
        ["dir"] = Pool("dir", Vendor, Target),
        ["fs"] = Pool("fs", $"{Device}<format type='ext4'/>{Vendor}", Target + MountOptions),
        ["netfs"] = Pool("netfs", $"{Hosts}<dir path='/e'/><format type='nfs'/><protocol ver='4'/>{Vendor}", Target + MountOptions),
        ["netfs cifs"] = Pool("netfs", $"{Hosts}<dir path='share'/><format type='cifs'/>{Vendor}", Target),
        ["logical"] = Pool("logical", $"<name>vg</name>{Device}<device path='/dev/y'/><format type='lvm2'>{Vendor}</format>{Vendor}", Target),
        ["disk"] = Pool("disk", $"{Device}<format type='gpt'>{Vendor}</format>{Vendor}", Target),
        ["iscsi"] = Pool("iscsi", $"{Hosts}<device path='iqn.2013-06.com.example:t'/>{Initiator}{Auth}{Vendor}", Target),
        ["iscsi-direct"] = Pool("iscsi-direct", $"{Hosts}<device path='iqn.2013-06.com.example:t'/>{Initiator}{Auth}"),
        ["scsi"] = Pool("scsi", $"<adapter type='scsi_host' name='scsi_host3'/>{Vendor}", Target),
        ["scsi parent"] = Pool(
            "scsi",
            "<adapter><parentaddr unique_id='1'><address domain='0x1' bus='0x2' slot='0x1f' function='0x7' multifunction='on'/></parentaddr></adapter>",
            Target),
        ["scsi fc"] = Pool(
            "scsi",
            $"<adapter type='fc_host' parent='h' managed='yes' parent_wwnn='{Wwn}' parent_wwpn='{Wwn}' parent_fabric_wwn='{Wwn}' wwnn='{Wwn}' wwpn='0x{Wwn}'/>",
            Target),
        ["mpath"] = Pool("mpath", "", Target),
        ["rbd"] = Pool(
            "rbd",
            $"<name>n</name>{Hosts}<auth type='ceph' username='u'><secret usage='s'/></auth>",
            "<refresh><volume allocation='capacity'/></refresh>" + ConfigOptions),
        ["sheepdog"] = Pool("sheepdog", $"<name>n</name>{Hosts}"),
        ["gluster"] = Pool("gluster", $"<name>n</name>{Hosts}<dir path='/d'/>"),
        ["zfs"] = Pool("zfs", $"<name>n</name>{Device}", Target),
        ["vstorage"] = Pool("vstorage", "<name>n</name>", Target),
    };

    public static IReadOnlyDictionary<string, string> Volumes { get; } = new Dictionary<string, string>
    {
        ["everything"] =
            """
            <volume type='block'><name>v</name><key>k</key>
            <source><device path='/dev/z'><extent start='1' end='2'/></device><device path='/dev/y'/></source>
            <capacity unit='GiB'>5</capacity><allocation>4</allocation><physical>3</physical>
            <target><path>/p</path><format type='qcow2'/>
            <permissions><mode>0600</mode><owner>1</owner><group>2</group><label>l</label></permissions>
            <timestamps><atime>1.5</atime><btime>2</btime><ctime>3.123456789</ctime><mtime>4</mtime></timestamps>
            <compat>1.1</compat><nocow/><clusterSize unit='KiB'>64</clusterSize>
            <features><lazy_refcounts/><extended_l2/></features></target>
            <backingStore><path>/b</path><format type='raw'/><permissions><mode>0</mode></permissions><timestamps><atime>1</atime></timestamps></backingStore>
            </volume>
            """,
        ["encrypted"] =
            """
            <volume><name>v</name><target><path>http://host/v</path>
            <encryption format='luks' engine='qemu'><secret type='passphrase' uuid='3e3fce45-4f53-4fa7-bb32-11f34168b82b'/>
            <cipher name='aes' size='256' mode='cbc' hash='sha256'/><ivgen name='plain64' hash='sha256'/></encryption></target></volume>
            """,
        ["encrypted by usage"] = "<volume><name>v</name><target><encryption format='qcow'><secret type='passphrase' usage='u'/></encryption></target></volume>",
    };

    public static IReadOnlyDictionary<string, string> Secrets { get; } = new[]
    {
        ("volume", "<volume>/v</volume>"), ("ceph", "<name>c</name>"), ("iscsi", "<target>t</target>"), ("tls", "<name>t</name>"), ("vtpm", "<name>m</name>"),
    }.ToDictionary(
        usage => usage.Item1,
        usage => "<secret ephemeral='no' private='yes'><uuid>3e3fce45-4f53-4fa7-bb32-11f34168b82b</uuid><description>d</description>"
            + $"<usage type='{usage.Item1}'>{usage.Item2}</usage></secret>");

    private static string Pool(string type, string source, string rest = "") => $"<pool type='{type}'>{Begin}<source>{source}</source>{rest}</pool>";
}
