using Cistern.Storage.Backends;
using Cistern.Storage.Backends.Capabilities;
using Cistern.Storage.Backends.Rbd;
using Cistern.Storage.Definitions;

namespace Cistern.Storage.Tests.Backends.Bridge;

/// <summary>Network volumes that are in memory: no tool can be given a path to one.</summary>
internal sealed class MemoryBackend(MemoryExtents volume) : IStorageBackend, IVolumeData
{
    public PoolTypeInfo Info => RbdPoolType.Info;

    /// <summary>How the volume was opened.</summary>
    public List<FileAccess> Opened { get; } = [];

    public static VolumeDefinition Volume(ulong capacity, string format = "raw") => new()
    {
        Name = "image",
        Kind = VolumeKind.Network,
        Capacity = capacity,
        Target = new VolumeTarget { Path = "pool/image", Format = format },
    };

    public ValueTask<IVolumeExtents> OpenAsync(PoolContext pool, VolumeDefinition definition, FileAccess access, CancellationToken cancellation)
    {
        Opened.Add(access);
        return ValueTask.FromResult<IVolumeExtents>(volume);
    }

    public ValueTask<PoolContents> RefreshAsync(PoolContext pool, CancellationToken cancellation) => throw new NotSupportedException();
}
