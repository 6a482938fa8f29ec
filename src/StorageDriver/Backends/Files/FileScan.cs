using System.Text;
using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;
using Cistern.Storage.Host;
using Microsoft.Win32.SafeHandles;

namespace Cistern.Storage.Backends.Files;

/// <summary>
/// The scan of a pool's folder. What has not changed since the last scan costs its share of the folder's reading and one statx; the rest is
/// probed. Several threads do so, and no step on a thread of the pool takes long, so that its time limit measures the storage and not the size of
/// the folder.
/// </summary>
internal sealed class FileScan : IDisposable
{
    /// <summary>Threads that look at files: one fewer than a pool has, and no more than there are processors, which calls need meanwhile.</summary>
    private static readonly int MaxThreads = Math.Clamp(Environment.ProcessorCount, 1, 3);

    private readonly PoolContext _pool;
    private readonly DirectoryReader _reader;
    private readonly SafeFileHandle _folder;
    private readonly ProbeSettings _settings;

    /// <summary>For a first look, which has the storage read many files at a time.</summary>
    private readonly ProbeSettings _hasty;
    private readonly List<Batch> _batches = [];
    private int _entries;

    private FileScan(PoolContext pool, DirectoryReader reader, in FileStatus status, in FileSystemStatus fileSystem)
    {
        _pool = pool;
        _reader = reader;
        _folder = reader.Handle;
        _settings = new ProbeSettings(pool.Definition.Target!.Path, fileSystem.IsLocal ? status.Device : 0, pool.Host.Clock) { LeavesBackings = true };
        _hasty = _settings with { Waits = false };
    }

    /// <exception cref="StorageException">38/0: the folder cannot be opened; 38/18: it cannot be read.</exception>
    public static async ValueTask<PoolContents> RunAsync(PoolContext pool, CancellationToken cancellation)
    {
        Permissions? permissions = null;
        PoolNumbers numbers = default;
        using FileScan scan = await pool.Threads.RunAsync(() => Open(pool, out permissions, out numbers), cancellation).ConfigureAwait(false);
        while (await pool.Threads.RunAsync(scan.ReadEntries, cancellation).ConfigureAwait(false))
        {
            cancellation.ThrowIfCancellationRequested();
        }

        await scan.ForEachBatchAsync(scan.Look, cancellation).ConfigureAwait(false);
        if (scan._batches.Exists(batch => batch.HasLayered))
        {
            var seen = scan.Seen();
            await scan.ForEachBatchAsync((batch, folder) => scan.CheckBackings(batch, seen, folder), cancellation).ConfigureAwait(false);
        }

        List<ScannedVolume> found = new(scan._entries);
        found.AddRange(scan._batches.SelectMany(batch => batch.Found).OfType<ScannedVolume>());
        return new PoolContents(numbers, found) { TargetPermissions = permissions };
    }

    public void Dispose() => _reader.Dispose();

    private static FileScan Open(PoolContext pool, out Permissions? permissions, out PoolNumbers numbers)
    {
        string path = pool.Definition.Target!.Path;
        int result = DirectoryReader.Open(path, out DirectoryReader? reader);
        if (reader is null)
        {
            throw StorageErrors.System(-result, $"cannot open directory '{path}'", StorageErrorDomain.None);
        }

        try
        {
            // With the folder open nothing can be unmounted any more.
            FileLook.Require(pool);
            SystemCall.Check(FileStatusCalls.Get(reader.Handle, out FileStatus status), $"cannot stat path '{path}'");
            SystemCall.Check(FileSystemStatus.Get(path, out FileSystemStatus fileSystem), $"cannot statvfs path '{path}'");
            permissions = FileDescription.Permissions(status);
            permissions = SecurityLabels.AreUsed ? FileDescription.WithLabel(permissions, path) : permissions;
            numbers = fileSystem.Numbers;
            return new FileScan(pool, reader, status, fileSystem);
        }
        catch
        {
            reader.Dispose();
            throw;
        }
    }

    /// <summary>Takes the next bufferful of entries; false at the end of the folder.</summary>
    private bool ReadEntries()
    {
        if (SystemCall.Check(_reader.Fill(), $"cannot read directory '{_settings.Folder}'") == 0)
        {
            return false;
        }

        foreach (DirectoryReader.Entry entry in _reader)
        {
            if (entry.Type is FileType.Fifo or FileType.Socket or FileType.CharacterDevice)
            {
                continue;
            }

            if (_pool.KnownAt(_entries) is { } expected && Ascii.Equals(entry.Name, expected.Definition.Name))
            {
                Add(expected.Definition.Name, expected);
            }
            else if (FileNames.TryRead(entry.Name, out string name))
            {
                Add(name, _pool.Known(name));
            }
        }

        return true;
    }

    private void Add(string name, ScannedVolume? known)
    {
        int place = _entries++ % Batch.Size;
        if (place == 0)
        {
            _batches.Add(new Batch());
        }

        _batches[^1].Entries[place] = (name, known);
        _batches[^1].Found[place] = FileProbe.Unread;
    }

