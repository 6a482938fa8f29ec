using Cistern.Storage.Backends;
using Cistern.Storage.Backends.Scsi;
using Cistern.Storage.Commands;
using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;
using Cistern.Storage.Host;
using Cistern.Storage.Pools;
using Cistern.Storage.Tests.Transcripts;
using Cistern.Support;
using Microsoft.Extensions.Logging.Abstractions;

namespace Cistern.Storage.Tests.Backends.Scsi;

/// <summary>The second of two hosts of scsi_debug; loop devices stand for the disks sdd and sde, and sdf is not there.</summary>
public sealed class ScsiBackendTests : IDisposable
{
    private const int MiB = 1024 * 1024;

    private readonly TemporaryFolder _sys = new();
    private readonly TemporaryFolder _dev = new();
    private readonly TemporaryFolder _run = new();
    private readonly ScsiBackend _backend = new();
    private readonly PoolThreads _threads = new();
    private readonly List<LoopDevice> _loops = [];
    private Dictionary<string, ScannedVolume> _known = [];
    private string _target;

    public ScsiBackendTests()
    {
        CapturedTree.Unpack("scsi/two-hosts", _sys.Path);
        _target = Directory.CreateDirectory(_dev["disk/by-path"]).FullName;
    }

    private string Scanned => File.ReadAllText(_sys["class/scsi_host/host1/scan"]);

    public void Dispose()
    {
        _loops.ForEach(loop => loop.Dispose());
        _sys.Dispose();
        _dev.Dispose();
        _run.Dispose();
    }

    [LoopDeviceFact]
    public async Task Units_with_a_link_are_volumes()
    {
        Disk("sdd", 1, "pci-1-lun-0", "also");
        Disk("sde", 2);
        PoolContents contents = await RefreshAsync();
        VolumeDefinition volume = Assert.Single(contents.Volumes).Definition;
        Assert.Equal(("unit:0:0:0", Serial("sdd"), _target + "/also"), (volume.Name, volume.Key, volume.Target.Path));
        Assert.Equal(new PoolNumbers(MiB, MiB, 0), contents.Numbers);
        Assert.Equal("- - -", Scanned);
    }

    [LoopDeviceFact]
    public async Task What_did_not_change_is_the_same_as_before()
    {
        Disk("sdd", 1, "a");
        ScannedVolume first = Assert.Single((await RefreshAsync()).Volumes);
        Assert.Same(first, Assert.Single((await RefreshAsync()).Volumes));
    }

    [LoopDeviceFact]
    public async Task Devices_go_by_their_own_paths_where_the_target_is_that_of_devices()
    {
        _target = _dev.Path;
        Disk("sdd", 1);
        Disk("sde", 2);
        Assert.Equal([_dev["sdd"], _dev["sde"]], (await RefreshAsync()).Volumes.Select(volume => volume.Definition.Target.Path));
    }

    [LoopDeviceFact]
    public async Task A_second_way_to_one_unit_has_its_path_as_key()
    {
        File.Copy(_sys["bus/scsi/devices/1:0:0:0/vpd_pg83"], _sys["bus/scsi/devices/1:0:0:1/vpd_pg83"], overwrite: true);
        Disk("sdd", 1, "a");
        Disk("sde", 1, "b");
        var volumes = (await RefreshAsync()).Volumes;
        Assert.Equal([Serial("sdd"), _target + "/b"], volumes.Select(volume => volume.Definition.Key));
    }

    [Fact]
    public async Task A_scan_that_nobody_asked_for_leaves_the_host_alone()
    {
        Assert.Empty((await RefreshAsync(asked: false)).Volumes);
        Assert.Equal("", Scanned);
        File.Delete(_sys["class/scsi_host/host1"]);
        StorageException error = await Assert.ThrowsAsync<StorageException>(() => RefreshAsync(asked: false));
        Assert.Equal((StorageErrorCode.SystemError, Errno.NoEntry), (error.Code, error.Errno));
    }

    [Fact]
    public async Task A_target_that_holds_no_devices_is_refused_where_there_are_units()
    {
        _target = _run.Path;
        StorageException error = await Assert.ThrowsAsync<StorageException>(() => RefreshAsync());
        Assert.Equal((StorageErrorCode.InvalidArgument, StorageErrorDomain.Storage), (error.Code, error.Domain));
        Assert.Contains(_target, error.Message, StringComparison.Ordinal);
        Directory.Delete(_sys["bus/scsi"], recursive: true);
        Assert.Empty((await RefreshAsync()).Volumes);
    }

    [Fact]
    public async Task The_pool_is_up_while_its_host_is_there()
    {
        Assert.True(await _backend.IsActiveAsync(Context(), default));
        Assert.Null(await _backend.StartAsync(Context(), default));
        await _backend.StopAsync(Context(), default);
        File.Delete(_sys["class/scsi_host/host1"]);
        Assert.False(await _backend.IsActiveAsync(Context(), default));
    }

    private static string Serial(string disk) => Transcript.Read($"scsi/scsi_id-{disk}").Output.Trim();

    /// <summary>Makes a disk, and links to it in the target folder.</summary>
    private void Disk(string name, int size, params string[] links)
    {
        LoopDevice loop = new(_run.Write(name, new byte[size * MiB]));
        _loops.Add(loop);
        File.CreateSymbolicLink(_dev[name], loop.Path);
        Array.ForEach(links, link => File.CreateSymbolicLink($"{_target}/{link}", $"../../{name}"));
    }

    private async Task<PoolContents> RefreshAsync(bool asked = true)
    {
        PoolContents contents = await _backend.RefreshAsync(Context(asked), default);
        _known = contents.Volumes.ToDictionary(volume => volume.Definition.Name);
        return contents;
    }

    private PoolContext Context(bool asked = true) => new()
    {
        Definition = new PoolDefinition
        {
            Type = PoolType.Scsi,
            Name = "units",
            Uuid = Guid.NewGuid(),
            Source = PoolSource.Empty with { Adapter = new ScsiHostAdapter("scsi_host1", null) },
            Target = new PoolTarget(_target),
        },
        Threads = _threads,
        IsAsked = asked,
        Known = name => _known.GetValueOrDefault(name),
        Host = new HostContext
        {
            Commands = new FakeCommandRunner(),
            Tools = new HostTools(),
            RunDirectory = _run.Path,
            InstanceId = "test",
            Clock = TimeProvider.System,
            Kernel = new KernelRoots(_sys.Path, _sys.Path, _dev.Path),
            Loggers = NullLoggerFactory.Instance,
        },
    };
}
