using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;
using Cistern.Storage.Host;
using Microsoft.Win32.SafeHandles;

namespace Cistern.Storage.Backends.Files;

/// <summary>A ploop volume's folder under construction, as <see cref="NewFile"/> is a file: it gets its own name when it is whole.</summary>
internal sealed class NewFolder : IAsyncDisposable
{
    private readonly PoolContext _pool;
    private readonly VolumeDefinition _volume;
    private readonly IDisposable _record;
    private bool _ended;

    private NewFolder(PoolContext pool, VolumeDefinition volume)
    {
        _pool = pool;
        _volume = volume;
        string name = FileNames.Part(volume.Name, pool.Host.InstanceId, Guid.NewGuid().ToString("N"));
        Part = $"{pool.Definition.Target!.Path}/{name}";
        _record = pool.Host.Journal.Record(Part);
    }

    /// <summary>The temporary path.</summary>
    public string Part { get; }

    /// <summary>Makes the folder under a temporary name.</summary>
    /// <exception cref="StorageException">38/18.</exception>
    public static NewFolder Create(PoolContext pool, VolumeDefinition volume)
    {
        NewFolder folder = new(pool, volume);
        int result = FileSystemCalls.MakeFolder(folder.Part, FileOwnership.DefaultPoolMode);
        if (result < 0)
        {
            folder._record.Dispose();
            throw StorageErrors.System(-result, $"cannot create directory '{volume.Target.Path}'");
        }

        return folder;
    }

    /// <summary>Gives the folder the volume's owner, group and mode, and its name.</summary>
    /// <exception cref="StorageException">55/18: the name is taken; 38/18.</exception>
    public void Publish()
    {
        string path = _volume.Target.Path!;
        SystemCall.Check(
            FileSystemCalls.Open(Part, OpenFlags.ReadOnly | OpenFlags.Directory | OpenFlags.NoFollow, out SafeFileHandle? folder),
            $"cannot open directory '{path}'");
        using (folder)
        {
            FileOwnership.Set(folder!, _volume.Target.Permissions, FileOwnership.DefaultVolumeMode, path);
        }

        int result = FileSystemCalls.RenameNew(Part, path);
        if (result == -Errno.Exists)
        {
            throw StorageErrors.VolumePathExists(path);
        }

        SystemCall.Check(result, $"cannot create directory '{path}'");
        _ended = true;
        _record.Dispose();
        SystemCall.Check(FileSystemCalls.SynchroniseFolder(_pool.Definition.Target!.Path), $"cannot sync directory of '{path}'");
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
                // What led here is reported, and the journal still names the folder.
            }
        }
    }

    private void Discard()
    {
        FileDeletion.Delete(_volume with { Kind = VolumeKind.Ploop, Target = _volume.Target with { Path = Part } });
        _record.Dispose();
    }
}
