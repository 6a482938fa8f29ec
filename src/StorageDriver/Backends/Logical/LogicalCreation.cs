using Cistern.Storage.Backends.Blocks;
using Cistern.Storage.Backends.Capabilities;
using Cistern.Storage.Backends.Files;
using Cistern.Storage.Commands;
using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;
using Cistern.Storage.Host;
using Cistern.Storage.Pools;
using Microsoft.Extensions.Logging;

namespace Cistern.Storage.Backends.Logical;

/// <summary>Makes logical volumes, and fills those that are encrypted or copies.</summary>
internal static class LogicalCreation
{
    private const uint PreallocateMetadata = 1;
    private const uint Reflink = 2;
    private const uint Validate = 4;

    private const int NodeLooks = 50;
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(100);

    /// <summary>
    /// Runs lvcreate. A volume with another allocation than its capacity is thin where there is a thin pool, in the one with the most room, else as
    /// libvirt makes it; a thin pool named as backing store is taken; the snapshot of a thin volume is thin.
    /// </summary>
    public static async ValueTask<VolumeChange> AllocateAsync(PoolContext pool, VolumeDefinition request, uint flags, CancellationToken cancellation)
    {
        Check(request, flags);
        return await MakeAsync(pool, request, await CommandAsync(pool, request, cancellation).ConfigureAwait(false), cancellation).ConfigureAwait(false);
    }

    /// <summary>
    /// A copy is a snapshot where source and copy are thin volumes of the group. Else it has no backing store, and takes all of its space where no
    /// thin pool is: a snapshot of nothing would overflow with the data that are to be copied.
    /// </summary>
    /// <exception cref="StorageException">38/18: a copy without copying is asked for, of what only copying can copy.</exception>
    public static async ValueTask<VolumeChange> AllocateFromAsync(
        PoolContext pool, VolumeDefinition request, VolumeSource source, uint flags, CancellationToken cancellation)
    {
        request = request with { BackingStore = null };
        Check(request, flags);
        if (IsThinCopy(pool, request, source, flags))
        {
            Command snapshot = LogicalCommands.SnapshotThin(source.Volume.Target.Path!, request.Name);
            VolumeChange made = await MakeAsync(pool, request, snapshot, cancellation, source.Volume.Capacity).ConfigureAwait(false);
            return made with { IsBuilt = true };
        }

        if ((flags & Reflink) != 0)
        {
            throw StorageErrors.System(Errno.NotSupported, $"cannot clone '{source.Volume.Target.Path}' without copying: it is not a thin volume of the group");
        }

        bool thin = request.Allocation < request.Capacity
            && (await LogicalScan.ReportAsync(pool, cancellation).ConfigureAwait(false)).RoomiestThinPool is not null;
        request = thin ? request : request with { Allocation = request.Capacity };
        return await MakeAsync(pool, request, await CommandAsync(pool, request, cancellation).ConfigureAwait(false), cancellation).ConfigureAwait(false);
    }

    public static ValueTask BuildAsync(PoolContext pool, VolumeDefinition volume, CancellationToken cancellation) =>
        volume.Target.Encryption is null ? ValueTask.CompletedTask : ImageCreation.EncryptAsync(pool, Payload(volume), cancellation);

    public static async ValueTask BuildFromAsync(
        IVolumeData backend, PoolContext pool, VolumeDefinition volume, VolumeSource source, JobProgress progress, CancellationToken cancellation)
    {
        VolumeGroup group = await LogicalScan.ReportAsync(pool, cancellation).ConfigureAwait(false);
        bool readsZeros = group.Find(volume.Name) is { IsThin: true, ZeroesNew: true };
        await BlockClone.FillAsync(backend, pool, Payload(volume), source, readsZeros, progress, cancellation).ConfigureAwait(false);
    }

    /// <summary>The volume without what LUKS takes for itself.</summary>
    private static VolumeDefinition Payload(VolumeDefinition volume) =>
        volume.Target.Encryption is null ? volume : volume with { Capacity = volume.Capacity - LogicalCommands.LuksOverhead };

    private static void Check(VolumeDefinition request, uint flags)
    {
        if ((flags & ~(PreallocateMetadata | Reflink | Validate)) != 0)
        {
            throw StorageErrors.UnsupportedFlags(flags, "creation of a volume");
        }

        if (request.Capacity == 0)
        {
            throw StorageErrors.CapacityRequired(request.Name);
        }

        // LVM takes a name with a slash for a group's and a volume's; what else it does not allow it says itself.
        if (request.Name.Contains('/', StringComparison.Ordinal))
        {
            throw StorageErrors.NotALogicalVolumeName(request.Name);
        }

        if (request.Target.Encryption is { Format: not "luks" } encryption)
        {
            throw StorageErrors.OnlyLuks(encryption.Format);
        }
    }

