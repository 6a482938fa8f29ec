using System.Runtime.InteropServices;

namespace Cistern.Storage.Host;

/// <summary>What libblkid knows of a device's content. The library is loaded by the first call.</summary>
internal static partial class BlkidCalls
{
    public const string Library = "libblkid.so.1";

    public const int Found = 0;
    public const int Nothing = 1;

    /// <summary>More than one kind of content was found.</summary>
    public const int Ambiguous = -2;

    /// <summary>Null when the device cannot be opened.</summary>
    public static BlkidProbe? Open(string path)
    {
        BlkidProbe probe = OpenPath(path);
        if (!probe.IsInvalid)
        {
            return probe;
        }

        probe.Dispose();
        return null;
    }

    /// <summary>Looks for file systems, volumes of other storage systems, and partition tables; any other negative result is a failure.</summary>
    public static int Probe(BlkidProbe probe)
    {
        _ = EnableSuperblocks(probe, 1);
        _ = EnablePartitions(probe, 1);
        return DoSafeProbe(probe);
    }

    /// <summary>Looks for a file system or a volume of another storage system, and stops at the first; nothing else must have been looked for.</summary>
    public static int ProbeContent(BlkidProbe probe)
    {
        _ = EnableSuperblocks(probe, 1);
        return DoProbe(probe);
    }

    /// <summary>As <see cref="ProbeContent"/>, which has found nothing, for a partition table.</summary>
    public static int ProbePartitions(BlkidProbe probe)
    {
        _ = EnablePartitions(probe, 1);
        return DoProbe(probe);
    }

    /// <summary>Looks on behind what was found last.</summary>
    [LibraryImport(Library, EntryPoint = "blkid_do_probe")]
    public static partial int DoProbe(BlkidProbe probe);

    /// <summary>Something that was found out; null when it was not.</summary>
    /// <param name="name"><c>TYPE</c> or <c>PTTYPE</c>.</param>
    public static string? Value(BlkidProbe probe, string name) =>
        LookUp(probe, name, out nint value, 0) == 0 ? Marshal.PtrToStringUTF8(value) : null;

    [LibraryImport(Library, EntryPoint = "blkid_new_probe_from_filename", StringMarshalling = StringMarshalling.Utf8)]
    private static partial BlkidProbe OpenPath(string path);

    [LibraryImport(Library, EntryPoint = "blkid_probe_enable_superblocks")]
    private static partial int EnableSuperblocks(BlkidProbe probe, int enable);

    [LibraryImport(Library, EntryPoint = "blkid_probe_enable_partitions")]
    private static partial int EnablePartitions(BlkidProbe probe, int enable);

    [LibraryImport(Library, EntryPoint = "blkid_do_safeprobe")]
    private static partial int DoSafeProbe(BlkidProbe probe);

    [LibraryImport(Library, EntryPoint = "blkid_probe_lookup_value", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int LookUp(BlkidProbe probe, string name, out nint value, nint length);

    [LibraryImport(Library, EntryPoint = "blkid_free_probe")]
    internal static partial void Free(nint probe);
}

/// <summary>An open probe of libblkid.</summary>
internal sealed class BlkidProbe() : SafeHandle(0, ownsHandle: true)
{
    public override bool IsInvalid => handle == 0;

    protected override bool ReleaseHandle()
    {
        BlkidCalls.Free(handle);
        return true;
    }
}
