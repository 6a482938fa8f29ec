using Cistern.Storage.Backends.Blocks;
using Cistern.Storage.Commands;
using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;
using Cistern.Storage.Host;
using Microsoft.Win32.SafeHandles;

namespace Cistern.Storage.Backends.Disk;

/// <summary>A pool's disk as it is at one moment: what its label says, and which devices the kernel has made of that.</summary>
/// <param name="Path">As the pool's document names the disk.</param>
/// <param name="Stem">What the number of a partition is appended to for its path, where the kernel does not tell the path.</param>
internal sealed record DiskLook(string Path, PartitionTable Table, IReadOnlyList<KernelPartition> Devices, string Stem)
{
    /// <summary>The label is another than when the disk was last looked at, so that udev may still be at work.</summary>
    public bool IsNews { get; init; }

    /// <summary>Looks, and waits for the devices of partitions that are new.</summary>
    /// <exception cref="StorageException">8/18: there is no such device; 38/18: it cannot be read; 1/0: parted cannot read its label.</exception>
    public static async ValueTask<DiskLook> TakeAsync(PoolContext pool, CancellationToken cancellation)
    {
        string path = SourceOf(pool.Definition);
        var session = pool.Session as DiskSession;
        byte[] digest = await pool.Threads.RunAsync(() => Digest(path), cancellation).ConfigureAwait(false);
        PartitionTable? table = session?.Find(digest);
        bool isNews = false;
        if (table is null)
        {
            table = PartedOutput.Parse(await pool.Host.RunAsync(DiskCommands.Print(path), cancellation).ConfigureAwait(false));
            session?.Remember(digest, table);
            await Udev.SettleAsync(pool.Host, cancellation).ConfigureAwait(false);
            isNews = true;
        }

        DiskLook look = await pool.Threads.RunAsync(() => Look(pool.Host.Kernel, pool.Definition.Source.Devices[0], table), cancellation).ConfigureAwait(false);
        return look with { IsNews = isNews };
    }

    /// <summary>The path of the pool's disk.</summary>
    /// <exception cref="StorageException">8/18: it is not absolute.</exception>
    public static string SourceOf(PoolDefinition pool)
    {
        string path = pool.Source.Devices[0].Path;
        return path.StartsWith('/') ? path : throw StorageErrors.PathNotAbsolute(path);
    }

    /// <summary>The path of a partition's device node.</summary>
    public string NodeOf(Partition partition) => DeviceOf(partition)?.Node ?? $"{Stem}{partition.Number}";

    /// <summary>
    /// Where a logical partition was made in front of others, the kernel goes on numbering it as the last one until it reads the label anew, while the
    /// label counts it in the order of the disk: it is the place that tells what a device is. Of some labels the kernel has devices for more than
    /// partitions, such as the whole disk.
    /// </summary>
    public KernelPartition? DeviceOf(Partition partition) =>
        Devices.FirstOrDefault(device => device.Number == partition.Number && (device.Start is null || device.Start == partition.Start))
        ?? Devices.FirstOrDefault(device => device.Start == partition.Start && device.Length == partition.End - partition.Start);

    private static byte[] Digest(string path)
    {
        using SafeFileHandle disk = Open(path);
        return LabelBytes.Digest(disk, path);
    }

    private static DiskLook Look(KernelRoots kernel, SourceDevice source, PartitionTable table)
    {
        string path = source.Path;
        using SafeFileHandle disk = Open(path);
        SystemCall.Check(FileStatusCalls.Get(disk, out FileStatus status), $"cannot stat device '{path}'");
        bool isMapping = KernelPartitions.IsMapping(kernel, status);
        return new DiskLook(path, table, KernelPartitions.Of(kernel, status), StemOf(source, isMapping));
    }

    /// <summary>A digit at the end of the disk's name is kept apart from the partition's number.</summary>
    /// <exception cref="StorageException">8/18: the disk went meanwhile.</exception>
    private static string StemOf(SourceDevice source, bool isMapping)
    {
        string name = isMapping ? source.Path : Resolve(source.Path);
        return char.IsAsciiDigit(name[^1]) || (isMapping && source.PartSeparator == true) ? name + "p" : name;
    }

    private static string Resolve(string path)
    {
        try
        {
            return File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path;
        }
        catch (IOException)
        {
            throw StorageErrors.DevicePathMissing(path);
        }
    }

    private static SafeFileHandle Open(string path)
    {
        int result = FileSystemCalls.Open(path, OpenFlags.ReadOnly | OpenFlags.NonBlocking | OpenFlags.NoControllingTerminal, out SafeFileHandle? disk);
        if (result is -Errno.NoEntry or -Errno.NotDirectory)
        {
            throw StorageErrors.DevicePathMissing(path);
        }

        SystemCall.Check(result, $"cannot open device '{path}'");
        return disk!;
    }
}
