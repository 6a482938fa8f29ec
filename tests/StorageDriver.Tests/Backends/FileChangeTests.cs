using System.Buffers;
using System.Security.Cryptography;
using Cistern.Storage.Backends;
using Cistern.Storage.Backends.Capabilities;
using Cistern.Storage.Commands;
using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;
using Cistern.Storage.Host;
using Cistern.Storage.Pools;

namespace Cistern.Storage.Tests.Backends;

/// <summary>Copies, wipes, resizes, deletions and data of file volumes.</summary>
public sealed class FileChangeTests : IDisposable
{
    private const int MiB = 1 << 20;

    private readonly TestPool _pool = new();

    public void Dispose() => _pool.Dispose();

    [Fact]
    public async Task A_sparse_copy_keeps_data_and_holes()
    {
        VolumeDefinition source = Sparse("source");
        JobProgress progress = new();
        VolumeDefinition copy = await CloneAsync(source, TestPool.Raw("copy", 16 * MiB), progress: progress);
        AssertSame(source, copy);
        Assert.InRange(Status(copy).Blocks, 1, 8192);
        Assert.InRange(progress.Allocated, 1ul * MiB, 2ul * MiB);
        Assert.Equal(["copy", "source"], _pool.Entries());
    }

    [Fact]
    public async Task A_copy_with_full_allocation_takes_all_its_space()
    {
        VolumeDefinition source = Sparse("source");
        VolumeDefinition copy = await CloneAsync(source, TestPool.Raw("copy", 16 * MiB, 16 * MiB));
        AssertSame(source, copy);
        Assert.True(Status(copy).Blocks >= 32768);
    }

    [Fact]
    public async Task A_copy_is_at_least_as_large_as_its_source_and_may_be_larger()
    {
        VolumeDefinition source = Sparse("source");
        Assert.Equal(16L * MiB, Status(await CloneAsync(source, TestPool.Raw("small", MiB))).Size);
        Assert.Equal(20L * MiB, Status(await CloneAsync(source, TestPool.Raw("large", 20 * MiB))).Size);
    }

    [Theory]
    [InlineData("/dev/shm")]
    [InlineData("/tmp")]
    public async Task A_copy_may_cross_file_systems(string parent)
    {
        using TestPool other = new(parent);
        VolumeDefinition source = Sparse("source");
        VolumeDefinition copy = (await other.Backend.AllocateAsync(other.Context, TestPool.Raw("copy", 16 * MiB), 0, CancellationToken.None)).Volume!;
        await other.Backend.BuildFromAsync(
            other.Context, copy, new VolumeSource(_pool.Backend, _pool.Context, source), 0, new JobProgress(), CancellationToken.None);
        AssertSame(source, copy);
        Assert.InRange(Status(copy).Blocks, 1, 8192);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(16 * MiB)]
    public async Task A_source_that_is_no_file_is_read_and_written(int allocation)
    {
        VolumeDefinition source = Sparse("source");
        VolumeDefinition copy = (await _pool.Backend.AllocateAsync(
            _pool.Context, TestPool.Raw("copy", 16 * MiB, (ulong)allocation), 0, CancellationToken.None)).Volume!;
        await _pool.Backend.BuildFromAsync(
            _pool.Context, copy, new VolumeSource(new RemoteBackend(_pool.Backend), _pool.Context, source), 0, new JobProgress(), CancellationToken.None);
        AssertSame(source, copy);
        Assert.InRange(Status(copy).Blocks, Math.Max(allocation / 512, 1), (allocation / 512) + 8192);
    }

