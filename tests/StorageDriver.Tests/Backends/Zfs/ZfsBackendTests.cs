using Cistern.Storage.Backends;
using Cistern.Storage.Backends.Capabilities;
using Cistern.Storage.Backends.Zfs;
using Cistern.Storage.Commands;
using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;
using Cistern.Storage.Pools;
using Cistern.Storage.Tests.Transcripts;

namespace Cistern.Storage.Tests.Backends.Zfs;

/// <summary>The tools are made up; the folder of devices is a real one, where volumes are files.</summary>
public sealed class ZfsBackendTests : IDisposable
{
    private const ulong MiB = 1 << 20;

    private readonly ZfsBackend _backend = new();
    private readonly TestPool _pool = new();
    private readonly FakeZfs _zfs;

    public ZfsBackendTests()
    {
        _zfs = new FakeZfs(_pool.Folder.Path);
        _zfs.Datasets.Add("tank");
        _pool.Commands.Answer = _zfs.Run;
        Name("tank");
    }

    public void Dispose() => _pool.Dispose();

    [Theory]
    [InlineData(10 * MiB, 10 * MiB, "zfs create -o volmode=dev -V 10240K tank/v")]
    [InlineData(20 * MiB, 0, "zfs create -o volmode=dev -s -V 20480K tank/v")]
    [InlineData(20 * MiB, 4 * MiB, "zfs create -o volmode=dev -s -o refreservation=4096K -V 20480K tank/v")]
    [InlineData(1025, 1, "zfs create -o volmode=dev -s -o refreservation=1K -V 2K tank/v")]
    public void Volumes_are_thick_or_thin_as_asked_for(ulong capacity, ulong allocation, string line) =>
        Assert.Equal(line, Line(ZfsCommands.Make("tank/v", capacity, allocation)));

    [Fact]
    public void Command_lines()
    {
        Assert.Equal(
            [
                "zpool get -Hp health,size,free,allocated tank",
                "zfs list -Hp -t volume -d 1 -o name,volsize,refreservation tank/a",
                "zfs list -H -o name tank/a",
                "zpool create tank /dev/a /dev/b",
                "zpool destroy tank",
                "zfs create -o mountpoint=none tank/a",
                "zfs destroy -r tank/a",
                "zfs destroy tank/v",
                "zfs destroy -r tank/v",
                "zfs snapshot tank/v@s",
                "zfs clone -o volmode=dev tank/v@s tank/w",
                "zfs destroy -d tank/v@s",
                "zfs get -Hp -o value volblocksize tank/v",
                "zfs set volsize=8192 refreservation=auto tank/v",
                "zfs set refreservation=1K tank/v",
            ],
            new[]
            {
                ZfsCommands.Numbers("tank/a"), ZfsCommands.Volumes("tank/a"), ZfsCommands.Find("tank/a"), ZfsCommands.MakePool("tank", ["/dev/a", "/dev/b"]),
                ZfsCommands.DeletePool("tank"), ZfsCommands.MakeDataset("tank/a"), ZfsCommands.DeleteDataset("tank/a"), ZfsCommands.Delete("tank/v", false),
                ZfsCommands.Delete("tank/v", true), ZfsCommands.Snapshot("tank/v@s"), ZfsCommands.Clone("tank/v@s", "tank/w"), ZfsCommands.Release("tank/v@s"),
                ZfsCommands.BlockSize("tank/v"), ZfsCommands.Set("tank/v", 8192, ulong.MaxValue), ZfsCommands.Set("tank/v", null, 1024),
            }.Select(Line));
        Assert.All(new[] { ZfsCommands.Make("a/b", 1, 1), ZfsCommands.Numbers("a"), ZfsCommands.Set("a/b", 1, 1) }, command => Assert.NotNull(command.Timeout));
    }

