using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;
using Cistern.Storage.Host;

namespace Cistern.Storage.Backends.Logical;

/// <summary>Finds volume groups on the host.</summary>
internal static class LogicalSources
{
    public static async ValueTask<IReadOnlyList<PoolSource>> FindAsync(HostContext host, CancellationToken cancellation)
    {
        // Where nothing new can be looked for, what is known will do.
        await LvmTool.TryAsync(host, LogicalCommands.Scan, cancellation).ConfigureAwait(false);
        string volumes = await LvmTool.RunAsync(host, LogicalCommands.PhysicalVolumes, cancellation).ConfigureAwait(false);
        return LogicalOutput.ParseSources(volumes);
    }

    /// <summary>Makes sure that the pool's volume group is there and, where the pool names devices, has one of them.</summary>
    /// <exception cref="StorageException">67/18: it is not, or has not; 8/18: no name of a group.</exception>
    public static async ValueTask RequireAsync(PoolContext pool, CancellationToken cancellation)
    {
        string group = Group(pool.Definition);
        IReadOnlyList<PoolSource> sources = await FindAsync(pool.Host, cancellation).ConfigureAwait(false);
        PoolSource source = sources.FirstOrDefault(source => source.Name == group) ?? throw StorageErrors.NoVolumeGroup(group);
        var wanted = pool.Definition.Source.Devices;
        if (!wanted.IsEmpty && !await pool.Threads.RunAsync(() => wanted.Any(device => source.Devices.Any(other => IsSame(device, other))), cancellation)
                .ConfigureAwait(false))
        {
            throw StorageErrors.NoDeviceOfVolumeGroup(group);
        }
    }

    /// <summary>The name of the pool's volume group, which no tool can take for an option or a path.</summary>
    /// <exception cref="StorageException">8/18: LVM allows no such name.</exception>
    public static string Group(PoolDefinition pool)
    {
        string name = pool.Source.Name!;
        return name is not ("" or "." or "..") && name[0] != '-' && name.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '+' or '_' or '.' or '-')
            ? name
            : throw StorageErrors.NotAVolumeGroupName(name);
    }

    /// <summary>A device goes by several names.</summary>
    private static bool IsSame(SourceDevice device, SourceDevice other) =>
        device.Path == other.Path
        || (FileStatusCalls.Get(device.Path, out FileStatus status) == 0 && status.Type == FileType.BlockDevice
            && FileStatusCalls.Get(other.Path, out FileStatus otherStatus) == 0 && otherStatus.Type == FileType.BlockDevice
            && status.DeviceNumber == otherStatus.DeviceNumber);
}