    [Fact]
    public async Task Sharing_of_blocks_is_refused_where_the_file_system_cannot()
    {
        using TestPool pool = new("/dev/shm");
        string path = pool.Folder.Write("source", new byte[4096]);
        VolumeDefinition source = TestPool.Raw("source", 4096) with { Target = new VolumeTarget { Format = "raw", Path = path } };
        VolumeDefinition copy = (await pool.Backend.AllocateAsync(pool.Context, TestPool.Raw("copy", 4096), 2, CancellationToken.None)).Volume!;
        StorageException error = await Assert.ThrowsAsync<StorageException>(() => pool.Backend.BuildFromAsync(
            pool.Context, copy, new VolumeSource(pool.Backend, pool.Context, source), 2, new JobProgress(), CancellationToken.None).AsTask());
        Assert.Equal((StorageErrorCode.SystemError, StorageErrorDomain.Storage), (error.Code, error.Domain));
        Assert.Equal(["source"], pool.Entries());
    }

    [Theory]
    [InlineData("qcow2", "raw", "convert -f qcow2 -O raw")]
    [InlineData("raw", "qcow2", "convert -f raw -O qcow2 -o compat=1.1")]
    [InlineData("iso", "vmdk", "convert -f raw -O vmdk")]
    public async Task Other_formats_are_converted(string from, string to, string expected)
    {
        string path = _pool.Folder.Write("source", [.. "QFI"u8, 0xfb, 0, 0, 0, from == "qcow2" ? (byte)2 : (byte)9, .. new byte[504]]);
        VolumeDefinition source = TestPool.Raw("source", 512) with { Target = new VolumeTarget { Format = from, Path = path } };
        _pool.Commands.Answer = command =>
        {
            File.WriteAllText(command.Arguments[^1], "converted");
            return new CommandResult(0, "", "");
        };
        VolumeDefinition copy = await CloneAsync(source, TestPool.Raw("copy", 512) with { Target = new VolumeTarget { Format = to } });
        Assert.StartsWith($"qemu-img {expected} {path} {_pool.Folder.Path}/.copy.cistern-", Assert.Single(_pool.Commands.Lines), StringComparison.Ordinal);
        Assert.Equal("converted", File.ReadAllText(copy.Target.Path!));
    }

    [Fact]
    public async Task A_folder_cannot_be_copied()
    {
        Directory.CreateDirectory(_pool.Folder["folder"]);
        VolumeDefinition folder = (await _pool.ScanAsync())["folder"].Definition;
        StorageException error = await Assert.ThrowsAsync<StorageException>(() => CloneAsync(folder, TestPool.Raw("copy", 0)));
        Assert.Equal(StorageErrorCode.InternalError, error.Code);
    }

    [Fact]
    public async Task A_wipe_of_a_sparse_file_overwrites_its_data_and_keeps_its_holes()
    {
        VolumeDefinition volume = Sparse("disk");
        FileStatus before = Status(volume);
        JobProgress progress = new();
        await WipeAsync(volume, 0, progress);
        Assert.Equal(-1, File.ReadAllBytes(volume.Target.Path!).AsSpan().IndexOfAnyExcept((byte)0));
        Assert.Equal((before.Size, before.Blocks), (Status(volume).Size, Status(volume).Blocks));
        Assert.Equal((ulong)MiB, progress.Allocated);
    }

    [Theory]
    [MemberData(nameof(FileCreationTests.FileSystems), MemberType = typeof(FileCreationTests))]
    public async Task A_wipe_reaches_data_on_either_side_of_a_hole_and_up_to_the_last_byte(string parent)
    {
        using TestPool pool = new(parent);
        string path = pool.Folder["disk"];
        using (FileStream file = File.Create(path))
        {
            file.Write(RandomNumberGenerator.GetBytes(MiB));
            file.Position = (40 * MiB) - 1;
            file.Write([1, 2, 3]);
        }

        VolumeDefinition volume = TestPool.Raw("disk", 0) with { Target = new VolumeTarget { Format = "raw", Path = path } };
        await pool.Backend.WipeAsync(pool.Context, volume, 0, new JobProgress(), CancellationToken.None);
        byte[] content = File.ReadAllBytes(path);
        Assert.Equal((40 * MiB) + 2, content.Length);
        Assert.Equal(-1, content.AsSpan().IndexOfAnyExcept((byte)0));
        Assert.InRange(Status(volume).Blocks, 2048, 2200);
    }

