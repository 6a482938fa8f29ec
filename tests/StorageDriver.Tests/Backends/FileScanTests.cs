using System.Buffers.Binary;
using System.Diagnostics;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using Cistern.Storage.Backends;
using Cistern.Storage.Backends.Files;
using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;
using Cistern.Storage.Host;

namespace Cistern.Storage.Tests.Backends;

public sealed partial class FileScanTests : IDisposable
{
    private readonly TestPool _pool = new();

    public void Dispose() => _pool.Dispose();

    [Fact]
    public async Task Files_and_folders_are_volumes_dot_files_included()
    {
        _pool.Folder.Write("disk.img", new byte[5000]);
        _pool.Folder.Write(".hidden", []);
        Directory.CreateDirectory(_pool.Folder["folder"]);
        IReadOnlyDictionary<string, ScannedVolume> found = await _pool.ScanAsync();
        Assert.Equal([".hidden", "disk.img", "folder"], found.Keys.Order(StringComparer.Ordinal));

        VolumeDefinition disk = found["disk.img"].Definition;
        Assert.Equal(
            (VolumeKind.File, 5000ul, 5000ul, "raw", _pool.Folder["disk.img"], _pool.Folder["disk.img"]),
            (disk.Kind, disk.Capacity, disk.Physical, disk.Target.Format, disk.Target.Path, disk.Key));
        VolumeDefinition folder = found["folder"].Definition;
        Assert.Equal((VolumeKind.Dir, 0ul, 0ul, 0ul, "dir"), (folder.Kind, folder.Capacity, folder.Allocation, folder.Physical, folder.Target.Format));
    }

