using Cistern.Storage.Commands;
using Cistern.Storage.Definitions;
using Cistern.Storage.Host;
using Cistern.Storage.Secrets;
using Microsoft.Extensions.Logging;

namespace Cistern.Storage.Backends;

/// <summary>What a backend is given to work with.</summary>
public sealed class PoolContext
{
    public required PoolDefinition Definition { get; init; }

    /// <summary>What <see cref="Capabilities.IPoolActivation.StartAsync"/> returned; null for a pool that is not running or a type that has none.</summary>
    public IPoolSession? Session { get; init; }

    public required HostContext Host { get; init; }

    /// <summary>The pool's own few threads: every blocking call on storage that may hang runs there.</summary>
    public required Pools.PoolThreads Threads { get; init; }

    /// <summary>
    /// A client waits for the scan or look, which may have the storage itself look for what is new. Else it takes in what was told of, as often as that is.
    /// </summary>
    public bool IsAsked { get; init; } = true;

    /// <summary>What the last scan knew of a volume, to spare probing it again; null when unknown.</summary>
    public required Func<string, ScannedVolume?> Known { get; init; }

    /// <summary>
    /// What the last scan returned in that place, as long as nothing has changed since: a backend that finds things in the same order again is spared
    /// a look-up for each. Null when there is nothing, or it may be outdated.
    /// </summary>
    public Func<int, ScannedVolume?> KnownAt { get; init; } = _ => null;
}

/// <summary>The host that the driver runs on; everything in it can be replaced in a test.</summary>
public sealed class HostContext
{
    private DeviceWatcher? _devices;

    public required ICommandRunner Commands { get; init; }

    public required HostTools Tools { get; init; }

    /// <summary>Values of secrets, private ones too: for tools and storage, never for a client.</summary>
    public ISecretValues Secrets { get; init; } = NoSecrets.Instance;

    /// <summary>Folder for run-time files of this instance (temporary secrets, journals), mode 0700.</summary>
    public required string RunDirectory { get; init; }

    /// <summary>Name of this host and instance, part of the names of volumes under construction.</summary>
    public required string InstanceId { get; init; }

    /// <summary>Where a backend records the temporary files of volumes under construction.</summary>
    public Persistence.BuildJournal Journal => new(RunDirectory);

    /// <summary>What the server itself brought up for its pools.</summary>
    public Persistence.RunMarks Marks => new(RunDirectory);

    /// <summary>What the threads of all pools do.</summary>
    public Pools.PoolWork Work { get; } = new();

    /// <summary>Tells backends of changes in folders.</summary>
    internal FolderWatcher Folders { get; init; } = new();

    /// <summary>Tells backends of changes of block devices.</summary>
    internal DeviceWatcher Devices => LazyInitializer.EnsureInitialized(ref _devices, () => new DeviceWatcher(Kernel));

    /// <summary>The kernel's views of the host.</summary>
    public Host.KernelRoots Kernel { get; init; } = Host.KernelRoots.Host;

    public required TimeProvider Clock { get; init; }

    public required ILoggerFactory Loggers { get; init; }
}