    [Fact]
    public async Task A_wipe_overwrites_space_that_was_taken_and_never_written()
    {
        VolumeDefinition volume = await _pool.CreateAsync(TestPool.Raw("disk", 40 * MiB, 20 * MiB));
        JobProgress progress = new();
        await WipeAsync(volume, 0, progress);
        Assert.Equal((ulong)(20 * MiB), progress.Allocated);
        Assert.Equal(40L * MiB, Status(volume).Size);
    }

    [Fact]
    public async Task A_wipe_can_be_cancelled()
    {
        VolumeDefinition volume = Full("disk", 512);
        using CancellationTokenSource cancellation = new();
        await cancellation.CancelAsync();
        foreach (uint algorithm in (uint[])[0, 1, 9])
        {
            await Assert.ThrowsAnyAsync<OperationCanceledException>(
                () => _pool.Backend.WipeAsync(_pool.Context, volume, algorithm, new JobProgress(), cancellation.Token).AsTask());
        }

        Assert.NotEqual(-1, File.ReadAllBytes(volume.Target.Path!).AsSpan().IndexOfAnyExcept((byte)0));
    }

    [Fact]
    public async Task A_wipe_of_a_full_file_overwrites_every_byte_in_place()
    {
        VolumeDefinition volume = Full("disk", (3 * MiB) + 123);
        JobProgress progress = new();
        await WipeAsync(volume, 0, progress);
        byte[] content = File.ReadAllBytes(volume.Target.Path!);
        Assert.Equal((3 * MiB) + 123, content.Length);
        Assert.Equal(-1, content.AsSpan().IndexOfAnyExcept((byte)0));
        Assert.True(Status(volume).Blocks >= 6144);
        Assert.Equal((ulong)(3 * MiB) + 123, progress.Allocated);
    }

    [Theory]
    [InlineData(1u, "nnsa")]
    [InlineData(2u, "dod")]
    [InlineData(3u, "bsi")]
    [InlineData(4u, "gutmann")]
    [InlineData(5u, "schneier")]
    [InlineData(6u, "pfitzner7")]
    [InlineData(7u, "pfitzner33")]
    [InlineData(8u, "random")]
    public async Task Other_algorithms_are_scrubs(uint algorithm, string pattern)
    {
        VolumeDefinition volume = Full("disk", 512);
        await WipeAsync(volume, algorithm);
        Assert.Equal([$"scrub -f -p {pattern} {volume.Target.Path}"], _pool.Commands.Lines);
    }

    [Fact]
    public async Task Trimming_gives_the_space_back_and_keeps_the_size()
    {
        VolumeDefinition volume = Full("disk", 3 * MiB);
        await WipeAsync(volume, 9);
        Assert.Equal(3L * MiB, Status(volume).Size);
        Assert.InRange(Status(volume).Blocks, 0, 16);
        Assert.Equal(-1, File.ReadAllBytes(volume.Target.Path!).AsSpan().IndexOfAnyExcept((byte)0));
    }

    [Fact]
    public async Task A_folder_cannot_be_wiped()
    {
        Directory.CreateDirectory(_pool.Folder["folder"]);
        VolumeDefinition folder = (await _pool.ScanAsync())["folder"].Definition;
        foreach (uint algorithm in (uint[])[0, 1, 9])
        {
            Assert.Equal(StorageErrorCode.SystemError, (await Assert.ThrowsAsync<StorageException>(() => WipeAsync(folder, algorithm))).Code);
        }
    }

    [Fact]
    public async Task A_raw_volume_grows_and_shrinks()
    {
        VolumeDefinition volume = Full("disk", 4096);
        await ResizeAsync(volume, 2 * MiB, 0);
        Assert.Equal(2L * MiB, Status(volume).Size);
        await ResizeAsync(volume, 1024, 4);
        Assert.Equal(1024L, Status(volume).Size);
    }