    [Fact]
    public async Task Allocation_permissions_and_times_are_the_files_own()
    {
        string path = _pool.Folder.Write("disk", new byte[1 << 20]);
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.GroupRead);
        VolumeDefinition disk = (await _pool.ScanAsync())["disk"].Described;
        string expected = Run("stat", "-c", "%b %a %u %g %X %Y %Z", path);
        Assert.Equal(
            expected,
            $"{disk.Allocation / 512} {Convert.ToString(disk.Target.Permissions!.Mode!.Value, 8)} {disk.Target.Permissions.Owner} {disk.Target.Permissions.Group} "
            + $"{disk.Target.Timestamps!.Access.Seconds} {disk.Target.Timestamps.Modify.Seconds} {disk.Target.Timestamps.Change.Seconds}");
        Assert.Equal(new DateTimeOffset(File.GetCreationTimeUtc(disk.Target.Path!)).ToUnixTimeSeconds(), disk.Target.Timestamps.Birth.Seconds);
    }

    [Fact]
    public async Task Pipes_sockets_and_links_that_lead_nowhere_are_hidden()
    {
        Run("mkfifo", _pool.Folder["pipe"]);
        File.CreateSymbolicLink(_pool.Folder["dangling"], "/nowhere/at/all");
        File.CreateSymbolicLink(_pool.Folder["loop"], "loop");
        File.CreateSymbolicLink(_pool.Folder["null"], "/dev/null");
        File.CreateSymbolicLink(_pool.Folder["pipelink"], "pipe");
        using Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(_pool.Folder["socket"]));
        Assert.Empty(await _pool.ScanAsync());
    }

    [Fact]
    public async Task Links_are_followed()
    {
        using Cistern.Support.TemporaryFolder elsewhere = new();
        File.CreateSymbolicLink(_pool.Folder["link"], elsewhere.Write("target", new byte[100]));
        VolumeDefinition link = (await _pool.ScanAsync())["link"].Definition;
        Assert.Equal((100ul, _pool.Folder["link"]), (link.Capacity, link.Target.Path));
    }

    [Fact]
    public async Task Names_that_clients_could_not_be_told_are_hidden()
    {
        _pool.Folder.Write("bell\a", []);
        _pool.Folder.Write("tab\tline\n", []);
        _pool.Folder.Write("ünïcode", []);
        _pool.Folder.Write(".disk.cistern-other-1234.part", []);
        Run("sh", "-c", $"touch \"$(printf '{_pool.Folder.Path}/latin1-\\374')\"");
        try
        {
            Assert.Equal(["tab\tline\n", "ünïcode"], (await _pool.ScanAsync()).Keys.Order(StringComparer.Ordinal));
        }
        finally
        {
            // .NET cannot delete what it cannot name.
            Run("sh", "-c", $"rm '{_pool.Folder.Path}'/latin1*");
        }
    }

    [Fact]
    public async Task The_pools_numbers_and_permissions_are_those_of_its_folder()
    {
        File.SetUnixFileMode(_pool.Folder.Path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.OtherExecute);
        PoolContents contents = await _pool.Backend.RefreshAsync(_pool.Context, CancellationToken.None);
        DriveInfo drive = new(_pool.Folder.Path);
        Assert.Equal((ulong)drive.TotalSize, contents.Numbers.Capacity);
        Assert.Equal(contents.Numbers.Capacity, contents.Numbers.Allocation + contents.Numbers.Available);
        Assert.Equal(0x1C1u, contents.TargetPermissions!.Mode);
    }

    [Fact]
    public async Task A_missing_folder_fails_with_the_systems_error()
    {
        _pool.Definition = _pool.Definition with { Target = new PoolTarget(_pool.Folder["none"]) };
        StorageException error = await Assert.ThrowsAsync<StorageException>(_pool.ScanAsync);
        Assert.Equal((StorageErrorCode.SystemError, StorageErrorDomain.None, 2), (error.Code, error.Domain, error.Errno));
    }

    [Fact]
    public async Task An_unchanged_file_is_not_looked_into_again()
    {
        _pool.Folder.Write("disk", new byte[4096]);
        ScannedVolume first = (await _pool.ScanAsync())["disk"];
        Assert.Same(first, (await _pool.ScanAsync())["disk"]);
    }

    [Fact]
    public async Task A_changed_file_is_described_anew()
    {
        _pool.Folder.Write("disk", new byte[4096]);
        await _pool.ScanAsync();
        _pool.Folder.Write("disk", Qcow2(1 << 30, backing: null));
        VolumeDefinition disk = (await _pool.ScanAsync())["disk"].Definition;
        Assert.Equal(("qcow2", 1ul << 30), (disk.Target.Format, disk.Capacity));
    }

    [Fact]
    public async Task A_file_that_changed_within_a_second_of_its_probe_is_probed_again()
    {
        _pool.Clock.Now = DateTimeOffset.UtcNow;
        _pool.Folder.Write("disk", new byte[4096]);
        ScannedVolume first = (await _pool.ScanAsync())["disk"];
        ScannedVolume second = (await _pool.ScanAsync())["disk"];
        Assert.NotSame(first, second);
        _pool.Clock.Now += TimeSpan.FromMinutes(1);
        ScannedVolume third = (await _pool.ScanAsync())["disk"];
        Assert.NotSame(second, third);
        Assert.Same(third, (await _pool.ScanAsync())["disk"]);
    }

    [Fact]
    public async Task A_file_whose_times_alone_have_changed_keeps_its_definition()
    {
        string path = _pool.Folder.Write("disk", new byte[4096]);
        ScannedVolume first = (await _pool.ScanAsync())["disk"];
        File.SetLastWriteTimeUtc(path, new DateTime(2001, 2, 3, 4, 5, 6, DateTimeKind.Utc));
        ScannedVolume second = (await _pool.ScanAsync())["disk"];
        Assert.NotEqual(first, second);
        Assert.Same(first.Definition, second.Definition);
        Assert.Equal((981173106, first.Described.Target.Timestamps!.Birth), (second.Described.Target.Timestamps!.Modify.Seconds, second.Described.Target.Timestamps.Birth));
    }

    [Fact]
    public async Task A_time_of_access_is_renewed_without_a_probe()
    {
        string path = _pool.Folder.Write("disk", new byte[4096]);
        ScannedVolume first = (await _pool.ScanAsync())["disk"];
        DateTime accessed = new(2001, 2, 3, 4, 5, 6, DateTimeKind.Utc);
        FileStatus before = Status(path);
        File.SetLastAccessTimeUtc(path, accessed);
        ScannedVolume known = first with { Stamp = first.Stamp! with { Change = Status(path).Change } };
        Assert.NotEqual(before.Access, Status(path).Access);
        ScannedVolume? now = Recognise(path, known);
        Assert.Equal(new DateTimeOffset(accessed).ToUnixTimeSeconds(), now!.Described.Target.Timestamps!.Access.Seconds);
    }

    [Fact]
    public async Task Backing_files_are_described_and_their_change_is_noticed()
    {
        string parent = _pool.Folder.Write("parent", new byte[512]);
        _pool.Folder.Write("child", Qcow2(1 << 20, "parent"));
        ScannedVolume child = (await _pool.ScanAsync())["child"];
        Assert.Equal((parent, "raw"), (child.Definition.BackingStore!.Path, child.Definition.BackingStore.Format));
        Assert.NotNull(child.Definition.BackingStore.Permissions);
        Assert.Same(child, (await _pool.ScanAsync())["child"]);

        File.WriteAllBytes(parent, Qcow2(1 << 20, backing: null));
        Assert.Equal("qcow2", (await _pool.ScanAsync())["child"].Definition.BackingStore!.Format);
    }

    [Fact]
    public async Task A_missing_backing_file_is_named_and_its_coming_is_noticed()
    {
        _pool.Folder.Write("child", Qcow2(1 << 20, "/nowhere/parent"));
        _pool.Folder.Write("other", Qcow2(1 << 20, "later"));
        IReadOnlyDictionary<string, ScannedVolume> found = await _pool.ScanAsync();
        Assert.Equal(new BackingStore("/nowhere/parent", "raw"), found["child"].Definition.BackingStore);
        Assert.Same(found["child"], (await _pool.ScanAsync())["child"]);
        _pool.Folder.Write("later", Qcow2(1, backing: null));
        Assert.Equal("qcow2", (await _pool.ScanAsync())["other"].Definition.BackingStore!.Format);
    }

    [Fact]
    public async Task An_image_is_described_with_its_new_backing_file_though_it_was_only_read_since()
    {
        string parent = _pool.Folder.Write("parent", new byte[512]);
        string path = _pool.Folder.Write("child", Qcow2(1 << 20, "parent"));
        ScannedVolume child = (await _pool.ScanAsync())["child"];
        File.SetLastAccessTimeUtc(path, new DateTime(2001, 2, 3, 4, 5, 6, DateTimeKind.Utc));
        _pool.Know(child with { Stamp = child.Stamp! with { Change = Status(path).Change } });
        File.WriteAllBytes(parent, Qcow2(1 << 20, backing: null));
        ScannedVolume now = (await _pool.ScanAsync())["child"];
        Assert.Equal(("qcow2", 981173106), (now.Definition.BackingStore!.Format, now.Described.Target.Timestamps!.Access.Seconds));
    }

    [Fact]
    public async Task A_chain_in_the_folder_is_described_as_its_files_are()
    {
        string raw = _pool.Folder.Write("0", new byte[512]);
        string first = _pool.Folder.Write("1", Qcow2(1 << 20, "0"));
        string second = _pool.Folder.Write("2", Qcow2(1 << 20, first));
        Directory.CreateDirectory(_pool.Folder["folder"]);
        string folder = _pool.Folder["folder"];
        _pool.Folder.Write("3", Qcow2(1 << 20, "folder"));
        File.SetUnixFileMode(first, UnixFileMode.UserRead | UnixFileMode.OtherRead);
        IReadOnlyDictionary<string, ScannedVolume> found = await _pool.ScanAsync();
        Assert.Equal((raw, "raw"), Backing("1"));
        Assert.Equal((first, "qcow2"), Backing("2"));
        Assert.Equal((folder, "raw"), Backing("3"));
        Assert.Equal((second, null), (found["2"].Definition.Target.Path, found["0"].Definition.BackingStore));
        Assert.Equal(0x104u, found["2"].Definition.BackingStore!.Permissions!.Mode);
        Assert.Equal(found["1"].Described.Target.Timestamps, found["2"].Described.BackingStore!.Timestamps);

        File.SetLastWriteTimeUtc(second, new DateTime(2001, 2, 3, 4, 5, 6, DateTimeKind.Utc));
        Assert.Same(found["2"].Definition, (await _pool.ScanAsync())["2"].Definition);

        (string, string?) Backing(string image) => (found[image].Definition.BackingStore!.Path, found[image].Definition.BackingStore!.Format);
    }

    [Fact]
    public async Task Files_that_come_from_the_disk_are_described_as_those_in_memory()
    {
        byte[] iso = new byte[40_000];
        "CD001"u8.CopyTo(iso.AsSpan(32769));
        byte[] vmdk = new byte[2048];
        "KDMV"u8.CopyTo(vmdk);
        vmdk[4] = 1;
        vmdk[12] = 8;
        for (int i = 0; i < 100; i++)
        {
            _pool.Folder.Write($"iso-{i}", iso);
            _pool.Folder.Write($"qcow2-{i}", Qcow2(1ul << i % 40, i == 0 ? null : $"qcow2-{i - 1}"));
            _pool.Folder.Write($"vmdk-{i}", vmdk);
            _pool.Folder.Write($"raw-{i}", new byte[1 << 16]);
        }

        IReadOnlyDictionary<string, ScannedVolume> warm = await _pool.ScanAsync();
        Assert.Equal(["iso", "qcow2", "raw", "vmdk"], warm.Values.Select(volume => volume.Definition.Target.Format!).Distinct().Order());
        _pool.Forget();
        DropFromMemory(Directory.GetFiles(_pool.Folder.Path));
        IReadOnlyDictionary<string, ScannedVolume> found = await _pool.ScanAsync();
        Assert.Equal(warm.Keys.Order(), found.Keys.Order());
        Assert.All(found, volume => Assert.Equal(warm[volume.Key].Definition, volume.Value.Definition));
    }

    [Fact]
    public void A_header_that_is_not_in_memory_is_read_meanwhile_by_those_who_do_not_wait()
    {
        string path = _pool.Folder.Write("disk", Qcow2(1 << 20, backing: null));
        DropFromMemory(path);
        using var file = File.OpenHandle(path);
        using OpenDescriptor descriptor = new(file);
        byte[] buffer = new byte[1024];
        ProbeReader reader = new(descriptor.Number, waits: false);
        int read = reader.ReadAt(buffer, 0);
        if (Run("stat", "-f", "-c", "%T", path) is "ext2/ext3" or "xfs" or "btrfs")
        {
            Assert.Equal((0, true), (read, reader.HasMissed));
        }

        while (reader.HasMissed)
        {
            reader = new ProbeReader(descriptor.Number, waits: false);
            read = reader.ReadAt(buffer, 0);
        }

        Assert.Equal(512, read);
        Assert.Equal("QFI"u8, buffer.AsSpan(0, 3));
    }

    [Fact]
    public async Task A_backing_store_on_the_network_is_shown_as_it_is_recorded()
    {
        _pool.Folder.Write("child", Qcow2(1 << 20, "nbd:localhost:10809"));
        Assert.Equal(new BackingStore("nbd:localhost:10809", "raw"), (await _pool.ScanAsync())["child"].Definition.BackingStore);
    }

    [Fact]
    public void A_file_that_may_not_be_read_is_listed_with_what_is_known()
    {
        string path = _pool.Folder.Write("secret", Qcow2(1 << 30, backing: null));
        File.SetUnixFileMode(path, UnixFileMode.None);
        ScannedVolume? volume = null;
        Thread unprivileged = new(() =>
        {
            _ = SetFileSystemUser(65534);
            volume = Describe(path, "secret");
        });
        unprivileged.Start();
        unprivileged.Join();
        Assert.Equal(("raw", (ulong)new FileInfo(path).Length, null), (volume!.Definition.Target.Format, volume.Definition.Capacity, volume.Stamp));
    }

    [Fact]
    public async Task A_file_that_another_holds_a_lease_of_is_listed_and_not_waited_for()
    {
        const int SetLease = 1024, SetSignal = 10, Urgent = 23, WriteLease = 1;
        string path = _pool.Folder.Write("leased", Qcow2(1 << 30, backing: null));
        using (var holder = File.OpenHandle(path))
        {
            Assert.Equal((0, 0), (Control(holder, SetSignal, Urgent), Control(holder, SetLease, WriteLease)));
            VolumeDefinition leased = (await _pool.ScanAsync())["leased"].Definition;
            Assert.Equal(("leased", path, "raw"), (leased.Name, leased.Target.Path, leased.Target.Format));
        }

        Assert.Equal("qcow2", (await _pool.ScanAsync())["leased"].Definition.Target.Format);
    }

    [Fact]
    public async Task A_folder_with_a_ploop_image_is_a_ploop_volume()
    {
        Directory.CreateDirectory(_pool.Folder["ct"]);
        _pool.Folder.Write("ct/root.hds", new byte[2048]);
        _pool.Folder.Write("ct/DiskDescriptor.xml", []);
        VolumeDefinition volume = (await _pool.ScanAsync())["ct"].Definition;
        Assert.Equal((VolumeKind.Ploop, "ploop", 2048ul), (volume.Kind, volume.Target.Format, volume.Capacity));
    }

    [Fact]
    public async Task More_entries_than_fit_one_read_of_the_folder_are_all_found()
    {
        HashSet<string> names = [.. Enumerable.Range(0, 3000).Select(i => $"volume-with-a-rather-long-name-{i:D5}")];
        foreach (string name in names)
        {
            _pool.Folder.Write(name, i(name));
        }

        Assert.True(names.SetEquals((await _pool.ScanAsync()).Keys));
        Assert.True(names.SetEquals((await _pool.ScanAsync()).Keys));

        static byte[] i(string name) => Encoding.UTF8.GetBytes(name);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task One_volume_can_be_described_without_a_scan(bool local)
    {
        _pool.Session = new FilePoolSession(local);
        string path = _pool.Folder.Write("disk", new byte[10]);
        ScannedVolume known = (await _pool.ScanAsync())["disk"];
        Assert.Same(known, await _pool.Backend.RefreshVolumeAsync(_pool.Context, known.Definition, CancellationToken.None));
        _pool.Folder.Write("disk", new byte[20]);
        Assert.Equal(20ul, (await _pool.Backend.RefreshVolumeAsync(_pool.Context, known.Definition, CancellationToken.None))!.Definition.Capacity);
        File.Delete(path);
        Assert.Null(await _pool.Backend.RefreshVolumeAsync(_pool.Context, known.Definition, CancellationToken.None));
        _pool.Folder.Write("new", new byte[30]);
        Assert.Equal(30ul, (await _pool.Backend.FindVolumeAsync(_pool.Context, "new", CancellationToken.None))!.Definition.Capacity);
        Assert.Null(await _pool.Backend.FindVolumeAsync(_pool.Context, "none", CancellationToken.None));
    }

    [Fact]
    public async Task What_is_told_of_a_file_that_the_server_has_just_made_is_not_probed()
    {
        _pool.Clock.Now = DateTimeOffset.UtcNow;
        _pool.Session = new FilePoolSession(IsLocal: true);
        _pool.Folder.Write("disk", new byte[10]);
        ScannedVolume made = (await _pool.ScanAsync())["disk"];
        Assert.NotSame(made, await LookAsync(isAsked: false));
        made = made with { Stamp = made.Stamp! with { IsOfNewFile = true } };
        _pool.Know(made);
        Assert.Same(made, await LookAsync(isAsked: false));
        Assert.NotSame(made, await LookAsync(isAsked: true));
        _pool.Folder.Write("disk", new byte[20]);
        Assert.Equal(20ul, (await LookAsync(isAsked: false))!.Definition.Capacity);

        Task<ScannedVolume?> LookAsync(bool isAsked) => _pool.Backend.FindVolumeAsync(_pool.ContextOf(isAsked), "disk", CancellationToken.None).AsTask();
    }

    [Theory]
    [InlineData("../etc")]
    [InlineData("..")]
    [InlineData("a\0b")]
    [InlineData("")]
    public async Task A_name_that_leaves_the_folder_is_not_looked_for(string name) =>
        Assert.Null(await _pool.Backend.FindVolumeAsync(_pool.Context, name, CancellationToken.None));

    [Fact]
    public async Task On_local_storage_a_look_at_an_unchanged_volume_completes_at_once()
    {
        _pool.Folder.Write("disk", new byte[10]);
        _pool.Session = new FilePoolSession(IsLocal: true);
        ScannedVolume known = (await _pool.ScanAsync())["disk"];
        Task<ScannedVolume?> look = _pool.Backend.RefreshVolumeAsync(_pool.Context, known.Definition, CancellationToken.None).AsTask();
        Assert.True(look.IsCompletedSuccessfully);
        Task<PoolNumbers> numbers = _pool.Backend.GetNumbersAsync(_pool.Context, CancellationToken.None).AsTask();
        Assert.True(numbers.IsCompletedSuccessfully);
        await Task.WhenAll(look, numbers);
    }

    /// <summary>A header of version 3 with a backing file's name behind it.</summary>
    private static byte[] Qcow2(ulong capacity, string? backing)
    {
        byte[] header = new byte[512];
        "QFI\xfb"u8[..3].CopyTo(header);
        header[3] = 0xfb;
        BinaryPrimitives.WriteUInt32BigEndian(header.AsSpan(4), 3);
        BinaryPrimitives.WriteUInt32BigEndian(header.AsSpan(20), 16);
        BinaryPrimitives.WriteUInt64BigEndian(header.AsSpan(24), capacity);
        BinaryPrimitives.WriteUInt32BigEndian(header.AsSpan(100), 104);
        if (backing is not null)
        {
            BinaryPrimitives.WriteUInt64BigEndian(header.AsSpan(8), 128);
            BinaryPrimitives.WriteUInt32BigEndian(header.AsSpan(16), (uint)backing.Length);
            Encoding.ASCII.GetBytes(backing, header.AsSpan(128));
        }

        return header;
    }

    private static FileStatus Status(string path)
    {
        Assert.Equal(0, FileStatusCalls.Get(path, out FileStatus status));
        return status;
    }

    private unsafe ScannedVolume? Recognise(string path, ScannedVolume known)
    {
        fixed (byte* name = Encoding.UTF8.GetBytes(path + '\0'))
        {
            return FileProbe.Look(new ProbeSettings(_pool.Folder.Path, 0, _pool.Clock), FileSystemCalls.CurrentDirectory, name, known.Definition.Name, known);
        }
    }

    private unsafe ScannedVolume? Describe(string path, string name)
    {
        fixed (byte* entry = Encoding.UTF8.GetBytes(path + '\0'))
        {
            return FileProbe.Describe(new ProbeSettings(_pool.Folder.Path, 0, _pool.Clock), FileSystemCalls.CurrentDirectory, entry, name, null);
        }
    }

    /// <summary>Where a file system has another place for it.</summary>
    private static void DropFromMemory(params string[] paths)
    {
        Run("sync", paths);
        foreach (string path in paths)
        {
            using var file = File.OpenHandle(path);
            Assert.Equal(0, Advise(file, 0, 0, 4 /* POSIX_FADV_DONTNEED */));
        }
    }

    private static string Run(string program, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true })!;
        string output = process.StandardOutput.ReadToEnd().Trim();
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
        return output;
    }

    /// <summary>setfsuid(2): of the calling thread only; root's right to read everything goes with it.</summary>
    [LibraryImport("libc.so.6", EntryPoint = "setfsuid")]
    private static partial int SetFileSystemUser(uint user);

    [LibraryImport("libc.so.6", EntryPoint = "fcntl")]
    private static partial int Control(Microsoft.Win32.SafeHandles.SafeFileHandle file, int command, int value);

    [LibraryImport("libc.so.6", EntryPoint = "posix_fadvise")]
    private static partial int Advise(Microsoft.Win32.SafeHandles.SafeFileHandle file, long offset, long length, int advice);
}