    [Fact]
    public void The_pools_numbers_are_those_that_the_tool_printed()
    {
        Assert.Equal(new PoolNumbers(251658240, 276480, 251381760), ZfsOutput.Numbers(Transcript.Read("zfs/zpool-get").Output));
        Assert.Throws<StorageException>(() => ZfsOutput.Numbers("tank\tsize\tx\t-\n"));
        Assert.Throws<StorageException>(() => ZfsOutput.Numbers(""));
    }

    [Fact]
    public void Volumes_are_read_field_by_field() =>
        Assert.Equal(
            [new ZfsVolume("tank/a b", 1, 2), new ZfsVolume("tank/c", 3, 0)],
            ZfsOutput.Volumes("tank/a b\t1\t2\ntank/c\t3\tnone\ntank/d\t-\t0\ntank/e\n"));

    [Fact]
    public async Task A_scan_finds_the_volumes_of_the_dataset_itself()
    {
        _zfs.Datasets.Add("tank/a");
        _zfs.Volumes["tank/v"] = (10 * MiB, 12 * MiB);
        _zfs.Volumes["tank/a/w"] = (MiB, 0);
        PoolContents contents = await _backend.RefreshAsync(_pool.Context, CancellationToken.None);
        Assert.Equal(new PoolNumbers(251658240, 276480, 251381760), contents.Numbers);
        VolumeDefinition volume = Assert.Single(contents.Volumes).Definition;
        Assert.Equal(("v", "tank/v", $"{_pool.Folder.Path}/v", VolumeKind.Block), (volume.Name, volume.Key, volume.Target.Path, volume.Kind));
        Assert.Equal((10 * MiB, 12 * MiB), (volume.Capacity, volume.Allocation));

        Name("tank/a");
        Assert.Equal("tank/a/w", Assert.Single((await _backend.RefreshAsync(_pool.Context, CancellationToken.None)).Volumes).Definition.Key);
    }

