using Cistern.Storage.Backends;
using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;
using Cistern.Storage.Xml;

namespace Cistern.StorageDriver.Tests.Xml;

public class PoolXmlTests
{
    private const string Target = "<target><path>/p</path></target>";

    private const string Wwn = "5001a4ace3b4ee86";

    private static readonly Guid Uuid = new("3e3fce45-4f53-4fa7-bb32-11f34168b82b");

    [Fact]
    public void A_pool_is_written_in_libvirts_layout()
    {
        var pool = new PoolDefinition
        {
            Type = PoolType.Dir,
            Name = "a<&>'\"b",
            Uuid = Uuid,
            Cow = false,
            Target = new PoolTarget("/p", new Permissions(0x1ed, uint.MaxValue - 1, 7, "l")),
        };

        Assert.Equal(
            """
            <pool type='dir'>
              <name>a&lt;&amp;&gt;&apos;&quot;b</name>
              <uuid>3e3fce45-4f53-4fa7-bb32-11f34168b82b</uuid>
              <capacity unit='bytes'>18446744073709551615</capacity>
              <allocation unit='bytes'>1</allocation>
              <available unit='bytes'>2</available>
              <features>
                <cow state='no'/>
              </features>
              <source>
              </source>
              <target>
                <path>/p</path>
                <permissions>
                  <mode>0755</mode>
                  <owner>-2</owner>
                  <group>7</group>
                  <label>l</label>
                </permissions>
              </target>
            </pool>

            """,
            PoolXml.Format(pool, PoolTypes.Get(PoolType.Dir), new PoolNumbers(ulong.MaxValue, 1, 2), active: true));
    }

    [Fact]
    public void Free_extents_are_shown_while_the_pool_runs()
    {
        var pool = new PoolDefinition
        {
            Type = PoolType.Disk,
            Name = "d",
            Uuid = Uuid,
            Source = new PoolSource { Devices = [new SourceDevice("/dev/z", true) { FreeExtents = [new FreeExtent(1, 2)] }], Format = "gpt" },
            Target = new PoolTarget("/dev"),
        };

        Assert.Contains(
            """
                <device path='/dev/z' part_separator='yes'>
                  <freeExtent start='1' end='2'/>
                </device>

            """,
            PoolXml.Format(pool, PoolTypes.Get(PoolType.Disk), default, active: true),
            StringComparison.Ordinal);
        Assert.DoesNotContain("freeExtent", PoolXml.Format(pool, PoolTypes.Get(PoolType.Disk), default, active: false), StringComparison.Ordinal);
    }

    [Fact]
    public void Run_state_is_wrapped_and_read_back()
    {
        var pool = Parse($"<pool type='dir'><name>a</name>{Target}</pool>");
        var state = PoolXml.FormatState(pool, PoolTypes.Get(PoolType.Dir), new PoolNumbers(3, 2, 1));

        Assert.StartsWith("<poolstate>\n  <pool type='dir'>\n    <name>a</name>\n", state, StringComparison.Ordinal);
        Assert.EndsWith("  </pool>\n</poolstate>\n", state, StringComparison.Ordinal);
        Assert.Equal(pool.Uuid, PoolXml.ParseState(state, PoolTypes.Get).Uuid);
    }

    [Fact]
    public void Numbers_in_a_document_are_ignored_and_a_missing_uuid_is_made()
    {
        var xml = $"<pool type='dir'><name>a</name><capacity>5</capacity>{Target}</pool>";

        Assert.Equal(default, Parse(xml).Numbers);
        Assert.NotEqual(Parse(xml).Uuid, Parse(xml).Uuid);
    }

    [Fact]
    public void Pool_and_source_name_stand_in_for_each_other()
    {
        Assert.Equal("vg", Parse("<pool type='logical'><source><name>vg</name></source></pool>").Name);
        Assert.Equal("vg", Parse("<pool type='logical'><name>vg</name></pool>").Source.Name);
        Assert.Equal("/dev/vg", Parse("<pool type='logical'><name>a</name><source><name>vg</name></source></pool>").Target!.Path);
        Assert.Equal("/dev/zvol/tank", Parse("<pool type='zfs'><name>tank</name></pool>").Target!.Path);
    }

