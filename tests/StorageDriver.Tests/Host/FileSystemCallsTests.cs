using System.Text;
using Cistern.Storage.Host;
using Cistern.Support;
using Microsoft.Win32.SafeHandles;

namespace Cistern.Storage.Tests.Host;

public sealed class FileSystemCallsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_rename_never_replaces()
    {
        string from = _folder.Write("from", "new"u8);
        string to = _folder.Write("to", "old"u8);
        Assert.Equal(-Errno.Exists, FileSystemCalls.RenameNew(from, to));
        Assert.Equal("old", File.ReadAllText(to));
        Assert.Equal(0, FileSystemCalls.RenameNew(from, _folder["free"]));
        Assert.Equal("new", File.ReadAllText(_folder["free"]));
        Assert.False(File.Exists(from));
    }

    [Theory]
    [InlineData("/tmp")]
    [InlineData("/dev/shm")]
    public void A_file_without_a_name_is_seen_only_once_it_gets_one_and_never_replaces(string parent)
    {
        using TemporaryFolder folder = new(parent);
        Assert.Equal(0, FileSystemCalls.Open(folder.Path, OpenFlags.ReadWrite | OpenFlags.Unnamed, 0x180, out SafeFileHandle? file));
        using (file)
        {
            Assert.Equal(3, FileDataCalls.Write(file!, "new"u8, 0));
            Assert.Empty(Directory.GetFileSystemEntries(folder.Path));
            Assert.Equal(-Errno.Exists, FileSystemCalls.Link(file!, folder.Write("taken", [])));
            Assert.Equal(0, FileSystemCalls.Link(file!, folder["free"]));
        }

        Assert.Equal("new", File.ReadAllText(folder["free"]));
    }

    [Fact]
    public void A_folder_is_read_with_the_kinds_of_its_entries()
    {
        _folder.Write("file", []);
        Directory.CreateDirectory(_folder["folder"]);
        File.CreateSymbolicLink(_folder["link"], "file");
        Assert.Equal(0, DirectoryReader.Open(_folder.Path, out DirectoryReader? reader));
        List<(string, FileType)> entries = [];
        using (reader)
        {
            while (reader!.Fill() > 0)
            {
                foreach (DirectoryReader.Entry entry in reader)
                {
                    entries.Add((Encoding.UTF8.GetString(entry.Name), entry.Type));
                }
            }
        }

        Assert.Equal(
            [(".", FileType.Directory), ("..", FileType.Directory), ("file", FileType.Regular), ("folder", FileType.Directory), ("link", FileType.SymbolicLink)],
            entries.OrderBy(entry => entry.Item1, StringComparer.Ordinal));
    }

    [Fact]
    public void Failures_are_negated_error_numbers()
    {
        Assert.Equal(-Errno.NoEntry, FileSystemCalls.Open(_folder["none"], OpenFlags.ReadOnly, out SafeFileHandle? file));
        Assert.Null(file);
        Assert.Equal(-Errno.NotDirectory, DirectoryReader.Open(_folder.Write("file", []), out _));
        Assert.Equal(-Errno.NotEmpty, FileSystemCalls.RemoveEmptyFolder(_folder.Path));
        Assert.Equal(-Errno.NoEntry, FileStatusCalls.GetNoFollow(_folder["none"], out _));
    }

    [Fact]
    public void A_descriptor_in_use_outlives_its_handle()
    {
        Assert.Equal(0, FileSystemCalls.Open(_folder.Write("file", "abc"u8), OpenFlags.ReadOnly, out SafeFileHandle? file));
        Span<byte> buffer = stackalloc byte[3];
        using (OpenDescriptor descriptor = new(file!))
        {
            file!.Dispose();
            Assert.Equal(3, FileDataCalls.Read(descriptor.Number, buffer, 0));
        }

        Assert.Throws<ObjectDisposedException>(() => FileSystemCalls.Synchronise(file));
    }
}
