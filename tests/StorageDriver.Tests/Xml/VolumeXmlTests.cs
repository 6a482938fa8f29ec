using Cistern.Storage.Backends;
using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;
using Cistern.Storage.Xml;

namespace Cistern.StorageDriver.Tests.Xml;

public class VolumeXmlTests
{
    private static readonly PoolTypeInfo Dir = PoolTypes.Get(PoolType.Dir);

    [Fact]
    public void A_volume_is_written_in_libvirts_layout()
    {
        var volume = new VolumeDefinition
        {
            Name = "v",
            Key = "/p/v",
            Kind = VolumeKind.Block,
            Extents = [new SourceExtent("/dev/a", 0, 1), new SourceExtent("/dev/a", 4, 5), new SourceExtent("/dev/b", 2, 3)],
            Capacity = 3,
            Allocation = 2,
            Physical = 1,
            Target = new VolumeTarget
            {
                Path = "/p/v",
                Format = "qcow2",
                Permissions = new Permissions(0x180, 0, 0),
                Timestamps = new Timestamps(new FileTime(1, 5), new FileTime(2, 0), new FileTime(3, 999_999_999), default),
                Encryption = new VolumeEncryption("luks")
                {
                    Engine = "qemu",
                    Secrets = [new EncryptionSecret("passphrase", new SecretReference(new Guid("3e3fce45-4f53-4fa7-bb32-11f34168b82b"), null))],
                    Cipher = new EncryptionCipher("aes", 256, "cbc", "sha256"),
                    Ivgen = new EncryptionIvgen("plain64", null),
                },
                Compat = "1.1",
                ClusterSize = 65536,
                Features = VolumeFeatures.LazyRefcounts | VolumeFeatures.ExtendedL2,
            },
            BackingStore = new BackingStore("/p/base", "raw") { Permissions = new Permissions(Owner: 5) },
        };

        Assert.Equal(
            """
            <volume type='block'>
              <name>v</name>
              <key>/p/v</key>
              <source>
                <device path='/dev/a'>
                  <extent start='0' end='1'/>
                  <extent start='4' end='5'/>
                </device>
                <device path='/dev/b'>
                  <extent start='2' end='3'/>
                </device>
              </source>
              <capacity unit='bytes'>3</capacity>
              <allocation unit='bytes'>2</allocation>
              <physical unit='bytes'>1</physical>
              <target>
                <path>/p/v</path>
                <format type='qcow2'/>
                <permissions>
                  <mode>0600</mode>
                  <owner>0</owner>
                  <group>0</group>
                </permissions>
                <timestamps>
                  <atime>1.000000005</atime>
                  <mtime>2</mtime>
                  <ctime>3.999999999</ctime>
                  <btime>0</btime>
                </timestamps>
                <encryption format='luks' engine='qemu'>
                  <secret type='passphrase' uuid='3e3fce45-4f53-4fa7-bb32-11f34168b82b'/>
                  <cipher name='aes' size='256' mode='cbc' hash='sha256'/>
                  <ivgen name='plain64'/>
                </encryption>
                <compat>1.1</compat>
                <clusterSize unit='B'>65536</clusterSize>
                <features>
                  <lazy_refcounts/>
                  <extended_l2/>
                </features>
              </target>
              <backingStore>
                <path>/p/base</path>
                <format type='raw'/>
                <permissions>
                  <owner>5</owner>
                </permissions>
              </backingStore>
            </volume>

            """,
            VolumeXml.Format(volume, Dir));
    }

    [Fact]
    public void Features_without_any_are_an_empty_element_and_encryption_without_secret_an_empty_pair()
    {
        var volume = new VolumeDefinition
        {
            Name = "v",
            Target = new VolumeTarget { Features = VolumeFeatures.None, Encryption = new VolumeEncryption("luks") },
        };

        var xml = VolumeXml.Format(volume, Dir);
        Assert.Contains("    <features/>\n", xml, StringComparison.Ordinal);
        Assert.Contains("    <encryption format='luks'>\n    </encryption>\n", xml, StringComparison.Ordinal);
    }

    [Fact]
    public void Only_types_with_volume_formats_show_one()
    {
        var volume = new VolumeDefinition { Name = "v" };

        Assert.Contains("<format type='raw'/>", VolumeXml.Format(volume, Dir), StringComparison.Ordinal);
        Assert.Contains("<format type='none'/>", VolumeXml.Format(volume, PoolTypes.Get(PoolType.Disk)), StringComparison.Ordinal);
        Assert.DoesNotContain("format", VolumeXml.Format(volume, PoolTypes.Get(PoolType.Logical)), StringComparison.Ordinal);
    }

    [Fact]
    public void Control_characters_are_dropped_and_long_documents_grow()
    {
        var name = new string('n', 5000);
        var xml = VolumeXml.Format(new VolumeDefinition { Name = name + "\u0001\u001f\uffff\t" }, Dir);

        Assert.Contains($"<name>{name}\t</name>", xml, StringComparison.Ordinal);
    }

    [Fact]
    public void Allocation_defaults_to_the_capacity_and_it_is_known_whether_it_was_given()
    {
        var plain = Parse("<volume><name>v</name><capacity unit='KiB'>2</capacity></volume>");
        var given = Parse("<volume><name>v</name><capacity>+2048</capacity><allocation> 5</allocation></volume>");

        Assert.Equal((2048ul, 2048ul, false), (plain.Capacity, plain.Allocation, plain.AllocationGiven));
        Assert.Equal((2048ul, 5ul, true), (given.Capacity, given.Allocation, given.AllocationGiven));
    }

