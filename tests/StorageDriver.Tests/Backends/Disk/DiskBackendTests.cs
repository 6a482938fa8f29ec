using Cistern.Storage.Backends;
using Cistern.Storage.Backends.Capabilities;
using Cistern.Storage.Backends.Disk;
using Cistern.Storage.Commands;
using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;
using Cistern.Storage.Host;
using Cistern.Storage.Tests.Transcripts;
using Cistern.Support;

namespace Cistern.Storage.Tests.Backends.Disk;

/// <summary>The disk is a file, its label what a parted says that is none; sysfs is a captured tree without devices.</summary>
public sealed class DiskBackendTests : IDisposable
{
    private const ulong Mebibyte = 1 << 20;

    private static readonly CommandResult Fine = new(0, "", "");

    private readonly TemporaryFolder _kernel = new();
    private readonly DiskBackend _backend = new();
    private readonly TestPool _pool;
    private readonly string _disk;
    private readonly List<string> _partitions = [];
    private Func<Command, CommandResult?> _tool = _ => null;
    private bool _hasDevices = true;

    public DiskBackendTests()
    {
        _disk = _kernel.Write("sdx", new byte[Mebibyte]);
        Directory.CreateDirectory(_kernel["block"]);
        _pool = new TestPool { Kernel = new KernelRoots(_kernel.Path, _kernel.Path, _kernel.Path), Session = new DiskSession() };
        Define("gpt");
        _pool.Commands.Answer = command => _tool(command) ?? Answer(command);
    }

    private IEnumerable<string> Lines => _pool.Commands.Lines.Where(line => !line.StartsWith("udevadm", StringComparison.Ordinal));

    public void Dispose()
    {
        _pool.Dispose();
        _kernel.Dispose();
    }

    [Fact]
    public void Command_lines_are_libvirts()
    {
        Assert.Equal("parted /dev/x mklabel --script msdos", Line(DiskCommands.MakeLabel("/dev/x", DiskLabels.PartedName(DiskLabels.Of("unknown")))));
        Assert.Equal("parted /dev/x mkpart --script primary ext2 512B 1023B", Line(DiskCommands.MakePartition("/dev/x", "primary ext2", 512, 1023)));
        Assert.Equal(6, DiskCommands.MakePartition("/dev/x", "primary ext2", 512, 1023).Arguments.Length);
        Assert.Equal("parted --script --machine --align cylinder /dev/x unit cyl print unit B print free", Line(DiskCommands.Print("/dev/x")));
        Assert.Equal("parted /dev/x rm --script 12", Line(DiskCommands.RemovePartition("/dev/x", 12)));
        Assert.All([DiskCommands.Print("/dev/x"), DiskCommands.MakeLabel("/dev/x", "gpt"), DiskCommands.RemovePartition("/dev/x", 1)], command => Assert.NotNull(command.Timeout));
    }

    [Fact]
    public async Task A_scan_shows_partitions_and_free_space()
    {
        _partitions.AddRange(["1:17408B:4211711B:4194304B::primary:;", "1:4211712B:134200831B:129989120B:free;"]);
        PoolContents contents = await _backend.RefreshAsync(_pool.Context, CancellationToken.None);
        ScannedVolume volume = Assert.Single(contents.Volumes);
        Assert.Equal(("sdx1", $"{_disk}1", 4 * Mebibyte), (volume.Definition.Name, volume.Definition.Key, volume.Definition.Capacity));
        Assert.Equal(new SourceExtent(_disk, 17408, 4211712), Assert.Single(volume.Definition.Extents));
        Assert.Equal(new PoolNumbers(134200832, 4 * Mebibyte, 129989120), contents.Numbers);
        Assert.Equal(new FreeExtent(4211712, 134200832), Assert.Single(contents.FreeExtents[_disk]));
    }

    [Fact]
    public async Task Parted_is_asked_again_only_when_the_label_has_changed()
    {
        await _backend.RefreshAsync(_pool.Context, CancellationToken.None);
        await _backend.RefreshAsync(_pool.Context, CancellationToken.None);
        Assert.Single(Lines);
        Touch();
        await _backend.RefreshAsync(_pool.Context, CancellationToken.None);
        Assert.Equal(2, Lines.Count());
    }

    /// <summary>The records of logical partitions lie anywhere on a disk.</summary>
    [Fact]
    public void The_records_of_logical_partitions_are_of_the_label()
    {
        byte[] disk = new byte[4 * Mebibyte];
        Link(disk, record: 0, entry: 2, 0x0F, sector: 2048);
        Link(disk, record: 2048, entry: 1, 0x05, sector: 1024);
        byte[] before = Digest(disk);
        disk[(2048 + 1024) * 512] = 1;
        byte[] second = Digest(disk);
        disk[(2048 + 512) * 512] = 1;
        Assert.NotEqual(before, second);
        Assert.Equal(second, Digest(disk));
        Link(disk, record: 2048 + 1024, entry: 1, 0x05, sector: 1024);
        Assert.Equal(32, Digest(disk).Length);
    }

