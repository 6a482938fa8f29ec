using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;
using Cistern.Storage.Host;
using Microsoft.Win32.SafeHandles;

namespace Cistern.Storage.Backends.Files;

/// <summary>
/// The scan of a pool's folder. What has not changed since the last scan costs its share of the folder's reading and one statx; the rest is
/// probed by several threads. No step on a thread of the pool takes long, so that its time limit measures the storage and not the size of the folder.
/// </summary>
internal sealed class FileScan : IDisposable
{
    /// <summary>Files probed in one step.</summary>
    private const int Chunk = 64;

    /// <summary>Threads that probe, one fewer than a pool has.</summary>
    private const int MaxProbers = 3;

    private readonly PoolContext _pool;
    private readonly DirectoryReader _reader;
    private readonly SafeFileHandle _folder;
    private readonly ProbeSettings _settings;
    private readonly List<ScannedVolume> _found = [];
    private readonly List<string> _changed = [];
    private int _nextChanged;

    private FileScan(PoolContext pool, DirectoryReader reader, in FileStatus status, in FileSystemStatus fileSystem)
    {
        _pool = pool;
        _reader = reader;
        _folder = reader.Handle;
        _settings = new ProbeSettings(pool.Definition.Target!.Path, fileSystem.IsLocal ? status.Device : 0, pool.Host.Clock);
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

        int probers = Math.Min(MaxProbers, (scan._changed.Count + Chunk - 1) / Chunk);
        await Task.WhenAll(Enumerable.Range(0, probers).Select(_ => scan.ProbeChangedAsync(cancellation))).ConfigureAwait(false);
        return new PoolContents(numbers, scan._found) { TargetPermissions = permissions };
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
    private unsafe bool ReadEntries()
    {
        using OpenDescriptor folder = new(_folder);
        if (SystemCall.Check(_reader.Fill(), $"cannot read directory '{_settings.Folder}'") == 0)
        {
            return false;
        }

        foreach (DirectoryReader.Entry entry in _reader)
        {
            if (entry.Type is FileType.Fifo or FileType.Socket or FileType.CharacterDevice || !FileNames.TryRead(entry.Name, out string name))
            {
                continue;
            }

            fixed (byte* bytes = entry.Name)
            {
                if (_pool.Known(name) is { } known && FileProbe.Recognise(_settings, folder.Number, bytes, known) is { } same)
                {
                    _found.Add(same);
                }
                else
                {
                    _changed.Add(name);
                }
            }
        }

        return true;
    }

    private async Task ProbeChangedAsync(CancellationToken cancellation)
    {
        int first;
        while ((first = Interlocked.Add(ref _nextChanged, Chunk) - Chunk) < _changed.Count)
        {
            List<ScannedVolume> found = await _pool.Threads.RunAsync(() => Probe(first), cancellation).ConfigureAwait(false);
            lock (_found)
            {
                _found.AddRange(found);
            }
        }
    }

    private List<ScannedVolume> Probe(int first)
    {
        using OpenDescriptor folder = new(_folder);
        List<ScannedVolume> found = new(Chunk);
        foreach (string name in _changed.Skip(first).Take(Chunk))
        {
            if (FileProbe.Describe(_settings, folder.Number, name, _pool.Known(name)) is { } volume)
            {
                found.Add(volume);
            }
        }

        return found;
    }
}
