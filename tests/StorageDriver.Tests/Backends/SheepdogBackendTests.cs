using System.Buffers;
using Cistern.Storage.Backends;
using Cistern.Storage.Backends.Capabilities;
using Cistern.Storage.Backends.Sheepdog;
using Cistern.Storage.Commands;
using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;
using Cistern.Storage.Pools;
using Cistern.Storage.Tests.Transcripts;

namespace Cistern.Storage.Tests.Backends;

/// <summary>What the backend has the tool do, and makes of what it printed when it was run for real.</summary>
public sealed class SheepdogBackendTests : IDisposable
{
    private const string Node = "-a 192.0.2.1 -p 7100";

    private readonly SheepdogBackend _backend = new();
    private readonly TestPool _pool = new();

    public SheepdogBackendTests()
    {
        _pool.Definition = Definition("192.0.2.1", 7100);
        _pool.Session = new SheepdogSession("192.0.2.1", 7100);
        _pool.Commands.Answer = Answer;
    }

    public void Dispose() => _pool.Dispose();

    [Theory]
    [InlineData("node-info-r", 196188647424, 0, 196188647424)]
    [InlineData("node-info-r-after", 197127352320, 16822272, 197110530048)]
    public void Numbers_are_those_of_the_whole_cluster(string transcript, ulong capacity, ulong allocation, ulong available) =>
        Assert.Equal(new PoolNumbers(capacity, allocation, available), SheepdogOutput.Numbers(Printed(transcript).Output));

    [Theory]
    [InlineData("vdi-list-empty", "")]
    [InlineData("vdi-list-r", @"t2 8388608 8388608|t1 67108864 0|back\slash 4194304 0|odd 1000 0|with space 4194304 0")]
    [InlineData("vdi-list-r-one", "t1 67108864 0")]
    [InlineData("vdi-list-r-t1", "t1 134217728 0")]
    [InlineData("vdi-list-r-snap", @"cl1 134217728 0|t2 8388608 8388608|t1 134217728 0|back\slash 4194304 0|odd 1000 0|with space 4194304 0")]
    public void Volumes_and_clones_are_listed_and_snapshots_are_not(string transcript, string volumes) =>
        Assert.Equal(volumes, string.Join('|', SheepdogOutput.Volumes(Printed(transcript).Output).Select(one => $"{one.Name} {one.Capacity} {one.Allocation}")));

