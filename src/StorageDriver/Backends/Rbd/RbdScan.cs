using Cistern.Storage.Backends.Files;
using Cistern.Storage.Backends.Rbd.Native;
using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;
using Cistern.Storage.Host;

namespace Cistern.Storage.Backends.Rbd;

/// <summary>Describes the images of a pool.</summary>
internal static class RbdScan
{
    /// <summary>Images asked for at once.</summary>
    private const int Window = 64;

    /// <summary>
    /// Images that may fail to answer in time before the pool as a whole does: a placement group that is down takes away some, not all. The wait
    /// for them is that for one.
    /// </summary>
    private const int MostLate = Window;

    /// <summary>A connection that the cluster does not let in any more is replaced.</summary>
    /// <exception cref="StorageException">38/18: the cluster cannot be read.</exception>
    public static async ValueTask<PoolContents> RunAsync(PoolContext pool, CancellationToken cancellation)
    {
        RbdSession session = RbdSession.Of(pool);
        RadosPool rados = session.Pool;
        try
        {
            return await RunAsync(pool, session, cancellation).ConfigureAwait(false);
        }
        catch (StorageException error) when (error.Errno == Errno.Shutdown)
        {
            await session.ReconnectAsync(pool, rados, cancellation).ConfigureAwait(false);
            return await RunAsync(pool, session, cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>Null when there is no such image.</summary>
    /// <exception cref="StorageException">38/18: it cannot be read.</exception>
    public static async ValueTask<ScannedVolume?> FindAsync(PoolContext pool, string name)
    {
        if (name.Contains('\0', StringComparison.Ordinal) || FileNames.IsPart(name))
        {
            return null;
        }

        RbdSession session = RbdSession.Of(pool);
        (int result, string id) = await RbdHeaders.FindIdAsync(session.Pool, name).ConfigureAwait(false);
        if (result is < 0 and not -Errno.NoEntry)
        {
            throw Failed(result, pool, name);
        }

        (result, ScannedVolume? volume) = await DescribeAsync(pool, session, new RbdListEntry(id, name)).ConfigureAwait(false);
        return result is >= 0 or -Errno.NoEntry ? volume : throw Failed(result, pool, name);
    }

    /// <summary>What an image is called by clients.</summary>
    public static string Path(PoolDefinition pool, string name) => $"{pool.Source.Name}/{name}";

    private static async ValueTask<PoolContents> RunAsync(PoolContext pool, RbdSession session, CancellationToken cancellation)
    {
        string source = pool.Definition.Source.Name!;
        PoolNumbers numbers = await pool.Threads.RunAsync(() => session.Numbers(source), cancellation).ConfigureAwait(false);
        List<RbdListEntry> entries = await pool.Threads.RunAsync(() => RbdList.Read(session.Pool), cancellation).ConfigureAwait(false);
        ScannedVolume?[] found = new ScannedVolume?[entries.Count];
        int late = 0;
        await Parallel.ForAsync(
            0,
            entries.Count,
            new ParallelOptions { MaxDegreeOfParallelism = Window, CancellationToken = cancellation },
            async (i, _) =>
            {
                (int result, found[i]) = FileNames.IsPart(entries[i].Name)
                    ? (0, null)
                    : await DescribeAsync(pool, session, entries[i]).ConfigureAwait(false);
                if (result == -Errno.TimedOut && Interlocked.Increment(ref late) >= MostLate)
                {
                    throw Failed(result, pool, entries[i].Name);
                }
                else if (result is < 0 and not (-Errno.NoEntry or -Errno.TimedOut))
                {
                    throw Failed(result, pool, entries[i].Name);
                }
            }).ConfigureAwait(false);
        return new PoolContents(numbers, [.. found.OfType<ScannedVolume>()]);
    }

    /// <returns>0 and the volume, or a negated error number and null.</returns>
    private static async Task<(int Result, ScannedVolume? Volume)> DescribeAsync(PoolContext pool, RbdSession session, RbdListEntry entry)
    {
        if (entry.Id.Length == 0)
        {
            return await DescribeOpenAsync(pool, session, entry.Name).ConfigureAwait(false);
        }

        (int result, RbdHeader header) = await RbdHeaders.ReadAsync(session.Pool, entry.Id).ConfigureAwait(false);
        if (result < 0)
        {
            return (result, null);
        }

        if ((header.Features & RbdHeader.Striping) != 0)
        {
            return await DescribeOpenAsync(pool, session, entry.Name).ConfigureAwait(false);
        }

        ulong? allocation = header.HasFastDiff && pool.Definition.RefreshVolumeAllocation != "capacity"
            ? await RbdHeaders.ReadAllocationAsync(session.Pool, entry.Id, header).ConfigureAwait(false)
            : null;
        return (0, Describe(pool.Definition, entry.Name, header.Size, allocation ?? header.MostAllocation));
    }

    /// <summary>For images of which only the library knows how they are laid out.</summary>
    private static async Task<(int Result, ScannedVolume? Volume)> DescribeOpenAsync(PoolContext pool, RbdSession session, string name)
    {
        (int result, RbdImage? image) = await RbdImage.OpenAsync(session.Pool, name, isReadOnly: true).ConfigureAwait(false);
        if (image is null)
        {
            return (result, null);
        }

        await using (image.ConfigureAwait(false))
        {
            (result, RbdImageStatus status) = await image.CallAsync(pool.Threads, Status, CancellationToken.None).ConfigureAwait(false);
            return result < 0 ? (result, null) : (0, Describe(pool.Definition, name, status.Size, status.ObjectSize * status.Objects));
        }
    }

    private static unsafe (int Result, RbdImageStatus Status) Status(nint image)
    {
        RbdImageStatus status;
        int result = RbdCalls.Status(image, &status, (nuint)sizeof(RbdImageStatus));
        return (result, status);
    }

    private static ScannedVolume Describe(PoolDefinition pool, string name, ulong size, ulong allocation) => new(new VolumeDefinition
    {
        Name = name,
        Key = Path(pool, name),
        Kind = VolumeKind.Network,
        Capacity = size,
        Allocation = allocation,
        Target = new VolumeTarget { Path = Path(pool, name), Format = FileFormats.Default },
    });

    private static StorageException Failed(int result, PoolContext pool, string name) =>
        StorageErrors.System(-result, $"cannot read image '{Path(pool.Definition, name)}'");
}