    [Fact]
    public async Task A_partition_is_made_in_the_free_space()
    {
        VolumeChange change = await AllocateAsync("sdx1", 4 * Mebibyte);
        Assert.Equal([Printed(), $"parted {_disk} mkpart --script primary 17408B 4211711B", Printed()], Lines);
        Assert.Equal(($"{_disk}1", "linux"), (change.Volume!.Target.Path, change.Volume.Target.Format));
        Assert.Equal("sdx1", Assert.Single(change.Contents!.Volumes).Definition.Name);
    }

    [Fact]
    public async Task A_partition_under_another_name_is_removed_again_and_the_right_name_told()
    {
        StorageException error = await Assert.ThrowsAsync<StorageException>(() => AllocateAsync("data", 4 * Mebibyte));
        Assert.Equal((StorageErrorCode.InvalidArgument, StorageErrorDomain.Storage), (error.Code, error.Domain));
        Assert.Contains("'sdx1'", error.Message, StringComparison.Ordinal);
        Assert.Equal($"parted {_disk} rm --script 1", Lines.Last());
    }

    [Fact]
    public async Task A_partition_that_the_kernel_makes_no_device_of_is_removed_again()
    {
        _hasDevices = false;
        StorageException error = await Assert.ThrowsAsync<StorageException>(() => AllocateAsync("sdx1", 4 * Mebibyte));
        Assert.Equal((StorageErrorCode.InternalError, StorageErrorDomain.Storage), (error.Code, error.Domain));
        Assert.Equal($"parted {_disk} rm --script 1", Lines.Last());
    }

    [Fact]
    public async Task What_a_failed_command_made_is_removed()
    {
        _tool = command => command.Arguments.Contains("mkpart") ? new CommandResult(Answer(command).ExitCode + 1, "", "Error: told") : null;
        StorageException error = await Assert.ThrowsAsync<StorageException>(() => AllocateAsync("sdx1", 4 * Mebibyte));
        Assert.Equal((StorageErrorCode.InternalError, StorageErrorDomain.None), (error.Code, error.Domain));
        Assert.Contains("Error: told", error.Message, StringComparison.Ordinal);
        Assert.Equal($"parted {_disk} rm --script 1", Lines.Last());
    }

    [Theory]
    [InlineData(0, null, StorageErrorCode.NoSupport)]
    [InlineData(1, "qcow", StorageErrorCode.ConfigUnsupported)]
    public async Task What_a_partition_cannot_be_is_refused_at_once(ulong mebibytes, string? encryption, StorageErrorCode code)
    {
        StorageException error = await Assert.ThrowsAsync<StorageException>(() => AllocateAsync("sdx1", mebibytes * Mebibyte, encryption));
        Assert.Equal(code, error.Code);
        Assert.Empty(Lines);
    }

    [Fact]
    public async Task Room_for_the_header_of_luks_is_added_and_not_shown()
    {
        VolumeChange change = await AllocateAsync("sdx1", 4 * Mebibyte, "luks");
        Assert.Contains($"parted {_disk} mkpart --script primary 17408B 6308863B", Lines);
        Assert.Equal(4 * Mebibyte, change.Volume!.Capacity);
    }

    [Fact]
    public async Task Deleting_removes_the_partition_in_the_volumes_place()
    {
        VolumeDefinition volume = (await AllocateAsync("sdx1", 4 * Mebibyte)).Volume!;
        VolumeChange change = await _backend.DeleteAsync(_pool.Context, volume, 0, CancellationToken.None);
        Assert.Contains($"parted {_disk} rm --script 1", Lines);
        Assert.Empty(change.Contents!.Volumes);
        StorageException error = await Assert.ThrowsAsync<StorageException>(async () => await _backend.DeleteAsync(_pool.Context, volume, 0, CancellationToken.None));
        Assert.Equal(StorageErrorCode.NoStorageVolume, error.Code);
    }

