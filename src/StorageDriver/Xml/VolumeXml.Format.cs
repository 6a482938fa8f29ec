using System.Collections.Immutable;
using Cistern.Storage.Backends;
using Cistern.Storage.Definitions;

namespace Cistern.Storage.Xml;

public static partial class VolumeXml
{
    /// <summary>Writes a volume document as libvirt does.</summary>
    public static string Format(VolumeDefinition definition, PoolTypeInfo type)
    {
        var text = new XmlText(stackalloc char[1536]);
        text.Start("volume");
        text.Attribute("type", Kinds[(int)definition.Kind]);
        text.Children();
        text.Leaf("name", definition.Name);
        text.Leaf("key", definition.Key);
        FormatSource(ref text, definition.Extents);
        text.Leaf("capacity", definition.Capacity, "bytes");
        text.Leaf("allocation", definition.Allocation, "bytes");
        if (definition.Physical != 0)
        {
            text.Leaf("physical", definition.Physical, "bytes");
        }

        FormatTarget(ref text, definition.Target, type);
        FormatBackingStore(ref text, definition.BackingStore, type);
        text.Close("volume");
        return text.Finish();
    }

    /// <summary>Neighbouring extents of one device share its element.</summary>
    private static void FormatSource(ref XmlText text, ImmutableArray<SourceExtent> extents)
    {
        if (extents.IsEmpty)
        {
            return;
        }

        text.Open("source");
        for (var i = 0; i < extents.Length; i++)
        {
            var (device, start, end) = extents[i];
            if (i == 0 || extents[i - 1].Device != device)
            {
                text.Start("device");
                text.Attribute("path", device);
                text.Children();
            }

            text.Start("extent");
            text.Attribute("start", start);
            text.Attribute("end", end);
            text.EndEmpty();
            if (i == extents.Length - 1 || extents[i + 1].Device != device)
            {
                text.Close("device");
            }
        }

        text.Close("source");
    }

    private static void FormatTarget(ref XmlText text, VolumeTarget target, PoolTypeInfo type)
    {
        text.Open("target");
        text.Leaf("path", target.Path);
        FormatFormat(ref text, target.Format, type);
        PermissionsXml.Format(ref text, target.Permissions);
        FormatTimestamps(ref text, target.Timestamps);
        if (target.Encryption is { } encryption)
        {
            EncryptionXml.Format(ref text, encryption);
        }

        text.Leaf("compat", target.Compat);
        if (target.ClusterSize != 0)
        {
            text.Leaf("clusterSize", target.ClusterSize, "B");
        }

        FormatFeatures(ref text, target.Features);
        text.Close("target");
    }

    private static void FormatBackingStore(ref XmlText text, BackingStore? backing, PoolTypeInfo type)
    {
        if (backing is null)
        {
            return;
        }

        text.Open("backingStore");
        text.Leaf("path", backing.Path);
        FormatFormat(ref text, backing.Format, type);
        PermissionsXml.Format(ref text, backing.Permissions);
        FormatTimestamps(ref text, backing.Timestamps);
        text.Close("backingStore");
    }

    /// <summary>Only for the types that have volume formats, and there always.</summary>
    private static void FormatFormat(ref XmlText text, string? format, PoolTypeInfo type)
    {
        if (type.DefaultVolumeFormat is { } standard)
        {
            text.Start("format");
            text.Attribute("type", format ?? standard);
            text.EndEmpty();
        }
    }

    private static void FormatTimestamps(ref XmlText text, Timestamps? timestamps)
    {
        if (timestamps is null)
        {
            return;
        }

        text.Open("timestamps");
        text.Leaf("atime", timestamps.Access);
        text.Leaf("mtime", timestamps.Modify);
        text.Leaf("ctime", timestamps.Change);
        text.Leaf("btime", timestamps.Birth);
        text.Close("timestamps");
    }

    private static void FormatFeatures(ref XmlText text, VolumeFeatures? features)
    {
        if (features is not { } given)
        {
            return;
        }

        text.Start("features");
        if (given == VolumeFeatures.None)
        {
            text.EndEmpty();
            return;
        }

        text.Children();
        if (given.HasFlag(VolumeFeatures.LazyRefcounts))
        {
            text.Empty("lazy_refcounts");
        }

        if (given.HasFlag(VolumeFeatures.ExtendedL2))
        {
            text.Empty("extended_l2");
        }

        text.Close("features");
    }
}