    [Fact]
    public void Text_is_found_as_xpath_finds_it()
    {
        Assert.Equal("acd&b", Parse("<pool type='dir'><!-- x --><name>a<c>c</c>d<![CDATA[&b]]></name><name>z</name><target/>" + Target + "</pool>").Name);
        Assert.Equal("/p", Parse($"<pool type='dir'><name>a</name><target/>{Target}</pool>").Target!.Path);
        Assert.Equal(" a ", Parse($"\ufeff<?xml version='1.0' encoding='UTF-16'?><pool type='dir'><name> a </name>{Target}<unknown/></pool>").Name);
    }

    [Theory]
    [InlineData("", 35, 18, "")]
    [InlineData("<pool", 35, 18, "")]
    [InlineData("<pool>&x;</pool>", 35, 18, "x")]
    [InlineData("<!DOCTYPE pool><pool/>", 35, 18, "document types")]
    [InlineData("<!DOCTYPE pool [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><pool>&x;</pool>", 35, 18, "entities")]
    [InlineData("<domain/>", 27, 5, "'domain'")]
    [InlineData("<pool/>", 27, 5, "'type'")]
    [InlineData("<pool type='x'/>", 27, 5, "'x'")]
    [InlineData("<pool type='dir'/>", 27, 18, "'name'")]
    [InlineData("<pool type='dir'><name>a</name></pool>", 27, 18, "'target/path'")]
    [InlineData("<pool type='dir'><name>a/b</name></pool>", 27, 18, "a/b")]
    [InlineData("<pool type='dir'><name>a\nb</name></pool>", 35, 5, "'name'")]
    [InlineData("<pool type='dir'><name>a</name><uuid>x</uuid></pool>", 27, 18, "'x'")]
    [InlineData("<pool type='dir'><name>a</name><features><cow state='on'/></features></pool>", 27, 5, "'on'")]
    [InlineData("<pool type='logical'><name>a</name><features><cow state='no'/></features></pool>", 3, 18, "'cow'")]
    [InlineData("<pool type='fs'><name>a</name><source><format type='x'/></source></pool>", 67, 18, "'x'")]
    [InlineData("<pool type='fs'><name>a</name></pool>", 27, 18, "'source/device'")]
    [InlineData("<pool type='netfs'><name>a</name></pool>", 27, 18, "'source/host'")]
    [InlineData("<pool type='netfs'><name>a</name><source><host name='h'/></source></pool>", 27, 18, "'source/dir'")]
    [InlineData("<pool type='netfs'><name>a</name><source><host name='h' port='x'/></source></pool>", 27, 5, "'port'")]
    [InlineData("<pool type='netfs'><name>a</name><source><host name='h'/><dir path='/'/><protocol ver='3,x'/></source></pool>", 35, 18, "'3,x'")]
    [InlineData("<pool type='netfs'><name>a</name><source><format type='cifs'/><protocol ver='3'/></source></pool>", 67, 18, "'cifs'")]
    [InlineData("<pool type='rbd'><name>a</name><source/></pool>", 27, 18, "'source/name'")]
    [InlineData("<pool type='iscsi-direct'><name>a</name><source><host name='h'/></source></pool>", 67, 18, "iqn")]
    [InlineData("<pool type='scsi'><name>a</name></pool>", 27, 18, "'source/adapter'")]
    [InlineData("<pool type='disk'><name>a</name><source><device path='/d' part_separator='x'/></source></pool>", 27, 5, "'part_separator'")]
    [InlineData("<pool type='dir'><name>a</name><target><path>/p</path><permissions><mode>8</mode></permissions></target></pool>", 27, 18, "'8'")]
    [InlineData("<pool type='dir'><name>a</name><target><path>/p</path><permissions><owner/></permissions></target></pool>", 27, 18, "'owner'")]
    [InlineData("<pool type='dir'><name>a</name><target><path>/p</path></target><refresh><volume allocation='x'/></refresh></pool>", 67, 18, "'x'")]
    public void A_bad_document_is_refused_with_libvirts_code_and_names_what_is_wrong(string xml, int code, int domain, string named) =>
        AssertRefused(xml, code, domain, named);