    /// <summary>Does something with each batch and the open folder, a batch a step.</summary>
    private Task ForEachBatchAsync(Action<Batch, int> work, CancellationToken cancellation)
    {
        int next = 0;
        return Task.WhenAll(Enumerable.Range(0, Math.Min(MaxThreads, _batches.Count)).Select(_ => WorkAsync()));

        async Task WorkAsync()
        {
            int number;
            while ((number = Interlocked.Increment(ref next) - 1) < _batches.Count)
            {
                await _pool.Threads.RunAsync(() => Work(_batches[number]), cancellation).ConfigureAwait(false);
            }
        }

        void Work(Batch batch)
        {
            using OpenDescriptor folder = new(_folder);
            work(batch, folder.Number);
        }
    }

    /// <summary>Looks at a batch's entries. What the kernel has not in memory it reads while the others are looked at: twice, for an image may take two reads.</summary>
    private void Look(Batch batch, int folder)
    {
        _ = Look(batch, folder, _hasty) || Look(batch, folder, _hasty) || Look(batch, folder, _settings);
    }

    /// <summary>Looks at what of a batch has not been read; false: there is still such an entry.</summary>
    private static unsafe bool Look(Batch batch, int folder, ProbeSettings settings)
    {
        bool isRead = true;
        byte* bytes = stackalloc byte[FileNames.MaxBytes + 1];
        for (int place = 0; place < Batch.Size && batch.Entries[place] is (not null, _) entry; place++)
        {
            if (ReferenceEquals(batch.Found[place], FileProbe.Unread))
            {
                FileNames.Write(entry.Name, new Span<byte>(bytes, FileNames.MaxBytes + 1));
                batch.Found[place] = FileProbe.Look(settings, folder, bytes, entry.Name, entry.Known);
                batch.HasLayered |= batch.DependsOnBacking(place);
                isRead &= !ReferenceEquals(batch.Found[place], FileProbe.Unread);
            }
        }

        return isRead;
    }

    /// <summary>What the files of the folder are now, by path.</summary>
    private Dictionary<string, ScannedVolume> Seen()
    {
        Dictionary<string, ScannedVolume> seen = new(_entries);
        foreach (var found in _batches.SelectMany(batch => batch.Found))
        {
            if (found is { Stamp: not null, Definition.Target.Path: { } path })
            {
                seen[path] = found;
            }
        }

        return seen;
    }

    /// <summary>Describes images whose backing file is not known yet or another now. Of one in the same folder it is known already what it is.</summary>
    private unsafe void CheckBackings(Batch batch, Dictionary<string, ScannedVolume> seen, int folder)
    {
        byte* bytes = stackalloc byte[FileNames.MaxBytes + 1];
        for (int place = 0; place < Batch.Size; place++)
        {
            ScannedVolume? image = batch.DependsOnBacking(place) ? batch.Found[place] : null;
            if (image is not null && !FileProbe.LacksBacking(image) && !IsBackingUnchanged(image, seen, folder))
            {
                FileNames.Write(image.Definition.Name, new Span<byte>(bytes, FileNames.MaxBytes + 1));
                image = batch.Found[place] = FileProbe.Describe(_settings, folder, bytes, image.Definition.Name, image);
            }

            if (image is not null && FileProbe.LacksBacking(image))
            {
                var backing = seen.GetValueOrDefault(image.Definition.BackingStore!.Path);
                batch.Found[place] = FileProbe.WithBacking(_settings, folder, image, backing, batch.Entries[place].Known?.Definition);
            }
        }
    }

    private bool IsBackingUnchanged(ScannedVolume image, Dictionary<string, ScannedVolume> seen, int folder) =>
        seen.TryGetValue(image.Definition.BackingStore!.Path, out ScannedVolume? now)
            ? FileStamps.IsUnchanged(image.Stamp!.Backing!, now.Stamp!)
            : FileProbe.IsBackingUnchanged(_settings, folder, image);

    /// <summary>Entries that are looked at in one step.</summary>
    private sealed class Batch
    {
        public const int Size = 64;

        public (string Name, ScannedVolume? Known)[] Entries { get; } = new (string, ScannedVolume?)[Size];

        /// <summary>Null where there is no volume.</summary>
        public ScannedVolume?[] Found { get; } = new ScannedVolume?[Size];

        /// <summary>Whether there is a volume of which <see cref="DependsOnBacking"/> is true.</summary>
        public bool HasLayered { get; set; }

        /// <summary>Whether the file itself alone was looked at: a new description lacks its backing file, one that was known depends on it.</summary>
        public bool DependsOnBacking(int place) =>
            Found[place] is { Stamp.Backing: { } backing } found
            && (FileProbe.LacksBacking(found) || ReferenceEquals(backing, Entries[place].Known?.Stamp?.Backing));
    }
}
