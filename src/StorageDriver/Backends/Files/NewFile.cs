using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;
using Cistern.Storage.Host;
using Microsoft.Win32.SafeHandles;

namespace Cistern.Storage.Backends.Files;

/// <summary>
/// A volume's file under construction: without a name where the file system can, else under a temporary one that the journal records. It gets
/// its own name at the end, whole, and never takes that of a file that exists. Disposed of before that, nothing is left of it.
/// </summary>
internal sealed class NewFile : IAsyncDisposable
{
    private readonly PoolContext _pool;
    private readonly VolumeDefinition _volume;
    private readonly string? _part;
    private readonly IDisposable? _record;
    private SafeFileHandle? _file;
    private bool _ended;

    private NewFile(PoolContext pool, VolumeDefinition volume, SafeFileHandle? unnamed)
    {
        _pool = pool;
        _volume = volume;
        _file = unnamed;
        if (unnamed is null)
        {
            string name = FileNames.Part(volume.Name, pool.Host.InstanceId, Guid.NewGuid().ToString("N"));
            _part = $"{pool.Definition.Target!.Path}/{name}";
            _record = pool.Host.Journal.Record(_part);
        }
    }

    /// <summary>The open file.</summary>
    public SafeFileHandle File => _file ?? throw new InvalidOperationException("the file has not been opened");

    /// <summary>The temporary name, for a tool to make the file.</summary>
    public string Part => _part ?? throw new InvalidOperationException("the file has no name yet");

    /// <summary>Makes a file of the volume's owner, group, mode and copy-on-write attribute that takes no space yet.</summary>
    /// <param name="length">Bytes.</param>
    /// <exception cref="StorageException">38/18.</exception>
    public static NewFile Create(PoolContext pool, VolumeDefinition volume, ulong length)
    {
        int result = FileSystemCalls.Open(
            pool.Definition.Target!.Path, OpenFlags.ReadWrite | OpenFlags.Unnamed, FileOwnership.DefaultVolumeMode, out SafeFileHandle? unnamed);
        if (result is not (0 or -Errno.NotSupported or -Errno.IsDirectory))
        {
            throw StorageErrors.System(-result, $"cannot create file '{volume.Target.Path}'");
        }

        NewFile file = new(pool, volume, unnamed);
        try
        {
            file.Prepare(length);
            return file;
        }
        catch
        {
            file.Discard();
            throw;
        }
    }

    /// <summary>Picks a temporary name under which a tool will make the file; <see cref="Open"/> comes after that.</summary>
    public static NewFile Reserve(PoolContext pool, VolumeDefinition volume) => new(pool, volume, unnamed: null);

    /// <summary>Opens what a tool has made and gives it the volume's owner, group and mode.</summary>
    public void Open()
    {
        OpenPart(0);
        SetOwnership();
    }

    /// <summary>Gives the file its name and makes both durable; the file is closed then.</summary>
    /// <exception cref="StorageException">55/18: there is a file of that name.</exception>
    public void Publish()
    {
        string path = _volume.Target.Path!;
        int result = _part is null ? FileSystemCalls.Link(File, path) : FileSystemCalls.RenameNew(_part, path);
        if (result == -Errno.Exists)
        {
            throw StorageErrors.VolumePathExists(path);
        }

        SystemCall.Check(result, $"cannot create file '{path}'");
        _ended = true;
        _record?.Dispose();

        // One synchronisation after naming makes data and name durable: the new name is part of the file's own metadata changes.
        result = FileSystemCalls.Synchronise(File);
        if (result < 0)
        {
            _ = FileSystemCalls.Unlink(path);
        }

        File.Dispose();
        SystemCall.Check(result, $"cannot sync data to file '{path}'");
    }

    public async ValueTask DisposeAsync()
    {
        if (!_ended)
        {
            try
            {
                await _pool.Threads.RunAsync(Discard, CancellationToken.None).ConfigureAwait(false);
            }
            catch (StorageException)
            {
                // The storage does not answer; what led here is reported, and the journal still names the file.
            }
        }
    }

    private void Prepare(ulong length)
    {
        if (_part is not null)
        {
            OpenPart(OpenFlags.Create | OpenFlags.Exclusive);
        }

        SetOwnership();
        if (_volume.Target.NoCow)
        {
            SystemCall.Check(FileSpaceCalls.SetNoCopyOnWrite(File, on: true), $"cannot control copy on write of file '{_volume.Target.Path}'");
        }

        SystemCall.Check(FileSpaceCalls.SetLength(File, (long)length), $"cannot extend file '{_volume.Target.Path}'");
    }

    private void OpenPart(int flags) =>
        SystemCall.Check(
            FileSystemCalls.Open(Part, OpenFlags.ReadWrite | OpenFlags.NoFollow | flags, FileOwnership.DefaultVolumeMode, out _file),
            $"cannot create file '{_volume.Target.Path}'");

    private void SetOwnership() =>
        FileOwnership.Set(File, _volume.Target.Permissions, FileOwnership.DefaultVolumeMode, _volume.Target.Path!);

    private void Discard()
    {
        _ended = true;
        _file?.Dispose();
        if (_part is null || FileSystemCalls.Unlink(_part) is 0 or -Errno.NoEntry)
        {
            _record?.Dispose();
        }
    }
}
