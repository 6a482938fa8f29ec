using System.Globalization;
using Cistern.Storage.Host;
using Cistern.Support;

namespace Cistern.Storage.Tests.Host;

/// <summary>What the kernel's files say of who holds a file, in trees laid out as the kernel lays them out.</summary>
public sealed class FileHoldersTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly string _path;
    private readonly FileStatus _status;

    public FileHoldersTests()
    {
        _path = _folder.Write("disk", []);
        Assert.Equal(0, FileStatusCalls.GetNoFollow(_path, out _status));
        Write("proc/locks", "");
        Directory.CreateDirectory(_folder["sys/block"]);
    }

    private string InLocks => string.Create(CultureInfo.InvariantCulture, $"{_status.Device >> 32:x2}:{(uint)_status.Device:x2}:{_status.Inode}");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Nobody_holds_a_file_that_nothing_names()
    {
        Write("proc/locks", $"1: POSIX  ADVISORY  WRITE 41 {InLocks}1 0 EOF\n2: FLOCK  ADVISORY  WRITE 42 0{InLocks} 0 EOF\n");
        Write("sys/block/loop0/size", "0\n");
        Write("sys/block/loop1/loop/backing_file", $"{_path}x\n");
        Assert.Null(Find());
    }

    [Theory]
    [InlineData("POSIX ")]
    [InlineData("FLOCK ")]
    public void A_lock_is_its_processs(string kind)
    {
        Write("proc/locks", $"1: POSIX  ADVISORY  WRITE 41 00:00:1 0 EOF\n2: {kind} ADVISORY  WRITE 42 {InLocks} 0 EOF\n2: -> {kind} ADVISORY  WRITE 43 {InLocks} 0 EOF\n");
        Write("proc/42/comm", "qemu-system-x86\n");
        Assert.Equal(new FileHolder(FileHolderKind.Lock, "qemu-system-x86", 42), Find());
    }

    [Fact]
    public void The_lock_of_an_open_file_is_of_a_process_that_has_it_open()
    {
        Write("proc/locks", $"7: OFDLCK ADVISORY  READ -1 {InLocks} 100 101\n");
        Write("proc/41/fdinfo/3", $"pos:\t0\nlock:\t1: POSIX  ADVISORY  READ 41 {InLocks} 100 101\n");
        Write("proc/42/fdinfo/3", "pos:\t0\nflags:\t02\n");
        Write("proc/42/fdinfo/9", $"pos:\t0\nlock:\t1: OFDLCK ADVISORY  READ -1 {InLocks} 100 101\n");
        Write("proc/42/comm", "qemu\n");
        Assert.Equal(new FileHolder(FileHolderKind.Lock, "qemu", 42), Find());
    }

    [Fact]
    public void A_lock_whose_process_cannot_be_known_is_one_all_the_same()
    {
        Write("proc/locks", $"7: OFDLCK ADVISORY  READ -1 {InLocks} 100 101");
        Assert.Equal(new FileHolder(FileHolderKind.Lock, null), Find());
    }

    [Fact]
    public void Leases_are_no_locks()
    {
        Write("proc/locks", $"7: LEASE  ACTIVE    READ 42 {InLocks} 0 EOF\n");
        Assert.Null(Find());
    }

    [Fact]
    public void A_lock_names_the_file_system_as_the_mount_table_does()
    {
        Write("proc/self/mountinfo", $"1 0 8:1 / / rw - ext4 /dev/sda1 rw\n{_status.MountId} 1 0:99 / /mnt rw - btrfs /dev/sdb rw\n");
        Write("proc/locks", $"1: FLOCK  ADVISORY  WRITE 42 00:63:{_status.Inode} 0 EOF\n");
        Assert.Equal(new FileHolder(FileHolderKind.Lock, null, 42), Find());
        Write("proc/locks", $"1: FLOCK  ADVISORY  WRITE 42 00:64:{_status.Inode} 0 EOF\n");
        Assert.Null(Find());
    }

    [Fact]
    public void A_loop_device_stands_on_a_file_by_whatever_path()
    {
        Write("sys/block/loop0/loop/backing_file", "/none\n");
        Write("sys/block/loop3/loop/backing_file", $"{_path}\n");
        Assert.Equal(new FileHolder(FileHolderKind.LoopDevice, "/dev/loop3"), Find());

        File.CreateSymbolicLink(_folder["way"], _folder.Path);
        Write("sys/block/loop3/loop/backing_file", $"{_folder["way/disk"]}\n");
        Assert.Equal(new FileHolder(FileHolderKind.LoopDevice, "/dev/loop3"), Find());

        Write("sys/block/loop3/loop/backing_file", $"{_path} (deleted)\n");
        Assert.Null(Find());
    }

    [BlockDeviceFact]
    public void A_block_device_is_held_by_what_stands_on_it_and_by_mounts()
    {
        string device = BlockDeviceFactAttribute.Device!;
        Assert.Equal(0, FileStatusCalls.Get(device, out FileStatus status));
        string number = string.Create(CultureInfo.InvariantCulture, $"{status.DeviceNumber >> 32}:{(uint)status.DeviceNumber}");
        Assert.Null(FileHolders.Find(Roots(), device, status));
        Write("proc/self/mountinfo", $"5 1 {number} / /mnt rw - ext4 {device} rw\n");
        Assert.Equal(new FileHolder(FileHolderKind.Mount, "/mnt"), FileHolders.Find(Roots(), device, status));
        Write($"sys/dev/block/{number}/holders/dm-1/dm/name", "vg-lv\n");
        Assert.Equal(new FileHolder(FileHolderKind.Device, "/dev/mapper/vg-lv"), FileHolders.Find(Roots(), device, status));
    }

    [Fact]
    public void The_kernels_own_files_are_understood()
    {
        Assert.Null(FileHolders.Find(KernelRoots.Host, _path, _status));
        using FileStream locked = new(_path, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
        FileHolder? holder = FileHolders.Find(KernelRoots.Host, _path, _status);
        Assert.Equal((FileHolderKind.Lock, (int?)Environment.ProcessId), (holder?.Kind, holder?.ProcessId));
    }

    [Fact]
    public void A_file_is_free_while_nobody_has_it_open()
    {
        Assert.True(FileLease.IsFree(_path));
        foreach (FileAccess access in new[] { FileAccess.Read, FileAccess.Write })
        {
            using FileStream open = new(_path, FileMode.Open, access, FileShare.ReadWrite);
            Assert.False(FileLease.IsFree(_path));
        }

        Assert.True(FileLease.IsFree(_path));
        Assert.False(FileLease.IsFree(_folder["none"]));
    }

    private FileHolder? Find() => FileHolders.Find(Roots(), _path, _status);

    private KernelRoots Roots() => new(_folder["proc"], _folder["sys"]);

    private void Write(string name, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_folder[name])!);
        File.WriteAllText(_folder[name], text);
    }

    /// <summary>A test that looks at a block device's node, and no further.</summary>
    private sealed class BlockDeviceFactAttribute : FactAttribute
    {
        public BlockDeviceFactAttribute() => Skip = Device is null ? "there is no block device" : null;

        public static string? Device { get; } =
            Directory.GetFiles("/dev").FirstOrDefault(path => FileStatusCalls.Get(path, out FileStatus status) == 0 && status.Type == FileType.BlockDevice);
    }
}
