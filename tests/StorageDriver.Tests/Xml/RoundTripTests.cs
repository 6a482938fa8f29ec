using Cistern.Storage.Backends;
using Cistern.Storage.Xml;
using FsCheck;
using FsCheck.Fluent;

namespace Cistern.StorageDriver.Tests.Xml;

/// <summary>What is written is read back as it was.</summary>
public class RoundTripTests
{
    private static readonly Config Quiet = Config.QuickThrowOnFailure.WithMaxTest(300);

    [Fact]
    public void Every_pool_definition_survives_its_document() => Prop.ForAll(DefinitionGenerators.Pool.ToArbitrary(), pool =>
    {
        var type = PoolTypes.Get(pool.Type);
        var xml = PoolXml.Format(pool, type, default, active: false);
        var read = PoolXml.Parse(xml, validate: false, PoolTypes.Get);

        Assert.Equivalent(pool, read, strict: true);
        Assert.Equal(xml, PoolXml.Format(read, type, default, active: false));
    }).Check(Quiet);

    [Fact]
    public void Every_volume_definition_survives_its_document() => Prop.ForAll(DefinitionGenerators.Volume.ToArbitrary(), made =>
    {
        var (type, volume) = made;
        var xml = VolumeXml.Format(volume, type);
        var read = VolumeXml.Parse(xml, type, VolumeParseMode.Create, validate: false);

        Assert.Equivalent(volume, read, strict: true);
        Assert.Equal(xml, VolumeXml.Format(read, type));
    }).Check(Quiet);
}
