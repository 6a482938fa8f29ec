using Cistern.Storage.Backends.Files;
using Cistern.Storage.Definitions;
using Cistern.Storage.Host;

namespace Cistern.Storage.Tests.Backends;

/// <summary>The last step of making a volume, as it is on every kind of file system.</summary>
public sealed class NamedPartTests : IDisposable
{
    private readonly TestPool _pool = new();

    public void Dispose() => _pool.Dispose();

    [Theory]
    [InlineData(false, VolumeKind.File)]
    [InlineData(false, VolumeKind.Dir)]
    [InlineData(true, VolumeKind.File)]
    [InlineData(true, VolumeKind.Dir)]
    public void It_gets_its_name_and_nothing_else_is_left(bool overPlaceholder, VolumeKind kind)
    {
        using (NamedPart part = Make(kind))
        {
            Assert.Equal([part.Path], _pool.Journal);
            Assert.Equal(0, Publish(part, overPlaceholder));
        }

        Assert.Equal(["disk"], _pool.Entries());
        Assert.Equal("content", File.ReadAllText(kind == VolumeKind.Dir ? _pool.Folder["disk/file"] : _pool.Folder["disk"]));
        Assert.Empty(_pool.Journal);
    }

    [Theory]
    [InlineData(false, VolumeKind.File)]
    [InlineData(false, VolumeKind.Dir)]
    [InlineData(true, VolumeKind.File)]
    [InlineData(true, VolumeKind.Dir)]
    public void It_never_replaces_another(bool overPlaceholder, VolumeKind kind)
    {
        using (NamedPart part = Make(kind))
        {
            // Empty, as what holds a name free is.
            string other = _pool.Folder["disk"];
            _ = kind == VolumeKind.Dir ? Directory.CreateDirectory(other).FullName : _pool.Folder.Write("disk", []);
            Assert.Equal(-Errno.Exists, Publish(part, overPlaceholder));
            Clear(part, kind);
        }

        Assert.Equal(["disk"], _pool.Entries());
        Assert.Empty(Directory.Exists(_pool.Folder["disk"]) ? Directory.GetFiles(_pool.Folder["disk"]) : File.ReadAllLines(_pool.Folder["disk"]));
        Assert.Empty(_pool.Journal);
    }

    [Fact]
    public void A_link_that_was_made_though_the_file_system_denies_it_is_taken_for_made()
    {
        using NamedPart part = Make(VolumeKind.File);
        using (FileStream file = File.OpenRead(part.Path))
        {
            Assert.Equal(0, FileSystemCalls.Link(file.SafeFileHandle, _pool.Folder["disk"]));
        }

        Assert.Equal(0, part.Publish(_pool.Folder["disk"]));
        Assert.Equal(["disk"], _pool.Entries());
    }

    [Fact]
    public void What_holds_the_name_is_recorded_until_it_is_replaced()
    {
        NamedPart part = Make(VolumeKind.File);
        File.Delete(part.Path);
        Assert.Equal(-Errno.NoEntry, part.PublishOverPlaceholder(_pool.Folder["disk"]));
        Assert.Equal([$"{part.Path}\0{_pool.Folder["disk"]}"], _pool.Journal);
        Assert.Empty(_pool.Entries());
        part.Dispose();
        Assert.Empty(_pool.Journal);
    }

    private static int Publish(NamedPart part, bool overPlaceholder)
    {
        string path = Path.Join(Path.GetDirectoryName(part.Path), "disk");
        return overPlaceholder ? part.PublishOverPlaceholder(path) : part.Publish(path);
    }

    /// <summary>With something in it.</summary>
    private NamedPart Make(VolumeKind kind)
    {
        NamedPart part = new(_pool.Context, TestPool.Raw("disk", 0) with { Kind = kind }, user: null);
        part.Make(() =>
        {
            _ = kind == VolumeKind.Dir ? Directory.CreateDirectory(part.Path) : null;
            File.WriteAllText(kind == VolumeKind.Dir ? part.Path + "/file" : part.Path, "content");
            return 0;
        });
        return part;
    }

    /// <summary>A folder under construction is empty in earnest.</summary>
    private static void Clear(NamedPart part, VolumeKind kind)
    {
        if (kind == VolumeKind.Dir)
        {
            File.Delete(part.Path + "/file");
        }
    }
}