    [Theory]
    [InlineData("<auth type='chap'><secret usage='s'/></auth>", 27, 18, "'username'")]
    [InlineData("<auth type='x' username='u'><secret usage='s'/></auth>", 67, 18, "'x'")]
    [InlineData("<auth username='u'><secret usage='s'/></auth>", 67, 18, "'type'")]
    [InlineData("<auth type='chap' username='u'/>", 27, 18, "secret")]
    [InlineData("<auth type='chap' username='u'><secret/></auth>", 27, 0, "'usage'")]
    [InlineData("<auth type='chap' username='u'><secret uuid='x'/></auth>", 27, 0, "'x'")]
    public void Bad_credentials_are_refused(string auth, int code, int domain, string named) =>
        AssertRefused($"<pool type='rbd'><name>a</name><source><name>n</name><host name='h'/>{auth}</source></pool>", code, domain, named);

    [Theory]
    [InlineData("<adapter/>", 27, 18, "adapter")]
    [InlineData("<adapter name='host3' parent='x'/>", 27, 18, "'parent'")]
    [InlineData("<adapter type='default' name='x'/>", 27, 5, "'default'")]
    [InlineData("<adapter type='scsi_host'/>", 27, 18, "'parentaddr'")]
    [InlineData("<adapter type='scsi_host'><parentaddr unique_id='1'/></adapter>", 27, 18, "address")]
    [InlineData("<adapter type='scsi_host'><parentaddr><address slot='1'/></parentaddr></adapter>", 27, 18, "'unique_id'")]
    [InlineData("<adapter type='scsi_host'><parentaddr unique_id='1'><address slot='0x20'/></parentaddr></adapter>", 27, 0, "slot")]
    [InlineData("<adapter type='scsi_host'><parentaddr unique_id='1'><address bus='x'/></parentaddr></adapter>", 27, 5, "'bus'")]
    [InlineData("<adapter type='fc_host' wwnn='5001a4ace3b4ee86'/>", 27, 18, "'wwpn'")]
    [InlineData("<adapter type='fc_host' wwnn='5001a4ace3b4ee86' wwpn='x'/>", 1, 0, "'x'")]
    [InlineData("<adapter type='fc_host' wwnn='5001a4ace3b4ee86' wwpn='5001a4ace3b4ee86' parent_wwnn='5001a4ace3b4ee86'/>", 27, 18, "'parent_wwpn'")]
    public void A_bad_adapter_is_refused(string adapter, int code, int domain, string named) =>
        AssertRefused($"<pool type='scsi'><name>a</name><source>{adapter}</source>{Target}</pool>", code, domain, named);

    [Fact]
    public void An_adapter_of_the_old_form_is_a_scsi_host()
    {
        var pool = Parse($"<pool type='scsi'><name>a</name><source><adapter name='host3'/></source>{Target}</pool>");

        Assert.Equal(new ScsiHostAdapter("host3", null), pool.Source.Adapter);
    }

    [Fact]
    public void A_pci_address_may_be_hexadecimal_octal_or_decimal()
    {
        var pool = Parse(
            "<pool type='scsi'><name>a</name><source><adapter type='scsi_host'><parentaddr unique_id='5'>"
            + $"<address domain='0x10' bus='017' slot='31' function='0x2'/></parentaddr></adapter></source>{Target}</pool>");

        Assert.Equal(new ScsiHostAdapter(null, new PciParent(16, 15, 31, 2, 5)), pool.Source.Adapter);
    }