    [Fact]
    public void Capacity_may_be_left_to_a_backing_store_or_a_source()
    {
        Assert.Equal(0ul, Parse("<volume><name>v</name><backingStore><path>/b</path></backingStore></volume>").Capacity);
        Assert.Equal(0ul, VolumeXml.Parse("<volume><name>v</name></volume>", Dir, VolumeParseMode.CreateFrom, validate: false).Capacity);
    }

    [Fact]
    public void Features_set_the_compatibility_level_unless_it_is_given()
    {
        Assert.Equal("1.1", Parse(WithTarget("<features/>")).Target.Compat);
        Assert.Equal("0.10", Parse(WithTarget("<compat>0.10</compat><features><lazy_refcounts/></features>")).Target.Compat);
    }

    [Fact]
    public void The_backing_stores_format_defaults_to_the_pools()
    {
        Assert.Equal(new BackingStore("b", "raw"), Parse("<volume><name>v</name><backingStore><path>b</path></backingStore></volume>").BackingStore);
    }

    [Theory]
    [InlineData("<volume", 35, 18, "")]
    [InlineData("<pool/>", 27, 5, "'pool'")]
    [InlineData("<volume/>", 27, 18, "'name'")]
    [InlineData("<volume><name>v</name></volume>", 27, 18, "'capacity'")]
    [InlineData("<volume type='x'><name>v</name><capacity>1</capacity></volume>", 67, 18, "'x'")]
    [InlineData("<volume><name>v</name><capacity>x</capacity></volume>", 27, 18, "'x'")]
    [InlineData("<volume><name>v</name><capacity>-1</capacity></volume>", 27, 18, "'-1'")]
    [InlineData("<volume><name>v</name><capacity>5 </capacity></volume>", 27, 18, "'5 '")]
    [InlineData("<volume><name>v</name><capacity>18446744073709551616</capacity></volume>", 27, 18, "18446744073709551616")]
    [InlineData("<volume><name>v</name><capacity>9223372036854775808</capacity></volume>", 82, 0, "9223372036854775808")]
    [InlineData("<volume><name>v</name><capacity unit='x'>1</capacity></volume>", 8, 0, "'x'")]
    [InlineData("<volume><name>v</name><capacity>1</capacity><allocation>x</allocation></volume>", 27, 18, "'allocation'")]
    [InlineData("<volume><name>v</name><backingStore><path>b</path><format type='x'/></backingStore></volume>", 67, 18, "'x'")]
    public void A_bad_document_is_refused_with_libvirts_code_and_names_what_is_wrong(string xml, int code, int domain, string named) =>
        AssertRefused(xml, code, domain, named);

    [Theory]
    [InlineData("<format type='x'/>", 67, 18, "'x'")]
    [InlineData("<format type='none'/>", 67, 18, "'none'")]
    [InlineData("<compat>1</compat>", 27, 18, "'1'")]
    [InlineData("<compat>1.99999999999</compat>", 27, 18, "1.99999999999")]
    [InlineData("<clusterSize>x</clusterSize>", 27, 5, "'x'")]
    [InlineData("<clusterSize unit='x'>1</clusterSize>", 8, 0, "'x'")]
    [InlineData("<features><x/></features>", 67, 18, "'x'")]
    [InlineData("<permissions><mode>01000</mode></permissions>", 27, 18, "'01000'")]
    [InlineData("<encryption/>", 27, 18, "'format'")]
    [InlineData("<encryption format='x'/>", 67, 18, "'x'")]
    [InlineData("<encryption format='luks' engine='default'/>", 27, 5, "'default'")]
    [InlineData("<encryption format='luks'><secret usage='s'/></encryption>", 27, 18, "'type'")]
    [InlineData("<encryption format='luks'><secret type='x' usage='s'/></encryption>", 67, 18, "'x'")]
    [InlineData("<encryption format='luks'><secret type='passphrase'/></encryption>", 27, 0, "'usage'")]
    [InlineData("<encryption format='luks'><cipher size='1'/></encryption>", 27, 18, "'name'")]
    [InlineData("<encryption format='luks'><cipher name='a'/></encryption>", 27, 5, "'size'")]
    [InlineData("<encryption format='luks'><ivgen name='a'/></encryption>", 27, 18, "'cipher'")]
    public void A_bad_target_is_refused(string target, int code, int domain, string named) => AssertRefused(WithTarget(target), code, domain, named);

    [Theory]
    [InlineData("<volume><name>v</name><target/><x/></volume>", "'x'")]
    [InlineData("<volume><name>v</name></volume>", "'target'")]
    [InlineData("<volume><name>v</name><capacity>x</capacity><target/></volume>", "'x'")]
    [InlineData("<volume><name>v</name><target><format/></target></volume>", "'type'")]
    public void Validation_names_what_does_not_belong(string xml, string named)
    {
        var error = Assert.Throws<StorageException>(() => VolumeXml.Parse(xml, Dir, VolumeParseMode.CreateFrom, validate: true));

        Assert.Equal((StorageErrorCode.XmlInvalidSchema, StorageErrorDomain.Xml), (error.Code, error.Domain));
        Assert.Contains(named, error.Message, StringComparison.Ordinal);
    }

    private static string WithTarget(string target) => $"<volume><name>v</name><capacity>1</capacity><target>{target}</target></volume>";

    private static VolumeDefinition Parse(string xml) => VolumeXml.Parse(xml, Dir, VolumeParseMode.Create, validate: false);

    private static void AssertRefused(string xml, int code, int domain, string named)
    {
        var error = Assert.Throws<StorageException>(() => Parse(xml));
        Assert.Equal((code, domain), ((int)error.Code, (int)error.Domain));
        Assert.Contains(named, error.Message, StringComparison.Ordinal);
    }
}
