using Cistern.Storage.Backends;
using Cistern.Storage.Backends.Dir;
using Cistern.Storage.Commands;
using Cistern.Storage.Definitions;
using Cistern.Storage.Host;
using Cistern.Storage.Pools;
using Cistern.Storage.Secrets;
using Cistern.Support;
using Microsoft.Extensions.Logging.Abstractions;

namespace Cistern.Storage.Tests.Backends;

/// <summary>A dir pool on a temporary folder, without the facade: the backend is called as the facade would.</summary>
internal sealed class TestPool : IDisposable
{
    private readonly TemporaryFolder _run = new();
    private Dictionary<string, ScannedVolume> _known = [];

    public TestPool()
        : this(Path.GetTempPath())
    {
    }

    /// <param name="parent">Folder on the file system to be used.</param>
    public TestPool(string parent)
    {
        Folder = new TemporaryFolder(parent);
        Definition = new PoolDefinition { Type = PoolType.Dir, Name = "pool", Uuid = Guid.NewGuid(), Target = new PoolTarget(Folder.Path) };
    }

    public DirBackend Backend { get; } = new();

    public TemporaryFolder Folder { get; }

    public PoolDefinition Definition { get; set; }

    /// <summary>Well after the files of the test, so that their stamps can be trusted.</summary>
    public ManualClock Clock { get; } = new(DateTimeOffset.UtcNow.AddHours(1));

    public FakeCommandRunner Commands { get; } = new();

    /// <summary>Commands run for real instead of being recorded.</summary>
    public bool RealCommands { get; init; }

    /// <summary>What runs commands; null: as <see cref="RealCommands"/> says.</summary>
    public ICommandRunner? Runner { get; init; }

    public HostTools Tools { get; init; } = new();

    public KernelRoots Kernel { get; init; } = KernelRoots.Host;

    public ISecretValues Secrets { get; init; } = new FakeSecrets();

    public IPoolSession? Session { get; set; }

    public PoolThreads Threads { get; } = new();

    /// <summary>Where the instance keeps its journal.</summary>
    public string RunFolder => _run.Path;

    /// <summary>Paths that the journal of files under construction names.</summary>
    public IEnumerable<string> Journal =>
        Directory.Exists(_run["building"]) ? Directory.GetFiles(_run["building"]).Select(File.ReadAllText) : [];

    public PoolContext Context => ContextOf(isAsked: true);

    /// <param name="isAsked">See <see cref="PoolContext.IsAsked"/>.</param>
    public PoolContext ContextOf(bool isAsked) => new()
    {
        Definition = Definition,
        IsAsked = isAsked,
        Session = Session,
        Threads = Threads,
        Known = name => _known.GetValueOrDefault(name),
        Host = new HostContext
        {
            Commands = Runner ?? (RealCommands ? new CommandRunner(Tools, NullLogger<CommandRunner>.Instance) : Commands),
            Tools = Tools,
            Secrets = Secrets,
            RunDirectory = _run.Path,
            InstanceId = "test",
            Clock = Clock,
            Kernel = Kernel,
            Loggers = NullLoggerFactory.Instance,
        },
    };

    /// <summary>Scans and remembers what was found.</summary>
    public async Task<IReadOnlyDictionary<string, ScannedVolume>> ScanAsync()
    {
        PoolContents contents = await Backend.RefreshAsync(Context, CancellationToken.None);
        _known = contents.Volumes.ToDictionary(volume => volume.Definition.Name);
        return _known;
    }

    /// <summary>Forgets what was found.</summary>
    public void Forget() => _known = [];

    /// <summary>Remembers a volume as found.</summary>
    public void Know(ScannedVolume volume) => _known = new(_known) { [volume.Definition.Name] = volume };

    /// <summary>Allocates and builds.</summary>
    public async Task<VolumeDefinition> CreateAsync(VolumeDefinition request, uint flags = 0, JobProgress? progress = null)
    {
        VolumeDefinition volume = (await Backend.AllocateAsync(Context, request, flags, CancellationToken.None)).Volume!;
        await Backend.BuildAsync(Context, volume, flags, progress ?? new JobProgress(), CancellationToken.None);
        return volume;
    }

    /// <summary>A request for a raw volume that takes no space, in bytes.</summary>
    public static VolumeDefinition Raw(string name, ulong capacity, ulong allocation = 0) =>
        new() { Name = name, Capacity = capacity, Allocation = allocation, Target = new VolumeTarget { Format = "raw" } };

    /// <summary>Names in the folder, hidden ones too.</summary>
    public IEnumerable<string> Entries() => Directory.GetFileSystemEntries(Folder.Path).Select(path => Path.GetFileName(path)!).Order(StringComparer.Ordinal);

    public void Dispose()
    {
        Folder.Dispose();
        _run.Dispose();
    }
}