    [Fact]
    public void Too_deep_a_document_is_refused()
    {
        const int Depth = 300;
        AssertRefused(string.Concat(Enumerable.Repeat("<a>", Depth)) + string.Concat(Enumerable.Repeat("</a>", Depth)), 35, 18, "256");
    }

    [Theory]
    [InlineData("<unknown/>", "'unknown'")]
    [InlineData("<uuid x='y'/>", "'x'")]
    [InlineData("<name>b</name>", "'name'")]
    [InlineData("<source><host name='h'/></source>", "'host'")]
    [InlineData("<features><cow/></features>", "'state'")]
    [InlineData("<capacity unit='x'>5</capacity>", "'x'")]
    [InlineData("<uuid>x</uuid>", "'x'")]
    public void Validation_names_what_does_not_belong(string element, string named)
    {
        var xml = $"<pool type='dir'><name>a</name>{element}{Target}</pool>";
        var error = Assert.Throws<StorageException>(() => PoolXml.Parse(xml, validate: true, PoolTypes.Get));

        Assert.Equal((StorageErrorCode.XmlInvalidSchema, StorageErrorDomain.Xml), (error.Code, error.Domain));
        Assert.Contains(named, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Sources_are_written_one_after_the_other()
    {
        var type = PoolTypes.Get(PoolType.NetFs);
        Assert.Equal("<sources>\n</sources>\n", SourceListXml.Format([], type));

        var source = SourceListXml.Parse("<source><host name='h'/><dir path='/e/'/><format type='nfs'/></source>", type);
        Assert.Equal(
            """
            <sources>
              <source>
                <host name='h'/>
                <dir path='/e'/>
                <format type='nfs'/>
              </source>
            </sources>

            """,
            SourceListXml.Format([source], type));
    }

    [Fact]
    public void Capabilities_list_formats_of_the_types_that_have_some()
    {
        Assert.Equal(
            """
            <storagepoolCapabilities>
              <pool type='logical' supported='yes'>
                <poolOptions>
                  <defaultFormat type='lvm2'/>
                  <enum name='sourceFormatType'>
                    <value>unknown</value>
                    <value>lvm2</value>
                  </enum>
                </poolOptions>
              </pool>
              <pool type='mpath' supported='no'>
              </pool>
            </storagepoolCapabilities>

            """,
            PoolCapabilitiesXml.Format([(PoolTypes.Get(PoolType.Logical), true), (PoolTypes.Get(PoolType.Mpath), false)]));
    }

    [Fact]
    public void Every_type_stands_at_its_number()
    {
        Assert.Equal(Enum.GetValues<PoolType>(), PoolTypes.All.Select(info => info.Type));
        Assert.All(PoolTypes.All, info => Assert.Equal(info, PoolTypes.Find(info.Name)));
        Assert.All(PoolTypes.All, info => Assert.Equal(info.Required, info.Required & info.Accepted));
    }

    [Fact]
    public void Every_part_of_a_fibre_channel_adapter_is_kept()
    {
        var adapter = $"<adapter type='fc_host' parent='scsi_host5' parent_wwnn='{Wwn}' parent_wwpn='{Wwn}' parent_fabric_wwn='{Wwn}' managed='yes' wwnn='{Wwn}' wwpn='{Wwn}'/>";
        var pool = Parse($"<pool type='scsi'><name>a</name><source>{adapter}</source>{Target}</pool>");

        Assert.Contains(adapter, PoolXml.Format(pool, PoolTypes.Get(PoolType.Scsi), default, active: false), StringComparison.Ordinal);
    }

    private static PoolDefinition Parse(string xml) => PoolXml.Parse(xml, validate: false, PoolTypes.Get);

    private static void AssertRefused(string xml, int code, int domain, string named)
    {
        var error = Assert.Throws<StorageException>(() => Parse(xml));
        Assert.Equal((code, domain), ((int)error.Code, (int)error.Domain));
        Assert.Contains(named, error.Message, StringComparison.Ordinal);
    }
}
