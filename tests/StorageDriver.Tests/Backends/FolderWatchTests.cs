using System.Collections.Concurrent;
using Cistern.Storage.Backends.Capabilities;
using Cistern.Storage.Backends.Files;
using Cistern.Storage.Errors;
using Cistern.Storage.Host;

namespace Cistern.Storage.Tests.Backends;

/// <summary>Real watches of folders. What is told is waited for; a file made last tells that nothing else is to come.</summary>
public sealed class FolderWatchTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly TestPool _pool = new();
    private readonly Recorder _told = new();

    public void Dispose() => _pool.Dispose();

    [Fact]
    public async Task Names_are_told_whatever_happened_to_them()
    {
        var folder = _pool.Folder;
        folder.Write("deleted", []);
        folder.Write("renamed", []);
        folder.Write("written", []);
        folder.Write("restricted", []);
        using var watcher = await WatchAsync();

        Assert.True(watcher.IsTold);
        folder.Write("made", []);
        File.Delete(folder["deleted"]);
        File.Move(folder["renamed"], folder["moved"]);
        await File.AppendAllTextAsync(folder["written"], "x");
        File.SetUnixFileMode(folder["restricted"], UnixFileMode.UserRead);
        Directory.CreateDirectory(folder["folder"]);

        Assert.Equal(["deleted", "folder", "made", "moved", "renamed", "restricted", "written"], NamesUntilNow());
    }

    [Fact]
    public async Task Hidden_names_are_not_told_and_neither_is_writing_without_an_end_or_reading()
    {
        var folder = _pool.Folder;
        await using var disk = new FileStream(folder.Write("disk", [1]), FileMode.Open, FileAccess.ReadWrite);
        using var watcher = await WatchAsync();

        for (int write = 0; write < 1000; write++)
        {
            disk.WriteByte(1);
            disk.Flush();
        }

        _ = await File.ReadAllBytesAsync(folder["disk"]);
        folder.Write(FileNames.Part("new", "host", "job"), []);
        await _pool.ScanAsync();

        Assert.Empty(NamesUntilNow());
    }

    [Fact]
    public async Task Nothing_is_told_after_the_end()
    {
        using var other = await WatchAsync();
        Recorder told = new();
        var watcher = await _pool.Backend.WatchAsync(_pool.Context, told, default);
        watcher.Dispose();
        watcher.Dispose();
        NamesUntilNow();
        Assert.Empty(told.Names);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_folder_that_is_deleted_or_moved_is_told_as_gone(bool moved)
    {
        using var watcher = await WatchAsync();
        Assert.True(await watcher.CheckAsync(default));
        string path = _pool.Folder.Path;
        if (moved)
        {
            Directory.Move(path, path + ".moved");
        }
        else
        {
            Directory.Delete(path);
        }

        Assert.True(SpinWait.SpinUntil(() => _told.IsGone, Patience));
        Assert.False(await watcher.CheckAsync(default));
        Directory.CreateDirectory(path);
        Assert.False(await watcher.CheckAsync(default));
        if (moved)
        {
            Directory.Delete(path + ".moved");
        }
    }

    [Fact]
    public async Task A_parent_that_is_replaced_is_seen_by_the_check()
    {
        var folder = _pool.Folder;
        Directory.CreateDirectory(folder["parent/pool"]);
        _pool.Definition = _pool.Definition with { Target = new(folder["parent/pool"]) };
        using var watcher = await WatchAsync();
        Directory.Move(folder["parent"], folder["old"]);
        Directory.CreateDirectory(folder["parent/pool"]);

        Assert.False(await watcher.CheckAsync(default));
        Assert.False(_told.IsGone);
    }

    [Fact]
    public void Two_paths_of_one_folder_are_watched_independently()
    {
        using TemporaryWatcher folders = new();
        Listener one = new();
        Listener other = new();
        int first = folders.Add(_pool.Folder.Path, one);
        File.CreateSymbolicLink(_pool.Folder["link"], _pool.Folder.Path);
        int second = folders.Add(_pool.Folder["link"], other);
        Assert.Equal(first, second);

        folders.Watcher.Remove(first, one);
        folders.Watcher.Remove(first, one);
        _pool.Folder.Write("a", []);
        Assert.True(SpinWait.SpinUntil(() => other.Names.Contains("a"), Patience));
        Assert.DoesNotContain("a", one.Names);

        folders.Watcher.Remove(second, other);
        int third = folders.Add(_pool.Folder.Path, one);
        _pool.Folder.Write("b", []);
        Assert.True(SpinWait.SpinUntil(() => one.Names.Contains("b"), Patience));
        folders.Watcher.Remove(third, one);
    }

    [Fact]
    public async Task A_folder_that_is_missing_cannot_be_watched()
    {
        _pool.Definition = _pool.Definition with { Target = new(_pool.Folder["none"]) };
        var error = await Assert.ThrowsAsync<StorageException>(async () => await WatchAsync());
        Assert.Equal(StorageErrorCode.SystemError, error.Code);
    }

    [Fact]
    public async Task A_polled_folder_is_current_until_a_name_comes_or_goes_and_never_right_after_that()
    {
        using PolledFolder quiet = new(_pool.Context, Status());
        Assert.True(await quiet.CheckAsync(default));
        await File.AppendAllTextAsync(_pool.Folder.Write("a", []), "x");
        Assert.False(await quiet.CheckAsync(default));

        using PolledFolder again = new(_pool.Context, Status());
        Assert.True(await again.CheckAsync(default));
        await File.AppendAllTextAsync(_pool.Folder["a"], "y");
        Assert.True(await again.CheckAsync(default));

        _pool.Clock.Now = DateTimeOffset.UtcNow;
        using PolledFolder fresh = new(_pool.Context, Status());
        Assert.False(await fresh.CheckAsync(default));
    }

    private FileStatus Status()
    {
        Assert.Equal(0, FileStatusCalls.Get(_pool.Folder.Path, out FileStatus status));
        return status;
    }

    private ValueTask<IPoolWatcher> WatchAsync() => _pool.Backend.WatchAsync(_pool.Context, _told, default);

    private string[] NamesUntilNow()
    {
        _pool.Folder.Write("end", []);
        Assert.True(SpinWait.SpinUntil(() => _told.Names.Contains("end"), Patience));
        return [.. _told.Names.Distinct().Where(name => name != "end").Order(StringComparer.Ordinal)];
    }

    private sealed class Recorder : IPoolChanges
    {
        private volatile bool _gone;

        public ConcurrentQueue<string> Names { get; } = new();

        public bool IsGone => _gone;

        public void Changed(string name) => Names.Enqueue(name);

        public void Missed()
        {
        }

        public void Gone() => _gone = true;
    }

    private sealed class Listener : IFolderListener
    {
        public ConcurrentQueue<string> Names { get; } = new();

        public void Changed(ReadOnlySpan<byte> name) => Names.Enqueue(System.Text.Encoding.UTF8.GetString(name));

        public void Missed()
        {
        }

        public void Gone()
        {
        }
    }

    private sealed class TemporaryWatcher : IDisposable
    {
        public FolderWatcher Watcher { get; } = new();

        public int Add(string path, IFolderListener listener)
        {
            Assert.Equal(0, FileSystemCalls.Open(path, OpenFlags.NameOnly | OpenFlags.Directory, out var folder));
            using (folder)
            {
                int watch = Watcher.Add(folder!, listener);
                Assert.True(watch > 0);
                return watch;
            }
        }

        public void Dispose() => Watcher.Dispose();
    }
}