    [Fact]
    public async Task A_resize_with_allocation_takes_the_space_of_the_whole_volume()
    {
        VolumeDefinition volume = Sparse("disk");
        await ResizeAsync(volume, 18 * MiB, 1);
        Assert.True(Status(volume).Blocks >= 36864);
        Assert.Equal(18L * MiB, Status(volume).Size);
    }

    [Fact]
    public async Task A_resize_that_does_not_fit_changes_nothing()
    {
        VolumeDefinition volume = Full("disk", 4096);
        Assert.Equal(StorageErrorCode.SystemError, (await Assert.ThrowsAsync<StorageException>(() => ResizeAsync(volume, 1ul << 43, 1))).Code);
        Assert.Equal((4096L, 8L), (Status(volume).Size, Status(volume).Blocks));
    }

    [Fact]
    public async Task Images_are_resized_by_their_tool_and_cannot_be_allocated()
    {
        VolumeDefinition image = Full("disk", 512) with { Capacity = 2 * MiB, Target = new VolumeTarget { Format = "qcow2", Path = _pool.Folder["disk"] } };
        await ResizeAsync(image, MiB, 4);
        Assert.Equal([$"qemu-img resize --shrink -f qcow2 {image.Target.Path} {MiB}"], _pool.Commands.Lines);
        Assert.Equal(StorageErrorCode.OperationUnsupported, (await Assert.ThrowsAsync<StorageException>(() => ResizeAsync(image, 4 * MiB, 1))).Code);
        Assert.Equal(StorageErrorCode.InvalidArgument, (await Assert.ThrowsAsync<StorageException>(() => ResizeAsync(image, 4 * MiB, 8))).Code);
    }

    [Fact]
    public async Task Files_and_empty_folders_are_deleted_and_what_is_gone_counts_as_deleted()
    {
        Full("file", 10);
        Directory.CreateDirectory(_pool.Folder["folder"]);
        foreach (ScannedVolume volume in (await _pool.ScanAsync()).Values)
        {
            Assert.Null((await DeleteAsync(volume.Definition)).Volume);
            Assert.Null((await DeleteAsync(volume.Definition)).Volume);
        }

        Assert.Empty(_pool.Entries());
    }

    [Fact]
    public async Task A_folder_with_content_is_not_deleted()
    {
        Directory.CreateDirectory(_pool.Folder["folder"]);
        _pool.Folder.Write("folder/file", []);
        VolumeDefinition folder = (await _pool.ScanAsync())["folder"].Definition;
        StorageException error = await Assert.ThrowsAsync<StorageException>(() => DeleteAsync(folder));
        Assert.Equal((StorageErrorCode.SystemError, Errno.NotEmpty), (error.Code, error.Errno));
    }

    [Fact]
    public async Task Deletion_of_a_link_leaves_what_it_leads_to()
    {
        using Cistern.Support.TemporaryFolder elsewhere = new();
        string target = elsewhere.Write("target", []);
        File.CreateSymbolicLink(_pool.Folder["link"], target);
        await DeleteAsync((await _pool.ScanAsync())["link"].Definition);
        Assert.True(File.Exists(target));
        Assert.Empty(_pool.Entries());
    }

    [Fact]
    public async Task Deletion_knows_no_flags() =>
        Assert.Equal(
            StorageErrorCode.InvalidArgument,
            (await Assert.ThrowsAsync<StorageException>(
                () => _pool.Backend.DeleteAsync(_pool.Context, Full("disk", 1), 1, CancellationToken.None).AsTask())).Code);

    [Fact]
    public async Task Extents_tell_data_from_holes()
    {
        await using IVolumeExtents extents = await OpenAsync(Sparse("disk"), FileAccess.Read);
        List<(bool, long)> seen = [];
        long offset = 0;
        for (VolumeExtent extent; (extent = await extents.NextExtentAsync(offset, CancellationToken.None)).Length > 0; offset += extent.Length)
        {
            seen.Add((extent.IsHole, extent.Length));
        }

        Assert.Equal([(true, 4L * MiB), (false, (long)MiB), (true, 11L * MiB)], seen);
        Assert.Equal(16L * MiB, extents.Length);
    }

