using System.Globalization;
using System.Security.Cryptography;
using Cistern.Storage.Backends.Blocks;
using Cistern.Storage.Backends.Capabilities;
using Cistern.Storage.Backends.Rbd.Native;
using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;
using Cistern.Storage.Host;
using Cistern.Storage.Persistence;
using Cistern.Storage.Pools;

namespace Cistern.Storage.Backends.Rbd;

/// <summary>Makes images from other volumes: clones within a pool, which share what they have in common with their source, and copies from elsewhere.</summary>
internal static class RbdClone
{
    /// <summary>Names of snapshots are libvirt's: this and a number.</summary>
    private const string SnapshotPrefix = "libvirt-";
    private const int SnapshotNumbers = 65534;
    private const int Attempts = 20;

    /// <summary>
    /// Clones an image of the same pool, by a snapshot that has not been changed since, or by a new one. What was done is undone on failure.
    /// </summary>
    /// <exception cref="StorageException">84/18: the image is of format 1; 38/18.</exception>
    public static async ValueTask CloneAsync(PoolContext pool, VolumeDefinition volume, VolumeDefinition source)
    {
        RbdSession session = RbdSession.Of(pool);
        string path = source.Target.Path!;
        (int result, RbdImage? parent) = await RbdImage.OpenAsync(session.Pool, source.Name, isReadOnly: false).ConfigureAwait(false);
        RbdSnapshots.Check(result, "open", path);
        await using (parent!.ConfigureAwait(false))
        {
            await parent!.CallLongAsync(image => Clone(session.Pool, image, source, volume)).ConfigureAwait(false);
        }
    }

    /// <summary>Copies a volume of any other pool into an image that appears when it is whole.</summary>
    /// <exception cref="StorageException">As <see cref="BlockClone.FillAsync"/>; 38/18.</exception>
    public static async ValueTask CopyAsync(
        RbdBackend backend, PoolContext pool, VolumeDefinition volume, VolumeSource source, JobProgress progress, CancellationToken cancellation)
    {
        RbdSession session = RbdSession.Of(pool);
        string name = RemotePart.Name(pool, volume.Name);
        VolumeDefinition part = volume with { Name = name, Target = volume.Target with { Path = RbdScan.Path(pool.Definition, name) } };
        BuildRecord record = RemotePart.Record(pool, name);
        await using Undo undo = new(pool.Host.Loggers.CreateLogger(nameof(RbdClone)));
        undo.Add(async () =>
        {
            if (await LongCall.RunAsync(() => RbdCalls.Remove(session.Pool, name)).ConfigureAwait(false) is >= 0 or -Errno.NoEntry)
            {
                record.Dispose();
            }
        });
        await CreateAsync(pool, part, cancellation).ConfigureAwait(false);
        await BlockClone.FillAsync(backend, pool, part, source, readsZeros: true, progress, cancellation).ConfigureAwait(false);
        await pool.Threads.RunAsync(
            () => RbdSnapshots.Check(RbdCalls.Rename(session.Pool, name, volume.Name), "name", volume.Target.Path!), cancellation).ConfigureAwait(false);
        undo.Commit();
        record.Dispose();
    }

    /// <summary>Makes an image that is empty.</summary>
    /// <exception cref="StorageException">38/18: for example because there is one of that name.</exception>
    public static async ValueTask CreateAsync(PoolContext pool, VolumeDefinition volume, CancellationToken cancellation)
    {
        RbdSession session = RbdSession.Of(pool);
        await pool.Threads.RunAsync(
            () =>
            {
                int order = 0;
                RbdSnapshots.Check(RbdCalls.Create(session.Pool, volume.Name, volume.Capacity, ref order), "create", volume.Target.Path!);
            },
            cancellation).ConfigureAwait(false);
    }

    private static int Clone(RadosPool pool, nint parent, VolumeDefinition source, VolumeDefinition volume)
    {
        string path = source.Target.Path!;
        RbdSnapshots.Check(RbdCalls.IsOldFormat(parent, out byte old), "look at", path);
        if (old != 0)
        {
            throw StorageErrors.OldImageFormat(source.Name);
        }

        RbdSnapshots.Check(RbdCalls.Features(parent, out ulong features), "look at", path);
        RbdSnapshots.Check(RbdCalls.StripeUnit(parent, out ulong stripeUnit), "look at", path);
        RbdSnapshots.Check(RbdCalls.StripeCount(parent, out ulong stripeCount), "look at", path);
        (string snapshot, bool isNew) = FindSnapshot(parent, path);
        bool isProtected = false;
        try
        {
            RbdSnapshots.Check(RbdCalls.IsProtected(parent, snapshot, out int wasProtected), "look at a snapshot of", path, snapshot);
            if (wasProtected == 0)
            {
                RbdSnapshots.Check(RbdCalls.Protect(parent, snapshot), "protect a snapshot of", path, snapshot);
                isProtected = true;
            }

            int order = 0;
            int result = RbdCalls.Clone(pool, source.Name, snapshot, pool, volume.Name, features, ref order, stripeUnit, (int)stripeCount);
            RbdSnapshots.Check(result, "clone", path, snapshot);
            return 0;
        }
        catch
        {
            _ = isProtected ? RbdCalls.Unprotect(parent, snapshot) : 0;
            _ = isNew ? RbdCalls.RemoveSnapshot(parent, snapshot) : 0;
            throw;
        }
    }

    /// <summary>A snapshot that is what the image is now.</summary>
    private static (string Name, bool IsNew) FindSnapshot(nint image, string path)
    {
        RbdImageStatus status = Status(image, path);
        foreach ((string name, ulong size) in RbdSnapshots.List(image, path))
        {
            int differs = size == status.Size ? DataRanges.Differ(image, name, size) : 1;
            RbdSnapshots.Check(differs, "compare", path, name);
            if (differs == 0)
            {
                return (name, false);
            }
        }

        for (int attempt = 1; ; attempt++)
        {
            string name = SnapshotPrefix + RandomNumberGenerator.GetInt32(SnapshotNumbers).ToString(CultureInfo.InvariantCulture);
            int result = RbdCalls.CreateSnapshot(image, name);
            if (result != -Errno.Exists || attempt == Attempts)
            {
                RbdSnapshots.Check(result, "make a snapshot of", path, name);
                return (name, true);
            }
        }
    }

    private static unsafe RbdImageStatus Status(nint image, string path)
    {
        RbdImageStatus status;
        RbdSnapshots.Check(RbdCalls.Status(image, &status, (nuint)sizeof(RbdImageStatus)), "look at", path);
        return status;
    }
}
