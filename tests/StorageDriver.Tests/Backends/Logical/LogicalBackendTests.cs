using Cistern.Storage.Backends;
using Cistern.Storage.Backends.Capabilities;
using Cistern.Storage.Backends.Logical;
using Cistern.Storage.Commands;
using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;
using Cistern.Storage.Pools;

namespace Cistern.Storage.Tests.Backends.Logical;

/// <summary>Against a volume group that only answers commands.</summary>
public sealed class LogicalBackendTests : IDisposable
{
    private const ulong MiB = 1024 * 1024;

    private readonly LogicalBackend _backend = new();
    private readonly TestPool _pool = new();
    private readonly FakeLvm _lvm;

    public LogicalBackendTests()
    {
        _lvm = new FakeLvm(_pool.Folder.Path);
        _pool.Commands.Answer = _lvm.Answer;
        Source("vg");
    }

    private IReadOnlyList<string> Lines => _pool.Commands.Lines;

    private string Folder => _pool.Folder.Path;

    public void Dispose() => _pool.Dispose();

    [Fact]
    public async Task A_pool_is_started_on_a_group_with_one_of_its_devices()
    {
        Source("vg", "/dev/y", "/dev/x");
        _lvm.PhysicalVolumes.Add(("/dev/z", ""));
        await StartAsync();
        Assert.Equal(["vgscan", "pvs --reportformat json -o pv_name,vg_name", "vgchange -aly vg"], Lines);
    }

