using Cistern.Storage.Backends;
using Cistern.Storage.Definitions;
using Cistern.Storage.Xml;

namespace Cistern.StorageDriver.Tests.Xml;

/// <summary>libvirt's own documents: each is valid, is read, and written as libvirt writes it; and what libvirt writes is read and written again as it is.</summary>
public class CorpusTests
{
    public static TheoryData<string> PoolsIn => [.. SharedCorpus.Documents("pool/in")];

    public static TheoryData<string> PoolsOut => [.. SharedCorpus.Documents("pool/out")];

    public static TheoryData<string> VolumesIn => [.. SharedCorpus.Documents("volume/in")];

    public static TheoryData<string> VolumesOut => [.. SharedCorpus.Documents("volume/out")];

    [SharedCorpusTheory]
    [MemberData(nameof(PoolsIn))]
    public void A_pool_document_is_read_and_written_as_libvirt_does(string name)
    {
        var written = Pool("pool/in", name);

        Assert.Equal(SharedCorpus.Read("pool/out", name) ?? written, written);
    }

    [SharedCorpusTheory]
    [MemberData(nameof(PoolsOut))]
    public void A_pool_document_of_libvirt_is_kept_as_it_is(string name) => Assert.Equal(SharedCorpus.Read("pool/out", name), Pool("pool/out", name));

    [SharedCorpusTheory]
    [MemberData(nameof(VolumesIn))]
    public void A_volume_document_is_read_and_written_as_libvirt_does(string name)
    {
        var written = Volume("volume/in", name);

        Assert.Equal(SharedCorpus.Read("volume/out", name) ?? written, written);
    }

    [SharedCorpusTheory]
    [MemberData(nameof(VolumesOut))]
    public void A_volume_document_of_libvirt_is_kept_as_it_is(string name) => Assert.Equal(SharedCorpus.Read("volume/out", name), Volume("volume/out", name));

    private static string Pool(string folder, string name)
    {
        var definition = PoolXml.Parse(SharedCorpus.Read(folder, name)!, validate: true, PoolTypes.Get);
        return PoolXml.Format(definition, PoolTypes.Get(definition.Type), default, active: false);
    }

    private static string Volume(string folder, string name)
    {
        var mode = name.Contains("nocapacity", StringComparison.Ordinal) ? VolumeParseMode.CreateFrom : VolumeParseMode.Create;
        var pool = PoolTypes.Get(name switch
        {
            "vol-logical-backing.xml" => PoolType.Logical,
            "vol-partition.xml" => PoolType.Disk,
            "vol-gluster-dir.xml" => PoolType.Gluster,
            _ => PoolType.Dir,
        });
        return VolumeXml.Format(VolumeXml.Parse(SharedCorpus.Read(folder, name)!, pool, mode, validate: true), pool);
    }
}