    [Fact]
    public async Task A_partition_that_is_mounted_is_said_to_be_in_use()
    {
        VolumeDefinition volume = (await AllocateAsync("sdx1", 4 * Mebibyte)).Volume!;
        _tool = command => command.Arguments.Contains("rm") ? new CommandResult(1, "", Transcript.Read("disk/rm-mounted").Error) : null;
        StorageException error = await Assert.ThrowsAsync<StorageException>(async () => await _backend.DeleteAsync(_pool.Context, volume, 0, CancellationToken.None));
        Assert.Equal((StorageErrorCode.OperationInvalid, StorageErrorDomain.Storage), (error.Code, error.Domain));
        Assert.Contains("is being used", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_disk_that_is_not_there_is_no_running_pool()
    {
        File.Delete(_disk);
        Assert.False(await _backend.IsActiveAsync(_pool.Context, CancellationToken.None));
        StorageException error = await Assert.ThrowsAsync<StorageException>(async () => await _backend.StartAsync(_pool.Context, CancellationToken.None));
        Assert.Equal((StorageErrorCode.InvalidArgument, StorageErrorDomain.Storage), (error.Code, error.Domain));
        error = await Assert.ThrowsAsync<StorageException>(async () => await _backend.RefreshAsync(_pool.Context, CancellationToken.None));
        Assert.Equal(StorageErrorCode.InvalidArgument, error.Code);
    }

    /// <summary>libblkid does not know these labels: parted is asked, and libvirt has another number for what it says.</summary>
    [Theory]
    [InlineData("msdos", "dvh", StorageErrorCode.OperationFailed)]
    [InlineData("pc98", "pc98", StorageErrorCode.OperationInvalid)]
    public async Task Building_spares_a_label_that_parted_finds(string found, string wanted, StorageErrorCode code)
    {
        Define(wanted);
        _tool = command => command.Arguments.Contains("print") ? new CommandResult(0, Transcript.Read($"disk/print-{found}-empty").Output, "") : null;
        StorageException error = await Assert.ThrowsAsync<StorageException>(async () => await _backend.BuildAsync(_pool.Context, 0, CancellationToken.None));
        Assert.Equal((code, StorageErrorDomain.Storage), (error.Code, error.Domain));
        Assert.DoesNotContain(Lines, line => line.Contains("mklabel", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(12)]
    public async Task Building_refuses_flags_that_it_does_not_know(uint flags)
    {
        StorageException error = await Assert.ThrowsAsync<StorageException>(async () => await _backend.BuildAsync(_pool.Context, flags, CancellationToken.None));
        Assert.Equal(StorageErrorCode.InvalidArgument, error.Code);
        Assert.Empty(_pool.Commands.Lines);
    }

    private static string Line(Command command) => string.Join(' ', command.Arguments.Prepend(command.Tool));

    private static void Link(byte[] disk, int record, int entry, byte type, int sector)
    {
        Span<byte> place = disk.AsSpan((record * 512) + 446 + (entry * 16), 16);
        place[4] = type;
        BitConverter.TryWriteBytes(place[8..], sector);
    }

    private string Printed() => Line(DiskCommands.Print(_disk));

    private void Define(string label) => _pool.Definition = _pool.Definition with
    {
        Type = PoolType.Disk,
        Source = new PoolSource { Devices = [new SourceDevice(_disk)], Format = label },
        Target = new PoolTarget("/dev"),
    };

    private byte[] Digest(byte[] content)
    {
        File.WriteAllBytes(_disk, content);
        using var file = File.OpenHandle(_disk);
        return LabelBytes.Digest(file, _disk);
    }

    private async Task<VolumeChange> AllocateAsync(string name, ulong capacity, string? encryption = null) =>
        await _backend.AllocateAsync(
            _pool.Context,
            new VolumeDefinition
            {
                Name = name,
                Capacity = capacity,
                Target = new VolumeTarget { Format = "linux", Encryption = encryption is null ? null : new VolumeEncryption(encryption) },
            },
            0,
            CancellationToken.None);

    /// <summary>As parted on a disk with a label of type gpt.</summary>
    private CommandResult Answer(Command command)
    {
        string[] words = [.. command.Arguments];
        if (words.Contains("mkpart"))
        {
            Touch();
            _partitions.Add($"1:{words[^2]}:{words[^1]}:0B::primary:;");
            if (_hasDevices)
            {
                _kernel.Write("sdx1", []);
            }
        }
        else if (words.Contains("rm"))
        {
            Touch();
            _partitions.Clear();
        }
        else if (words.Contains("print"))
        {
            string free = _partitions.Count == 0 ? "1:17408B:134200831B:134183424B:free;\n" : "";
            string table = $"CYL;\n{_disk}:514cyl:scsi:512:512:gpt:A model:;\n514:255:2:261kB;\nBYT;\n{_disk}:134217728B:scsi:512:512:gpt:A model:;\n";
            return Fine with { Output = $"{table}{free}{string.Join('\n', _partitions)}\n" };
        }

        return Fine;
    }

    private void Touch()
    {
        byte[] content = File.ReadAllBytes(_disk);
        content[0]++;
        File.WriteAllBytes(_disk, content);
    }
}