    private static async ValueTask<Command> CommandAsync(PoolContext pool, VolumeDefinition request, CancellationToken cancellation)
    {
        string name = LogicalSources.Group(pool.Definition);
        if (request.BackingStore is null && request.Allocation == request.Capacity)
        {
            return LogicalCommands.Create(name, request);
        }

        VolumeGroup group = await LogicalScan.ReportAsync(pool, cancellation).ConfigureAwait(false);
        if (request.BackingStore is not { } backing)
        {
            return group.RoomiestThinPool is { } roomiest
                ? LogicalCommands.CreateThin(name, roomiest.Name, request)
                : LogicalCommands.Create(name, request);
        }

        string folder = pool.Definition.Target!.Path + "/";
        return (backing.Path.StartsWith(folder, StringComparison.Ordinal) ? group.Find(backing.Path[folder.Length..]) : null) switch
        {
            { IsThinPool: true } thinPool => LogicalCommands.CreateThin(name, thinPool.Name, request),
            { IsThin: true } => LogicalCommands.SnapshotThin(backing.Path, request.Name),
            _ => LogicalCommands.Create(name, request),
        };
    }

    /// <summary>Only a thin volume lies on no device of its own.</summary>
    private static bool IsThinCopy(PoolContext pool, VolumeDefinition request, VolumeSource source, uint flags) =>
        source.Pool.Definition.Uuid == pool.Definition.Uuid
        && source.Volume is { Kind: VolumeKind.Block, Extents.IsEmpty: true, Target.Encryption: null }
        && request.Target.Encryption is null
        && ((flags & Reflink) != 0 || request.Allocation < request.Capacity);

    /// <summary>Runs lvcreate and describes what it made; on failure nothing is left.</summary>
    /// <param name="made">The capacity that the command gives the volume where that is not the one asked for.</param>
    private static async ValueTask<VolumeChange> MakeAsync(
        PoolContext pool, VolumeDefinition request, Command command, CancellationToken cancellation, ulong? made = null)
    {
        string path = $"{pool.Definition.Target!.Path}/{request.Name}";
        await using Undo undo = new(pool.Host.Loggers.CreateLogger<LogicalBackend>());
        try
        {
            await LvmTool.RunAsync(pool.Host, command, cancellation).ConfigureAwait(false);
            undo.Add(RemoveAsync);
        }
        catch (StorageException error) when (error.Code == StorageErrorCode.OperationTimeout)
        {
            // A command that was killed may have made the volume all the same; had the name been taken, it would have failed long before.
            undo.Add(RemoveAsync);
            throw;
        }

        if (made < request.Capacity)
        {
            await LvmTool.RunAsync(pool.Host, LogicalCommands.Extend(path, request.Capacity), cancellation).ConfigureAwait(false);
        }

        await WaitForNodeAsync(pool, path, cancellation).ConfigureAwait(false);
        Permissions permissions = request.Target.Permissions ?? new Permissions();
        permissions = permissions with { Mode = permissions.Mode ?? FileOwnership.DefaultVolumeMode };
        await pool.Threads.RunAsync(() => BlockDevice.SetPermissions(path, permissions), cancellation).ConfigureAwait(false);
        PoolContents contents = await LogicalScan.RunAsync(pool, cancellation).ConfigureAwait(false);
        VolumeDefinition volume = contents.Volumes.FirstOrDefault(volume => volume.Definition.Name == request.Name)?.Definition
            ?? throw StorageErrors.NoVolume(request.Name);
        undo.Commit();
        return new VolumeChange(volume with { Target = volume.Target with { Encryption = request.Target.Encryption } }, contents);

        async ValueTask RemoveAsync() => await LvmTool.RunAsync(pool.Host, LogicalCommands.Remove(path), CancellationToken.None).ConfigureAwait(false);
    }

    /// <summary>Where udev's work is not waited for by LVM, the node appears a while later.</summary>
    private static async ValueTask WaitForNodeAsync(PoolContext pool, string path, CancellationToken cancellation)
    {
        for (int look = 0; look < NodeLooks; look++)
        {
            if (await pool.Threads.RunAsync(() => FileStatusCalls.Get(path, out _), cancellation).ConfigureAwait(false) == 0)
            {
                return;
            }

            await Task.Delay(LookEvery, cancellation).ConfigureAwait(false);
        }
    }
}
