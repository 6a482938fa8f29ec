using System.Text;
using Cistern.Storage.Backends;
using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;
using Cistern.Storage.Xml;

namespace Cistern.Fuzz.Xml;

/// <summary>The documents that clients send. What is understood must be written so that reading it again writes the same.</summary>
internal static class XmlTargets
{
    /// <summary>Words that the documents are made of.</summary>
    public static readonly string[] Words =
    [
        "<pool type='", "<volume type='", "<source>", "<target>", "<name>", "<uuid>", "<capacity unit='", "<allocation>", "<permissions>", "<mode>", "<owner>", "<host name='",
        "<device path='", "<dir path='", "<adapter type='", "<parentaddr unique_id='", "<format type='", "<auth type='", "<secret uuid='", "<protocol ver='", "<features>",
        "<encryption format='", "<cipher name='", "<ivgen name='", "<clusterSize unit='", "<compat>", "<backingStore>", "<path>", "<refresh>", "<!DOCTYPE ", "<!ENTITY ", "<![CDATA[", "]]>",
        "<!--", "-->", "<?xml ", "&amp;", "&#10;", "&#0;", "&#xffff;", "xmlns='", "xmlns:fs='http://libvirt.org/schemas/storagepool/fs/1.0'", "dir", "fs", "netfs", "logical", "disk", "iscsi",
        "scsi", "rbd", "zfs", "qcow2", "luks", "18446744073709551616", "-1", "0777", "E", "KiB", "/", "//", "'", "\"", ">", "/>",
    ];

    /// <summary>Types that differ in what they make of volumes and sources.</summary>
    private static readonly PoolTypeInfo[] Types = [.. new[] { PoolType.Dir, PoolType.Disk, PoolType.Logical, PoolType.Scsi }.Select(PoolTypes.Get)];

    public static void Pool(ReadOnlySpan<byte> input)
    {
        var xml = Encoding.UTF8.GetString(input);
        Refusable(() => PoolXml.Parse(xml, validate: true, PoolTypes.Get));
        Refusable(() => PoolXml.ParseState(xml, PoolTypes.Get));
        Refusable(() =>
        {
            var written = Format(PoolXml.Parse(xml, validate: false, PoolTypes.Get));
            Same(written, Format(PoolXml.Parse(written, validate: false, PoolTypes.Get)));
        });

        static string Format(PoolDefinition pool) => PoolXml.Format(pool, PoolTypes.Get(pool.Type), pool.Numbers, active: true);
    }

    public static void Volume(ReadOnlySpan<byte> input)
    {
        var xml = Encoding.UTF8.GetString(input);
        foreach (var type in Types)
        {
            Refusable(() => VolumeXml.Parse(xml, type, VolumeParseMode.CreateFrom, validate: true));
            Refusable(() =>
            {
                var written = VolumeXml.Format(VolumeXml.Parse(xml, type, VolumeParseMode.Create, validate: false), type);
                Same(written, VolumeXml.Format(VolumeXml.Parse(written, type, VolumeParseMode.Create, validate: false), type));
            });
        }
    }

    public static void Source(ReadOnlySpan<byte> input)
    {
        var xml = Encoding.UTF8.GetString(input);
        foreach (var type in Types)
        {
            Refusable(() => SourceListXml.Format([SourceListXml.Parse(xml, type)], type));
        }
    }

    private static void Refusable(Action action)
    {
        try
        {
            action();
        }
        catch (StorageException)
        {
            // Refused, with a text for the client.
        }
    }

    private static void Same(string written, string again)
    {
        if (written != again)
        {
            throw new InvalidOperationException($"written as\n{written}\nbut read and written again as\n{again}");
        }
    }
}