    [Theory]
    [InlineData("other", "")]
    [InlineData("vg", "/dev/y")]
    public async Task A_pool_is_not_started_without_its_group_or_devices(string group, string device)
    {
        Source(group, device.Length == 0 ? [] : [device]);
        await FailsAsync(StartAsync, StorageErrorCode.ConfigUnsupported);
        await FailsAsync(async () => await _backend.IsActiveAsync(_pool.Context, CancellationToken.None), StorageErrorCode.ConfigUnsupported);
        Assert.DoesNotContain(Lines, line => line.StartsWith("vgchange", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("-f")]
    [InlineData("../sda")]
    [InlineData("a b")]
    public async Task What_is_no_name_of_a_group_never_reaches_a_tool(string name)
    {
        Source(name);
        Func<Task>[] uses =
        [
            StartAsync,
            () => _backend.StopAsync(_pool.Context, CancellationToken.None).AsTask(),
            () => _backend.RefreshAsync(_pool.Context, CancellationToken.None).AsTask(),
            () => ((IPoolProvisioning)_backend).BuildAsync(_pool.Context, 8, CancellationToken.None).AsTask(),
            () => ((IPoolProvisioning)_backend).DeleteAsync(_pool.Context, 0, CancellationToken.None).AsTask(),
            () => CreateAsync(Volume("v")),
        ];
        foreach (Func<Task> use in uses)
        {
            await FailsAsync(use, StorageErrorCode.InvalidArgument);
        }

        Assert.Empty(Lines);
    }

    [Fact]
    public async Task Missing_tools_are_named()
    {
        using TestPool bare = new() { Tools = new HostTools([Folder]), RealCommands = true, Definition = _pool.Definition };
        StorageException error = await FailsAsync(
            async () => await _backend.StartAsync(bare.Context, CancellationToken.None), StorageErrorCode.InternalError);
        Assert.Contains("'vgscan'", error.Message, StringComparison.Ordinal);
        error = await FailsAsync(async () => await _backend.RefreshAsync(bare.Context, CancellationToken.None), StorageErrorCode.InternalError);
        Assert.Contains("'lvm'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_a_failed_start_activated_is_deactivated_unless_it_was_active_before()
    {
        _pool.Definition = _pool.Definition with { Target = new PoolTarget(_pool.Folder["none"]) };
        _lvm.Failures["vgchange"] = "Refusing activation of partial LV vg/a.\n";
        StorageException error = await FailsAsync(StartAsync, StorageErrorCode.InternalError, StorageErrorDomain.None);
        Assert.EndsWith("Refusing activation of partial LV vg/a.", error.Message, StringComparison.Ordinal);
        Assert.Equal("vgchange -aln vg", Lines[^1]);

        _pool.Definition = _pool.Definition with { Target = new PoolTarget(Folder) };
        await FailsAsync(StartAsync, StorageErrorCode.InternalError, StorageErrorDomain.None);
        Assert.Equal("vgchange -aly vg", Lines[^1]);
    }

    [Fact]
    public async Task A_group_is_active_with_a_device_or_without_volumes()
    {
        Assert.True(await _backend.IsActiveAsync(_pool.Context, CancellationToken.None));
        _pool.Definition = _pool.Definition with { Target = new PoolTarget(_pool.Folder["none"]) };
        Assert.True(await _backend.IsActiveAsync(_pool.Context, CancellationToken.None));
        _lvm.Add(FakeLvm.Linear("v") with { Attributes = "-wi-------" });
        Assert.False(await _backend.IsActiveAsync(_pool.Context, CancellationToken.None));
    }

    [Fact]
    public async Task A_group_that_is_gone_is_stopped_and_one_in_use_is_not()
    {
        _lvm.Failures["vgchange"] = "  Volume group \"vg\" not found\n  Cannot process volume group vg\n";
        await _backend.StopAsync(_pool.Context, CancellationToken.None);
        _lvm.Failures["vgchange"] = "  Logical volume vg/v in use.\n";
        StorageException error = await FailsAsync(
            () => _backend.StopAsync(_pool.Context, CancellationToken.None).AsTask(), StorageErrorCode.InternalError, StorageErrorDomain.None);
        Assert.Contains("vg/v in use", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_report_is_all_that_a_refresh_runs()
    {
        _lvm.Add(FakeLvm.Linear("a"));
        _lvm.Add(FakeLvm.Linear("b"));
        await RefreshAsync();
        Assert.Single(Lines);
    }

    [Fact]
    public async Task A_group_without_some_of_its_devices_is_degraded()
    {
        Assert.Null((await RefreshAsync()).Degraded);
        _lvm.Missing = 1;
        Assert.Contains("misses 1", (await RefreshAsync()).Degraded, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Snapshots_stand_on_their_origin_and_thin_ones_by_themselves()
    {
        _lvm.Add(FakeLvm.Linear("base"));
        _lvm.Add(FakeLvm.Snapshot("snap", "base"));
        _lvm.Add(FakeLvm.ThinPool("tp", 20));
        _lvm.Add(FakeLvm.Thin("thin", "tp", used: 2550));
        _lvm.Add(FakeLvm.Thin("copy", "tp") with { Origin = "thin" });
        _lvm.Add(FakeLvm.Thin("outside", "tp") with { Origin = "base" });
        _lvm.Add(FakeLvm.Snapshot("thick", "thin"));
        var found = (await RefreshAsync()).Volumes.ToDictionary(volume => volume.Definition.Name, volume => volume.Definition);
        Assert.Equal(["base", "copy", "outside", "snap", "thick", "thin"], found.Keys.Order(StringComparer.Ordinal));
        Assert.Equal(
            [$"copy ", $"outside {Folder}/base", $"snap {Folder}/base", $"thick {Folder}/thin", "thin "],
            found.Values.Where(volume => volume.Name != "base").Select(volume => $"{volume.Name} {volume.BackingStore?.Path}").Order(StringComparer.Ordinal));
        Assert.Equal((40 * MiB, 163ul * 65536), (found["thin"].Capacity, found["thin"].Allocation));
    }

    [Theory]
    [InlineData("-wi-------", false)]
    [InlineData("-wi-d-----", false)]
    [InlineData("-wi-ao----", true)]
    [InlineData("-wi-s-----", true)]
    [InlineData("swi-I-s---", true)]
    public async Task Volumes_with_a_device_are_shown(string attributes, bool shown)
    {
        _lvm.Add(FakeLvm.Linear("v") with { Attributes = attributes });
        Assert.Equal(shown ? 1 : 0, (await RefreshAsync()).Volumes.Count);
    }

    [Fact]
    public async Task A_volume_is_made_owned_and_described()
    {
        VolumeChange change = await CreateAsync(Volume("v") with { Target = new VolumeTarget { Permissions = new Permissions(0x1A0) } });
        Assert.Equal(("uuid-of-v", VolumeKind.Block, $"{Folder}/v"), (change.Volume!.Key, change.Volume.Kind, change.Volume.Target.Path));
        Assert.Equal(new SourceExtent("/dev/x", 0, 20 * MiB), Assert.Single(change.Volume.Extents));
        Assert.Equal(100 * FakeLvm.ExtentSize, change.Contents!.Numbers.Available);
        Assert.Equal("lvcreate --name v -L 20480K vg --yes", Lines[0]);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead, File.GetUnixFileMode($"{Folder}/v"));
        Assert.False(change.IsBuilt);
    }

    [Fact]
    public async Task A_volume_that_asks_for_no_mode_is_the_servers_alone()
    {
        await CreateAsync(Volume("v"));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode($"{Folder}/v"));
    }

    [Fact]
    public async Task What_was_made_and_cannot_be_described_is_removed()
    {
        _pool.Commands.Answer = command => command.Tool == "lvm" ? new CommandResult(5, "", "no report\n") : _lvm.Answer(command);
        await FailsAsync(() => CreateAsync(Volume("v")), StorageErrorCode.InternalError, StorageErrorDomain.None);
        Assert.Equal($"lvremove -f {Folder}/v", Lines[^1]);
        Assert.Empty(_lvm.Volumes);
    }

    [Fact]
    public async Task What_a_command_that_was_killed_may_have_made_is_removed()
    {
        _pool.Commands.Answer = command =>
            command.Tool == "lvcreate" ? throw StorageErrors.CommandTimedOut("lvcreate", TimeSpan.FromSeconds(1)) : _lvm.Answer(command);
        await FailsAsync(() => CreateAsync(Volume("v")), StorageErrorCode.OperationTimeout);
        Assert.Equal($"lvremove -f {Folder}/v", Lines[^1]);
    }

    [Fact]
    public async Task What_others_made_of_the_same_name_stays()
    {
        _lvm.Failures["lvcreate"] = "  Logical Volume \"v\" already exists in volume group \"vg\"\n";
        StorageException error = await FailsAsync(() => CreateAsync(Volume("v")), StorageErrorCode.InternalError, StorageErrorDomain.None);
        Assert.EndsWith("already exists in volume group \"vg\"", error.Message, StringComparison.Ordinal);
        Assert.Single(Lines);
    }

    [Fact]
    public async Task Sparse_volumes_are_thin_in_the_thin_pool_with_the_most_room()
    {
        VolumeDefinition sparse = Volume("v") with { Allocation = 0 };
        await CreateAsync(sparse);
        Assert.Equal("lvcreate --name v -L 1K --type snapshot --virtualsize 20480K vg --yes", Lines[1]);
        _lvm.Add(FakeLvm.ThinPool("large", 30, used: 9000));
        _lvm.Add(FakeLvm.ThinPool("roomy", 20, used: 5000));
        _lvm.Add(FakeLvm.ThinPool("off", 90) with { Attributes = "twi---tz--" });
        VolumeChange made = await CreateAsync(sparse with { Name = "w" });
        Assert.Contains("lvcreate --name w --type thin --thinpool roomy --virtualsize 20480K vg --yes", Lines);
        Assert.Equal("w", made.Volume!.Name);
        await CreateAsync(Volume("x"));
        Assert.Contains("lvcreate --name x -L 20480K vg --yes", Lines);
    }

    [Fact]
    public async Task A_thin_pool_can_be_asked_for_and_snapshots_of_thin_volumes_are_thin()
    {
        _lvm.Add(FakeLvm.ThinPool("tp", 30));
        _lvm.Add(FakeLvm.Thin("thin", "tp"));
        _lvm.Add(FakeLvm.Linear("base"));
        await CreateAsync(Volume("a") with { BackingStore = new BackingStore($"{Folder}/tp", null) });
        await CreateAsync(Volume("b") with { BackingStore = new BackingStore($"{Folder}/thin", null) });
        await CreateAsync(Volume("c") with { BackingStore = new BackingStore($"{Folder}/base", null) });
        Assert.Equal(
            [
                "lvcreate --name a --type thin --thinpool tp --virtualsize 20480K vg --yes",
                $"lvcreate --name b -s {Folder}/thin --setactivationskip n --yes",
                $"lvcreate --name c -L 20480K -s {Folder}/base --yes",
            ],
            Lines.Where(line => line.StartsWith("lvcreate", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Requests_that_cannot_be_served_are_refused_before_anything_runs()
    {
        await FailsAsync(() => CreateAsync(Volume("v") with { Capacity = 0 }), StorageErrorCode.NoSupport);
        await FailsAsync(() => CreateAsync(Volume("vg/v")), StorageErrorCode.InvalidArgument);
        await FailsAsync(() => CreateAsync(Volume("v"), flags: 8), StorageErrorCode.InvalidArgument);
        await FailsAsync(
            () => CreateAsync(Volume("v") with { Target = new VolumeTarget { Encryption = new VolumeEncryption("qcow") } }), StorageErrorCode.ConfigUnsupported);
        Assert.Empty(Lines);
    }

    [Theory]
    [InlineData(0u, 10ul, "lvcreate --name copy -s {0}/thin --setactivationskip n --yes")]
    [InlineData(2u, 40ul, "lvcreate --name copy -s {0}/thin --setactivationskip n --yes")]
    [InlineData(0u, 40ul, "lvcreate --name copy -L 40960K vg --yes")]
    public async Task A_thin_volume_is_copied_as_a_snapshot_where_that_may_be(uint flags, ulong allocation, string line)
    {
        _lvm.Add(FakeLvm.ThinPool("tp", 30));
        _lvm.Add(FakeLvm.Thin("thin", "tp"));
        VolumeChange change = await CopyAsync("thin", new VolumeDefinition { Name = "copy", Capacity = 40 * MiB, Allocation = allocation * MiB }, flags);
        Assert.Contains(string.Format(null, line, Folder), Lines);
        Assert.Equal(line.Contains("-s", StringComparison.Ordinal) && line.Contains("thin", StringComparison.Ordinal), change.IsBuilt);
        Assert.DoesNotContain(Lines, command => command.StartsWith("lvextend", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_snapshot_that_is_to_be_larger_is_extended()
    {
        _lvm.Add(FakeLvm.ThinPool("tp", 30));
        _lvm.Add(FakeLvm.Thin("thin", "tp"));
        await CopyAsync("thin", new VolumeDefinition { Name = "copy", Capacity = 80 * MiB, Allocation = 0 });
        Assert.Contains($"lvextend -L 81920K {Folder}/copy", Lines);
    }

    [Fact]
    public async Task Other_copies_take_their_space_and_share_nothing()
    {
        _lvm.Add(FakeLvm.Linear("base"));
        VolumeDefinition sparse = new() { Name = "copy", Capacity = 8 * MiB, Allocation = 4 * MiB, BackingStore = new BackingStore($"{Folder}/base", null) };
        await CopyAsync("base", sparse);
        Assert.Contains("lvcreate --name copy -L 8192K vg --yes", Lines);
        StorageException error = await FailsAsync(() => CopyAsync("base", sparse with { Name = "shared" }, flags: 2), StorageErrorCode.SystemError);
        Assert.Contains("without copying", error.Message, StringComparison.Ordinal);
        _lvm.Add(FakeLvm.ThinPool("tp", 30));
        await CopyAsync("base", sparse with { Name = "thin" });
        Assert.Contains("lvcreate --name thin --type thin --thinpool tp --virtualsize 8192K vg --yes", Lines);
    }

    [Fact]
    public async Task A_volume_is_removed_whatever_its_first_removal_said()
    {
        VolumeDefinition volume = (await CreateAsync(Volume("v"))).Volume!;
        await DeleteAsync(volume);
        Assert.Equal($"lvremove -f {Folder}/v", Lines[^1]);

        int removals = 0;
        _pool.Commands.Answer = command =>
            command.Tool == "lvremove" && ++removals == 1 ? new CommandResult(5, "", "  Some fault\n") : new CommandResult(0, "", "");
        await DeleteAsync(volume);
        Assert.Equal([$"lvremove -f {Folder}/v", $"lvchange -aln {Folder}/v", $"lvremove -f {Folder}/v"], Lines.TakeLast(3));

        _pool.Commands.Answer = command => new CommandResult(5, "", command.Tool == "lvremove" ? "  The cause\n" : "  The consequence\n");
        StorageException error = await FailsAsync(() => DeleteAsync(volume), StorageErrorCode.InternalError, StorageErrorDomain.None);
        Assert.EndsWith("The cause", error.Message, StringComparison.Ordinal);
        await FailsAsync(() => DeleteAsync(volume, flags: 1), StorageErrorCode.InvalidArgument);
    }

    [Fact]
    public async Task A_volume_that_others_removed_is_removed()
    {
        _lvm.Failures["lvremove"] = "  Failed to find logical volume \"vg/v\"\n";
        await DeleteAsync(Made("v"));
        Assert.Single(Lines);
    }

    [Fact]
    public async Task A_volume_in_use_by_nobody_knows_whom_fails_with_what_the_tool_said()
    {
        _lvm.Failures["lvremove"] = "  Logical volume vg/v in use.\n";
        StorageException error = await FailsAsync(() => DeleteAsync(Made("v")), StorageErrorCode.InternalError, StorageErrorDomain.None);
        Assert.EndsWith("Logical volume vg/v in use.", error.Message, StringComparison.Ordinal);
        Assert.Single(Lines);
    }

    [Theory]
    [InlineData(9ul, 0u, "lvextend -L 9216K {0}/v")]
    [InlineData(12ul, 1u, "lvextend -L 12288K {0}/v")]
    [InlineData(3ul, 4u, "lvreduce -f -L 3072K {0}/v")]
    [InlineData(8ul, 0u, null)]
    [InlineData(7ul, 4u, null)]
    public async Task A_volume_changes_to_whole_extents(ulong capacity, uint flags, string? line)
    {
        _lvm.Add(FakeLvm.Linear("v"));
        await ResizeAsync("v", capacity * MiB, flags);
        Assert.Equal(line is null ? [] : [string.Format(null, line, Folder)], Lines.Skip(1));
    }

    [Fact]
    public async Task What_cannot_be_resized_is_refused()
    {
        _lvm.Add(FakeLvm.Linear("v"));
        _lvm.Add(FakeLvm.Snapshot("snap", "v"));
        _lvm.Add(FakeLvm.ThinPool("tp", 30));
        _lvm.Add(FakeLvm.Thin("thin", "tp"));
        await FailsAsync(() => ResizeAsync("snap", 80 * MiB), StorageErrorCode.NoSupport);
        await FailsAsync(() => ResizeAsync("thin", 80 * MiB, flags: 1), StorageErrorCode.OperationUnsupported);
        await FailsAsync(() => ResizeAsync("v", 80 * MiB, flags: 8), StorageErrorCode.InvalidArgument);
        await FailsAsync(() => ResizeAsync("nosuch", 80 * MiB), StorageErrorCode.NoStorageVolume);
        Assert.All(Lines, line => Assert.StartsWith("lvm ", line, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_wipe_that_would_overflow_a_snapshot_or_thin_pool_is_refused()
    {
        _lvm.Add(FakeLvm.Linear("v", 10));
        _lvm.Add(FakeLvm.Snapshot("snap", "v", 9));
        StorageException error = await FailsAsync(() => WipeAsync("v"), StorageErrorCode.OperationFailed);
        Assert.Contains("'snap'", error.Message, StringComparison.Ordinal);
        _lvm.Add(FakeLvm.ThinPool("tp", 30, used: 9950));
        _lvm.Add(FakeLvm.Thin("thin", "tp", used: 5000));
        error = await FailsAsync(() => WipeAsync("thin"), StorageErrorCode.OperationFailed);
        Assert.Contains("'tp'", error.Message, StringComparison.Ordinal);
        await FailsAsync(() => WipeAsync("snap", algorithm: 8), StorageErrorCode.ArgumentUnsupported);
    }

    [Fact]
    public async Task A_lock_that_was_refused_is_asked_for_again()
    {
        int refusals = 2;
        _pool.Commands.Answer = command =>
            refusals-- > 0 ? new CommandResult(5, "", "  /run/lock/lvm/V_vg: flock failed: Resource temporarily unavailable\n  Can't get lock for vg.\n")
            : _lvm.Answer(command);
        await RefreshAsync();
        Assert.Equal(3, Lines.Count);
        _pool.Commands.Answer = _ => new CommandResult(5, "", "  Volume group \"vg\" not found\n");
        await FailsAsync(RefreshAsync, StorageErrorCode.InternalError, StorageErrorDomain.None);
        Assert.Equal(4, Lines.Count);
    }

    [Fact]
    public async Task Groups_are_found_with_their_devices()
    {
        _lvm.PhysicalVolumes.AddRange([("/dev/y", ""), ("/dev/z", "vg"), ("[unknown]", "vg"), ("/dev/w", "other")]);
        _lvm.Failures["vgscan"] = "  nothing\n";
        var found = await _backend.FindSourcesAsync(_pool.Context.Host, null, CancellationToken.None);
        Assert.Equal(
            ["vg lvm2 /dev/x /dev/z", "other lvm2 /dev/w"],
            found.Select(source => $"{source.Name} {source.Format} {string.Join(' ', source.Devices.Select(device => device.Path))}"));
    }

    [Fact]
    public async Task A_group_is_removed_and_then_what_is_on_its_devices()
    {
        Source("vg", "/dev/x", "/dev/y");
        _lvm.Failures["pvremove"] = "  not ours\n";
        await ((IPoolProvisioning)_backend).DeleteAsync(_pool.Context, 0, CancellationToken.None);
        Assert.Equal(["vgremove -f vg", "pvremove /dev/x", "pvremove /dev/y"], Lines);
        await FailsAsync(() => ((IPoolProvisioning)_backend).DeleteAsync(_pool.Context, 1, CancellationToken.None).AsTask(), StorageErrorCode.InvalidArgument);
    }

    [Theory]
    [InlineData(12u, StorageErrorCode.InvalidArgument)]
    [InlineData(1u, StorageErrorCode.InvalidArgument)]
    [InlineData(0u, StorageErrorCode.StorageProbeFailed)]
    [InlineData(4u, StorageErrorCode.StorageProbeFailed)]
    [InlineData(8u, StorageErrorCode.SystemError)]
    public async Task Nothing_is_built_on_what_is_not_there(uint flags, StorageErrorCode code)
    {
        Source("vg", "/dev/nosuch");
        await FailsAsync(() => ((IPoolProvisioning)_backend).BuildAsync(_pool.Context, flags, CancellationToken.None).AsTask(), code);
        Assert.Empty(Lines);
    }

    private static VolumeDefinition Volume(string name) => new() { Name = name, Capacity = 20 * MiB, Allocation = 20 * MiB };

    private static async Task<StorageException> FailsAsync(
        Func<Task> work, StorageErrorCode code, StorageErrorDomain domain = StorageErrorDomain.Storage)
    {
        StorageException error = await Assert.ThrowsAsync<StorageException>(work);
        Assert.Equal((code, domain), (error.Code, error.Domain));
        return error;
    }

    private void Source(string group, params string[] devices) =>
        _pool.Definition = _pool.Definition with
        {
            Type = PoolType.Logical,
            Source = new PoolSource { Name = group, Format = "lvm2", Devices = [.. devices.Select(device => new SourceDevice(device))] },
        };

    private VolumeDefinition Made(string name) => Volume(name) with { Kind = VolumeKind.Block, Target = new VolumeTarget { Path = $"{Folder}/{name}" } };

    private Task StartAsync() => _backend.StartAsync(_pool.Context, CancellationToken.None).AsTask();

    private Task<PoolContents> RefreshAsync() => _backend.RefreshAsync(_pool.Context, CancellationToken.None).AsTask();

    private Task<VolumeChange> CreateAsync(VolumeDefinition volume, uint flags = 0) =>
        _backend.AllocateAsync(_pool.Context, volume, flags, CancellationToken.None).AsTask();

    private async Task<VolumeChange> CopyAsync(string source, VolumeDefinition volume, uint flags = 0)
    {
        VolumeDefinition found = (await RefreshAsync()).Volumes.Single(other => other.Definition.Name == source).Definition;
        return await _backend.AllocateFromAsync(_pool.Context, volume, new VolumeSource(_backend, _pool.Context, found), flags, CancellationToken.None);
    }

    private Task<VolumeChange> DeleteAsync(VolumeDefinition volume, uint flags = 0) =>
        _backend.DeleteAsync(_pool.Context, volume, flags, CancellationToken.None).AsTask();

    private Task ResizeAsync(string name, ulong capacity, uint flags = 0) =>
        _backend.ResizeAsync(_pool.Context, Made(name), capacity, flags, CancellationToken.None).AsTask();

    private async Task WipeAsync(string name, uint algorithm = 0)
    {
        VolumeDefinition volume = (await RefreshAsync()).Volumes.Single(other => other.Definition.Name == name).Definition;
        await _backend.WipeAsync(_pool.Context, volume, algorithm, new JobProgress(), CancellationToken.None);
    }
}