    [Fact]
    public async Task Reads_end_at_the_end()
    {
        await using IVolumeExtents extents = await OpenAsync(Full("disk", 1000), FileAccess.Read);
        byte[] buffer = new byte[800];
        Assert.Equal(800, await extents.ReadAtAsync(0, buffer, CancellationToken.None));
        Assert.Equal(File.ReadAllBytes(_pool.Folder["disk"])[..800], buffer);
        Assert.Equal(200, await extents.ReadAtAsync(800, buffer, CancellationToken.None));
        Assert.Equal(0, await extents.ReadAtAsync(1000, buffer, CancellationToken.None));
    }

    [Fact]
    public async Task Writes_of_several_segments_land_in_order_and_extend_the_file()
    {
        VolumeDefinition volume = Full("disk", 4);
        await using IVolumeExtents extents = await OpenAsync(volume, FileAccess.Write);
        await extents.WriteAtAsync(2, Segments("ab"u8.ToArray(), [], "cde"u8.ToArray()), CancellationToken.None);
        await extents.FlushAsync(CancellationToken.None);
        Assert.Equal("abcde"u8, File.ReadAllBytes(volume.Target.Path!).AsSpan(2));
    }

    [Fact]
    public async Task Zeroing_makes_a_hole_and_may_extend_the_file()
    {
        VolumeDefinition volume = Full("disk", 2 * MiB);
        await using (IVolumeExtents extents = await OpenAsync(volume, FileAccess.ReadWrite))
        {
            await extents.ZeroAsync(MiB, 4 * MiB, CancellationToken.None);
        }

        byte[] content = File.ReadAllBytes(volume.Target.Path!);
        Assert.Equal(5 * MiB, content.Length);
        Assert.Equal(-1, content.AsSpan(MiB).IndexOfAnyExcept((byte)0));
        Assert.InRange(Status(volume).Blocks, 2048, 2100);
    }

    [Theory]
    [InlineData(FileAccess.Read)]
    [InlineData(FileAccess.Write)]
    public async Task A_volume_that_cannot_be_opened_fails_as_a_stream_does(FileAccess access)
    {
        VolumeDefinition volume = Full("disk", 1);
        File.Delete(volume.Target.Path!);
        StorageException error = await Assert.ThrowsAsync<StorageException>(() => OpenAsync(volume, access));
        Assert.Equal((StorageErrorCode.SystemError, StorageErrorDomain.Streams, 2), (error.Code, error.Domain, error.Errno));
        Directory.CreateDirectory(volume.Target.Path!);
        error = await Assert.ThrowsAsync<StorageException>(() => OpenAsync(volume, access));
        Assert.Equal((StorageErrorDomain.Streams, Errno.IsDirectory), (error.Domain, error.Errno));
    }

    /// <summary>16 MiB with 1 MiB of data at 4 MiB.</summary>
    private VolumeDefinition Sparse(string name)
    {
        using (FileStream file = File.Create(_pool.Folder[name]))
        {
            file.SetLength(16 * MiB);
            file.Position = 4 * MiB;
            file.Write(RandomNumberGenerator.GetBytes(MiB));
        }

        return TestPool.Raw(name, 16 * MiB, MiB) with { Target = new VolumeTarget { Format = "raw", Path = _pool.Folder[name] } };
    }

    private VolumeDefinition Full(string name, int size) =>
        TestPool.Raw(name, (ulong)size, (ulong)size) with
        {
            Target = new VolumeTarget { Format = "raw", Path = _pool.Folder.Write(name, RandomNumberGenerator.GetBytes(size)) },
        };