    [Theory]
    [InlineData("=")]
    [InlineData("= ")]
    [InlineData("= name")]
    [InlineData("= name 0 big 0")]
    [InlineData(@"= name\")]
    public void Other_lines_are_not_taken_for_volumes(string line) =>
        Assert.Equal(StorageErrorCode.InternalError, Assert.Throws<StorageException>(() => SheepdogOutput.Volumes(line).ToList()).Code);

    [Fact]
    public void Nodes_without_a_total_tell_no_numbers() =>
        Assert.Throws<StorageException>(() => SheepdogOutput.Numbers("0 1 2 3 4%\nTotal x y z\n"));

    [Fact]
    public async Task A_scan_asks_for_numbers_and_volumes()
    {
        PoolContents contents = await _backend.RefreshAsync(_pool.Context, CancellationToken.None);
        Assert.Equal([$"dog node info -r {Node}", $"dog vdi list -r {Node}"], _pool.Commands.Lines);
        VolumeDefinition volume = contents.Volumes.Single(found => found.Definition.Name == "with space").Definition;
        Assert.Equal(
            (VolumeKind.Network, "source/with space", "with space", 4194304ul), (volume.Kind, volume.Key, volume.Target.Path, volume.Capacity));
        Assert.Equal(5, contents.Volumes.Count);
    }

    [Theory]
    [InlineData("node-info-unformatted", "Waiting for cluster to be formatted")]
    [InlineData("bad-port", "Connection refused")]
    public async Task A_cluster_that_does_not_serve_is_a_failure_with_the_tools_words(string transcript, string words)
    {
        _pool.Commands.Answer = _ => Printed(transcript);
        StorageException error = await FailsAsync(
            async () => await _backend.RefreshAsync(_pool.Context, CancellationToken.None), StorageErrorCode.InternalError, StorageErrorDomain.None);
        Assert.Contains(words, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("192.0.2.1", 7100, "192.0.2.1", 7100)]
    [InlineData("2001:db8::1", 0, "2001:db8::1", 7000)]
    public async Task The_node_is_asked_by_its_address_at_the_usual_port(string host, int port, string address, int asked)
    {
        _pool.Definition = Definition(host, port);
        Assert.Equal(new SheepdogSession(address, asked), await _backend.StartAsync(_pool.Context, CancellationToken.None));
    }

    [Fact]
    public async Task A_name_is_looked_up_because_the_tool_does_not()
    {
        _pool.Definition = Definition("localhost", 0);
        Assert.Contains(((SheepdogSession)(await _backend.StartAsync(_pool.Context, CancellationToken.None))!).Address, (string[])["127.0.0.1", "::1"]);
        _pool.Definition = Definition("-h", 0);
        await FailsAsync(async () => await _backend.StartAsync(_pool.Context, CancellationToken.None), StorageErrorCode.OperationFailed);
    }

    [Fact]
    public async Task Every_change_is_one_command()
    {
        VolumeDefinition volume = await CreateAsync("a b");
        await _backend.ResizeAsync(_pool.Context, volume, 8192, 0, CancellationToken.None);
        await _backend.DeleteAsync(_pool.Context, volume, 0, CancellationToken.None);
        Assert.Equal([$"dog vdi create a b 4096 {Node}", $"dog vdi resize a b 8192 {Node}", $"dog vdi delete a b {Node}"], _pool.Commands.Lines);
        Assert.All(_pool.Commands.Commands, command => Assert.NotNull(command.Timeout));
    }

    [Theory]
    [InlineData("")]
    [InlineData("-x")]
    [InlineData("a/b")]
    [InlineData("a\nb")]
    public async Task A_name_that_is_none_never_reaches_the_tool(string name)
    {
        await FailsAsync(() => CreateAsync(name), StorageErrorCode.OperationInvalid);
        Assert.Null(await _backend.FindVolumeAsync(_pool.Context, name, CancellationToken.None));
        Assert.Empty(_pool.Commands.Lines);
    }

    [Fact]
    public async Task What_the_tool_refuses_is_told_in_its_words()
    {
        VolumeDefinition volume = await CreateAsync("t1");
        _pool.Commands.Answer = _ => Printed("vdi-resize-shrink");
        StorageException error = await FailsAsync(
            async () => await _backend.ResizeAsync(_pool.Context, volume, 1, 4, CancellationToken.None),
            StorageErrorCode.InternalError,
            StorageErrorDomain.None);
        Assert.Contains("Shrinking VDIs is not implemented", error.Message, StringComparison.Ordinal);
        _pool.Commands.Answer = _ => Printed("vdi-create-dup");
        await FailsAsync(() => CreateAsync("t1"), StorageErrorCode.InternalError, StorageErrorDomain.None);
        _pool.Commands.Answer = _ => Printed("vdi-delete-missing");
        await _backend.DeleteAsync(_pool.Context, volume, 0, CancellationToken.None);
    }

    [Fact]
    public async Task Flags_and_wishes_that_cannot_be_met_are_refused()
    {
        VolumeDefinition volume = TestPool.Raw("v", 4096);
        await FailsAsync(() => AllocateAsync(volume, 1), StorageErrorCode.InvalidArgument);
        await FailsAsync(() => AllocateAsync(volume with { Target = new VolumeTarget { Encryption = new VolumeEncryption("luks") } }), StorageErrorCode.ConfigUnsupported);
        await FailsAsync(() => AllocateAsync(volume with { BackingStore = new BackingStore("x", null) }), StorageErrorCode.NoSupport);
        await FailsAsync(async () => await _backend.DeleteAsync(_pool.Context, volume, 2, CancellationToken.None), StorageErrorCode.InvalidArgument);
        await FailsAsync(async () => await _backend.ResizeAsync(_pool.Context, volume, 1, 1, CancellationToken.None), StorageErrorCode.InvalidArgument);
        Assert.Empty(_pool.Commands.Lines);
    }

    [Fact]
    public async Task A_clone_inside_the_cluster_leaves_no_snapshot_and_grows()
    {
        await CloneAsync(8192);
        string tag = _pool.Commands.Commands[0].Arguments[3];
        Assert.Equal(
            [
                $"dog vdi snapshot -s {tag} source {Node}", $"dog vdi clone -s {tag} source clone {Node}", $"dog vdi delete -s {tag} source {Node}",
                $"dog vdi resize clone 8192 {Node}",
            ],
            _pool.Commands.Lines);
    }

    [Theory]
    [InlineData("snapshot", "snapshot")]
    [InlineData("clone", "snapshot clone delete")]
    [InlineData("resize", "snapshot clone delete resize delete")]
    public async Task A_clone_that_fails_leaves_nothing(string failing, string words)
    {
        _pool.Commands.Answer = command => command.Arguments[1] == failing ? new CommandResult(1, "", "no") : Answer(command);
        await FailsAsync(() => CloneAsync(8192), StorageErrorCode.InternalError, StorageErrorDomain.None);
        Assert.Equal(words, string.Join(' ', _pool.Commands.Commands.Select(command => command.Arguments[1])));
    }

    [Fact]
    public async Task Bytes_go_to_the_tool_and_come_back_as_they_are()
    {
        byte[] stored = new byte[40 * 1024 * 1024];
        Store(stored);
        byte[] data = new byte[20 * 1024 * 1024];
        new Random(1).NextBytes(data);
        await using IVolumeExtents volume = await OpenAsync();
        Assert.Equal(stored.Length, volume.Length);
        const int Step = 300_000;
        for (int at = 0; at < data.Length; at += Step)
        {
            await volume.WriteAtAsync(5_000_000 + at, new ReadOnlySequence<byte>(data, at, Math.Min(Step, data.Length - at)), CancellationToken.None);
        }

        await volume.FlushAsync(CancellationToken.None);
        Assert.True(stored.AsSpan(5_000_000, data.Length).SequenceEqual(data));
        Assert.Equal(2, _pool.Commands.Commands.Count(command => command.Arguments[1] == "write"));
        byte[] read = new byte[data.Length];
        for (int at = 0, count; at < read.Length; at += count)
        {
            count = await volume.ReadAtAsync(5_000_000 + at, read.AsMemory(at), CancellationToken.None);
            Assert.NotEqual(0, count);
        }

        Assert.Equal(data, read);
        Assert.Equal(0, await volume.ReadAtAsync(stored.Length, read, CancellationToken.None));
    }

    [Fact]
    public async Task What_is_written_is_read_before_it_is_flushed_and_what_is_behind_it_too()
    {
        byte[] stored = [.. Enumerable.Repeat((byte)7, 4096)];
        Store(stored);
        await using IVolumeExtents volume = await OpenAsync();
        byte[] read = new byte[4096];
        await volume.ReadAtAsync(0, read, CancellationToken.None);
        await volume.WriteAtAsync(100, new ReadOnlySequence<byte>([1, 2, 3]), CancellationToken.None);
        Assert.Equal(4096, await volume.ReadAtAsync(0, read, CancellationToken.None));
        Assert.Equal([7, 1, 2, 3, 7], read[99..104]);
        await volume.WriteAtAsync(50, new ReadOnlySequence<byte>([4]), CancellationToken.None);
        await volume.WriteAtAsync(10, new ReadOnlySequence<byte>([5]), CancellationToken.None);
        await volume.FlushAsync(CancellationToken.None);
        Assert.Equal((7, 5, 4, 1), (stored[9], stored[10], stored[50], stored[100]));
    }

    [Fact]
    public async Task Zeros_are_holes_and_are_written_only_over_something_else()
    {
        byte[] stored = new byte[40 * 1024 * 1024];
        stored[17 * 1024 * 1024] = 1;
        Store(stored);
        await using IVolumeExtents volume = await OpenAsync();
        const int Piece = 16 * 1024 * 1024;
        Assert.Equal(new VolumeExtent(IsHole: true, Piece), await volume.NextExtentAsync(0, CancellationToken.None));
        Assert.Equal(new VolumeExtent(IsHole: false, Piece), await volume.NextExtentAsync(Piece, CancellationToken.None));
        Assert.Equal(new VolumeExtent(IsHole: true, 8 * 1024 * 1024), await volume.NextExtentAsync(2 * Piece, CancellationToken.None));
        Assert.Equal(default, await volume.NextExtentAsync(stored.Length, CancellationToken.None));
        await volume.ZeroAsync(0, stored.Length, CancellationToken.None);
        Assert.False(stored.AsSpan().ContainsAnyExcept((byte)0));
        Assert.Equal($"dog vdi write v {Piece} {Piece} {Node}", Assert.Single(_pool.Commands.Lines, line => line.Contains("write", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Nothing_is_written_beyond_the_end()
    {
        Store(new byte[4096]);
        await using IVolumeExtents volume = await OpenAsync();
        await FailsAsync(
            async () => await volume.WriteAtAsync(4095, new ReadOnlySequence<byte>([1, 2]), CancellationToken.None),
            StorageErrorCode.SystemError,
            StorageErrorDomain.Streams);
        await FailsAsync(async () => await volume.ZeroAsync(0, 4097, CancellationToken.None), StorageErrorCode.SystemError, StorageErrorDomain.Streams);
    }

    [Fact]
    public async Task A_volume_that_is_gone_cannot_be_opened_and_one_that_ends_early_is_no_success()
    {
        _pool.Commands.Answer = _ => Printed("vdi-list-r-missing");
        await FailsAsync(OpenAsync, StorageErrorCode.SystemError, StorageErrorDomain.Streams);
        Store(new byte[4096]);
        await using IVolumeExtents volume = await OpenAsync();
        Store(new byte[100]);
        await FailsAsync(
            async () => await volume.ReadAtAsync(0, new byte[10], CancellationToken.None), StorageErrorCode.SystemError, StorageErrorDomain.Streams);
    }

    private static CommandResult Printed(string transcript) => Transcript.Read($"sheepdog/{transcript}");

    private static async Task<StorageException> FailsAsync(
        Func<Task> work, StorageErrorCode code, StorageErrorDomain domain = StorageErrorDomain.Storage)
    {
        StorageException error = await Assert.ThrowsAsync<StorageException>(work);
        Assert.Equal((code, domain), (error.Code, error.Domain));
        return error;
    }

    private static PoolDefinition Definition(string host, int port) =>
        new()
        {
            Type = PoolType.Sheepdog,
            Name = "pool",
            Uuid = Guid.NewGuid(),
            Source = new PoolSource { Name = "source", Hosts = [new SourceHost(host, port)] },
        };

    private static CommandResult Answer(Command command) => command.Arguments[..2] switch
    {
        ["node", "info"] => Printed("node-info-r"),
        ["vdi", "list"] => Printed("vdi-list-r"),
        _ => new CommandResult(0, "", ""),
    };

    /// <summary>Has the tool read from and write to an array, as volume v.</summary>
    private void Store(byte[] stored) => _pool.Commands.Answer = command =>
    {
        if (command.Arguments[1] == "list")
        {
            return new CommandResult(0, $"= v 0 {stored.Length} 0 0 1 2 1  22\n", "");
        }

        int at = int.Parse(command.Arguments[3], System.Globalization.CultureInfo.InvariantCulture);
        int count = int.Parse(command.Arguments[4], System.Globalization.CultureInfo.InvariantCulture);
        if (command.Arguments[1] == "write")
        {
            Assert.Equal(count, command.Input.Length);
            command.Input.CopyTo(stored.AsMemory(at));
            return new CommandResult(0, "", "");
        }

        Assert.True(command.PrintsData);
        return new CommandResult(0, "", "") { Data = stored.AsMemory(at, Math.Min(count, stored.Length - at)).ToArray() };
    };

    private async Task<IVolumeExtents> OpenAsync() =>
        await _backend.OpenAsync(_pool.Context, TestPool.Raw("v", 0), FileAccess.ReadWrite, CancellationToken.None);

    private async Task<VolumeDefinition> AllocateAsync(VolumeDefinition request, uint flags = 0) =>
        (await _backend.AllocateAsync(_pool.Context, request, flags, CancellationToken.None)).Volume!;

    private async Task<VolumeDefinition> CreateAsync(string name)
    {
        VolumeDefinition volume = await AllocateAsync(TestPool.Raw(name, 4096));
        await _backend.BuildAsync(_pool.Context, volume, 0, new JobProgress(), CancellationToken.None);
        return volume;
    }

    private Task CloneAsync(ulong capacity) =>
        _backend.BuildFromAsync(
            _pool.Context,
            TestPool.Raw("clone", capacity),
            new VolumeSource(_backend, _pool.Context, TestPool.Raw("source", 4096)),
            0,
            new JobProgress(),
            CancellationToken.None).AsTask();
}
