using Cistern.Storage.Backends;
using Cistern.Storage.Definitions;
using Cistern.Storage.Xml;

namespace Cistern.StorageDriver.Tests.Xml;

/// <summary>libvirt's own documents: each is read, and written as libvirt writes it.</summary>
public class CorpusTests
{
    public static TheoryData<string> PoolDocuments => [.. SharedCorpus.Documents("pool/in")];

    public static TheoryData<string> VolumeDocuments => [.. SharedCorpus.Documents("volume/in")];

    [SharedCorpusTheory]
    [MemberData(nameof(PoolDocuments))]
    public void A_pool_document_is_read_and_written_as_libvirt_does(string name)
    {
        var definition = PoolXml.Parse(SharedCorpus.Read("pool/in", name)!, validate: false, PoolTypes.Get);
        var written = PoolXml.Format(definition, PoolTypes.Get(definition.Type), default, active: false);

        Assert.Equal(SharedCorpus.Read("pool/out", name) ?? written, written);
        Assert.Equal(written, PoolXml.Format(PoolXml.Parse(written, validate: false, PoolTypes.Get), PoolTypes.Get(definition.Type), default, active: false));
    }

    [SharedCorpusTheory]
    [MemberData(nameof(VolumeDocuments))]
    public void A_volume_document_is_read_and_written_as_libvirt_does(string name)
    {
        var mode = name.Contains("nocapacity", StringComparison.Ordinal) ? VolumeParseMode.CreateFrom : VolumeParseMode.Create;
        var pool = PoolTypes.Get(name switch
        {
            "vol-logical-backing.xml" => PoolType.Logical,
            "vol-partition.xml" => PoolType.Disk,
            "vol-gluster-dir.xml" => PoolType.Gluster,
            _ => PoolType.Dir,
        });
        var definition = VolumeXml.Parse(SharedCorpus.Read("volume/in", name)!, pool, mode, validate: false);
        var written = VolumeXml.Format(definition, pool);

        Assert.Equal(SharedCorpus.Read("volume/out", name) ?? written, written);
    }
}