    private async Task<VolumeDefinition> CloneAsync(VolumeDefinition source, VolumeDefinition request, uint flags = 0, JobProgress? progress = null)
    {
        VolumeDefinition copy = (await _pool.Backend.AllocateAsync(_pool.Context, request, flags, CancellationToken.None)).Volume!;
        await _pool.Backend.BuildFromAsync(
            _pool.Context, copy, new VolumeSource(_pool.Backend, _pool.Context, source), flags, progress ?? new JobProgress(), CancellationToken.None);
        return copy;
    }

    private Task WipeAsync(VolumeDefinition volume, uint algorithm, JobProgress? progress = null) =>
        _pool.Backend.WipeAsync(_pool.Context, volume, algorithm, progress ?? new JobProgress(), CancellationToken.None).AsTask();

    private Task ResizeAsync(VolumeDefinition volume, ulong capacity, uint flags) =>
        _pool.Backend.ResizeAsync(_pool.Context, volume, capacity, flags, CancellationToken.None).AsTask();

    private Task<VolumeChange> DeleteAsync(VolumeDefinition volume) =>
        _pool.Backend.DeleteAsync(_pool.Context, volume, 0, CancellationToken.None).AsTask();

    private Task<IVolumeExtents> OpenAsync(VolumeDefinition volume, FileAccess access) =>
        _pool.Backend.OpenAsync(_pool.Context, volume, access, CancellationToken.None).AsTask();

    private static void AssertSame(VolumeDefinition expected, VolumeDefinition actual) =>
        Assert.Equal(SHA256.HashData(File.ReadAllBytes(expected.Target.Path!)), SHA256.HashData(File.ReadAllBytes(actual.Target.Path!)));

    private static FileStatus Status(VolumeDefinition volume)
    {
        Assert.Equal(0, FileStatusCalls.Get(volume.Target.Path!, out FileStatus status));
        return status;
    }

    private static ReadOnlySequence<byte> Segments(params byte[][] parts)
    {
        Segment first = new(parts[0], 0);
        Segment last = first;
        foreach (byte[] part in parts.Skip(1))
        {
            last = last.Append(part);
        }

        return new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length);
    }

    /// <summary>A backend whose volumes can be read but are no files of this host.</summary>
    private sealed class RemoteBackend(IVolumeData files) : IStorageBackend, IVolumeData
    {
        public PoolTypeInfo Info => PoolTypes.Get(PoolType.Rbd);

        public ValueTask<PoolContents> RefreshAsync(PoolContext pool, CancellationToken cancellation) => throw new NotSupportedException();

        public async ValueTask<IVolumeExtents> OpenAsync(PoolContext pool, VolumeDefinition volume, FileAccess access, CancellationToken cancellation) =>
            new RemoteExtents(await files.OpenAsync(pool, volume, access, cancellation));
    }

    private sealed class RemoteExtents(IVolumeExtents file) : IVolumeExtents
    {
        public long Length => file.Length;

        public Microsoft.Win32.SafeHandles.SafeFileHandle? Handle => null;

        public ValueTask<int> ReadAtAsync(long offset, Memory<byte> buffer, CancellationToken cancellation) => file.ReadAtAsync(offset, buffer, cancellation);

        public ValueTask WriteAtAsync(long offset, ReadOnlySequence<byte> data, CancellationToken cancellation) => throw new NotSupportedException();

        public ValueTask<VolumeExtent> NextExtentAsync(long offset, CancellationToken cancellation) => file.NextExtentAsync(offset, cancellation);

        public ValueTask ZeroAsync(long offset, long length, CancellationToken cancellation) => throw new NotSupportedException();

        public ValueTask FlushAsync(CancellationToken cancellation) => throw new NotSupportedException();

        public ValueTask DisposeAsync() => file.DisposeAsync();
    }

    private sealed class Segment : ReadOnlySequenceSegment<byte>
    {
        public Segment(byte[] data, long index)
        {
            Memory = data;
            RunningIndex = index;
        }

        public Segment Append(byte[] data)
        {
            Segment next = new(data, RunningIndex + Memory.Length);
            Next = next;
            return next;
        }
    }
}