    [Theory]
    [InlineData("zfs/zpool-get-missing", "no such pool")]
    public async Task What_the_tool_says_is_in_the_error(string transcript, string text)
    {
        _pool.Commands.Answer = _ => Transcript.Read(transcript);
        StorageException error = await Assert.ThrowsAsync<StorageException>(() => _backend.RefreshAsync(_pool.Context, CancellationToken.None).AsTask());
        Assert.Equal((StorageErrorCode.InternalError, StorageErrorDomain.None), (error.Code, error.Domain));
        Assert.Contains(text, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_zpool_is_made_of_devices_and_a_dataset_of_nothing()
    {
        Name("new", "/dev/a");
        await _backend.BuildAsync(_pool.Context, 0, CancellationToken.None);
        Name("new/part");
        await _backend.BuildAsync(_pool.Context, 0, CancellationToken.None);
        Assert.True(await _backend.IsActiveAsync(_pool.Context, CancellationToken.None));
        await _backend.DeleteAsync(_pool.Context, 0, CancellationToken.None);
        Assert.False(await _backend.IsActiveAsync(_pool.Context, CancellationToken.None));
        Name("new");
        await FailsAsync(StorageErrorCode.ConfigUnsupported, () => _backend.BuildAsync(_pool.Context, 0, CancellationToken.None).AsTask());
        await _backend.DeleteAsync(_pool.Context, 0, CancellationToken.None);
        Assert.Equal(["tank"], _zfs.Datasets);
        foreach (uint flags in (uint[])[4, 8])
        {
            await FailsAsync(StorageErrorCode.InvalidArgument, () => _backend.BuildAsync(_pool.Context, flags, CancellationToken.None).AsTask());
            await FailsAsync(StorageErrorCode.InvalidArgument, () => _backend.DeleteAsync(_pool.Context, flags, CancellationToken.None).AsTask());
        }
    }

    [Theory]
    [InlineData("-f", "/dev/a")]
    [InlineData("/x", "/dev/a")]
    [InlineData("a@b", "/dev/a")]
    [InlineData("new", "-f")]
    public async Task Nothing_is_taken_for_an_option(string name, string device)
    {
        Name(name, device);
        await FailsAsync(StorageErrorCode.InvalidArgument, () => _backend.BuildAsync(_pool.Context, 0, CancellationToken.None).AsTask());
        Assert.Empty(_pool.Commands.Commands);
    }

    [Theory]
    [InlineData("a/b")]
    [InlineData("a@b")]
    [InlineData("a#b")]
    [InlineData("-a")]
    [InlineData("..")]
    public async Task Names_of_volumes_have_one_part(string name) =>
        await FailsAsync(StorageErrorCode.OperationInvalid, () => AllocateAsync(new VolumeDefinition { Name = name, Capacity = MiB }));

    [Fact]
    public async Task What_cannot_be_made_is_refused_before_the_tool_is_asked()
    {
        VolumeDefinition request = new() { Name = "v", Capacity = MiB };
        await FailsAsync(StorageErrorCode.ConfigUnsupported, () => AllocateAsync(request with { Target = new VolumeTarget { Encryption = new VolumeEncryption("luks") } }));
        await FailsAsync(StorageErrorCode.NoSupport, () => AllocateAsync(request with { BackingStore = new BackingStore("/x", null) }));
        await FailsAsync(StorageErrorCode.InvalidArgument, () => AllocateAsync(request, flags: 1));
        _pool.Folder.Write("v", []);
        await FailsAsync(StorageErrorCode.OperationInvalid, () => AllocateAsync(request));
        Assert.Empty(_pool.Commands.Commands);
    }

    [Fact]
    public async Task A_volumes_life()
    {
        VolumeDefinition volume = await MakeAsync("v", 10 * MiB, 0);
        Assert.Equal((10 * MiB, 0ul), _zfs.Volumes["tank/v"]);
        await _backend.ResizeAsync(_pool.Context, volume, (12 * MiB) + 1, 0, CancellationToken.None);
        Assert.Equal((12 * MiB) + 8192, _zfs.Volumes["tank/v"].Size);
        await _backend.ResizeAsync(_pool.Context, volume, 16 * MiB, 1, CancellationToken.None);
        Assert.Equal((16 * MiB, 17 * MiB), _zfs.Volumes["tank/v"]);
        await FailsAsync(StorageErrorCode.InternalError, () => _backend.BuildAsync(_pool.Context, volume, 0, new JobProgress(), CancellationToken.None).AsTask());
        Assert.True(_zfs.Volumes.ContainsKey("tank/v"));
        _zfs.Snapshots.Add("tank/v@mine");
        await FailsAsync(StorageErrorCode.InternalError, () => DeleteAsync(volume, 0));
        await FailsAsync(StorageErrorCode.InvalidArgument, () => DeleteAsync(volume, 1));
        await DeleteAsync(volume, 2);
        Assert.Empty(_zfs.Volumes);
        Assert.Empty(_zfs.Snapshots);
    }

    [Fact]
    public async Task A_tool_that_is_killed_leaves_nothing()
    {
        _pool.Commands.Answer = command =>
        {
            CommandResult result = _zfs.Run(command);
            return command.Arguments[0] == "create" ? throw new OperationCanceledException() : result;
        };
        await Assert.ThrowsAsync<OperationCanceledException>(() => MakeAsync("v", MiB, 0));
        Assert.Empty(_zfs.Volumes);
    }

    [Theory]
    [InlineData(10 * MiB, 0, 10 * MiB, 0)]
    [InlineData(10 * MiB, 10 * MiB, 10 * MiB, 11 * MiB)]
    [InlineData(20 * MiB, 4 * MiB, 20 * MiB, 4 * MiB)]
    public async Task A_clone_within_a_zpool_shares_its_sources_blocks(ulong capacity, ulong allocation, ulong size, ulong reservation)
    {
        VolumeDefinition source = await MakeAsync("v", 10 * MiB, 0);
        VolumeDefinition clone = await AllocateAsync(new VolumeDefinition { Name = "w", Capacity = capacity, Allocation = allocation }, flags: 2);
        await CloneAsync(clone, source, flags: 2);
        Assert.Equal((size, reservation), _zfs.Volumes["tank/w"]);
        Assert.Equal(_zfs.Snapshots, _zfs.Released);
        Assert.StartsWith("tank/v@cistern-", Assert.Single(_zfs.Snapshots), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_clone_that_fails_leaves_no_snapshot()
    {
        VolumeDefinition source = await MakeAsync("v", 10 * MiB, 0);
        _zfs.Volumes["tank/w"] = (MiB, 0);
        VolumeDefinition clone = await AllocateAsync(new VolumeDefinition { Name = "w", Capacity = MiB });
        await FailsAsync(StorageErrorCode.InternalError, () => CloneAsync(clone, source, flags: 0));
        Assert.Equal(_zfs.Snapshots, _zfs.Released);
        Assert.Equal(MiB, _zfs.Volumes["tank/w"].Size);
    }

    [Fact]
    public async Task Another_pools_volume_is_copied_onto_the_new_device()
    {
        byte[] data = new byte[MiB];
        Random.Shared.NextBytes(data);
        using TestPool other = new();
        string file = other.Folder.Write("source", data);
        VolumeDefinition source = new() { Name = "source", Kind = VolumeKind.File, Capacity = MiB, Target = new VolumeTarget { Path = file, Format = "raw" } };
        VolumeDefinition copy = await AllocateAsync(new VolumeDefinition { Name = "w", Capacity = MiB });
        VolumeSource from = new(other.Backend, other.Context, source);
        await FailsAsync(StorageErrorCode.InvalidArgument, () => _backend.BuildFromAsync(_pool.Context, copy, from, 2, new JobProgress(), CancellationToken.None).AsTask());
        await _backend.BuildFromAsync(_pool.Context, copy, from, 0, new JobProgress(), CancellationToken.None);
        Assert.Equal(data, File.ReadAllBytes(_pool.Folder["w"]));
        Assert.True(_zfs.Volumes.ContainsKey("tank/w"));

        await DeleteAsync(copy, 0);
        File.Delete(file);
        await FailsAsync(StorageErrorCode.SystemError, () => _backend.BuildFromAsync(_pool.Context, copy, from, 0, new JobProgress(), CancellationToken.None).AsTask());
        Assert.Empty(_zfs.Volumes);
    }

    private static string Line(Command command) => string.Join(' ', command.Arguments.Prepend(command.Tool));

    private static async Task FailsAsync(StorageErrorCode code, Func<Task> work) =>
        Assert.Equal(code, (await Assert.ThrowsAsync<StorageException>(work)).Code);

    private void Name(string name, params string[] devices) =>
        _pool.Definition = _pool.Definition with
        {
            Type = PoolType.Zfs,
            Source = new PoolSource { Name = name, Devices = [.. devices.Select(device => new SourceDevice(device))] },
        };

    private async Task<VolumeDefinition> AllocateAsync(VolumeDefinition request, uint flags = 0) =>
        (await _backend.AllocateAsync(_pool.Context, request, flags, CancellationToken.None)).Volume!;

    private async Task<VolumeDefinition> MakeAsync(string name, ulong capacity, ulong allocation)
    {
        VolumeDefinition volume = await AllocateAsync(new VolumeDefinition { Name = name, Capacity = capacity, Allocation = allocation });
        await _backend.BuildAsync(_pool.Context, volume, 0, new JobProgress(), CancellationToken.None);
        return volume;
    }

    private Task CloneAsync(VolumeDefinition volume, VolumeDefinition source, uint flags) =>
        _backend.BuildFromAsync(_pool.Context, volume, new VolumeSource(_backend, _pool.Context, source), flags, new JobProgress(), CancellationToken.None).AsTask();

    private Task<VolumeChange> DeleteAsync(VolumeDefinition volume, uint flags) => _backend.DeleteAsync(_pool.Context, volume, flags, CancellationToken.None).AsTask();
}
