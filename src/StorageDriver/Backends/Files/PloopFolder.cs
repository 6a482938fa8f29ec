using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;
using Cistern.Storage.Host;
using Microsoft.Win32.SafeHandles;

namespace Cistern.Storage.Backends.Files;

/// <summary>A ploop volume's folder under construction, as <see cref="NewFile"/> is a file: it gets its own name when it is whole.</summary>
internal sealed class PloopFolder : IAsyncDisposable
{
    private readonly PoolContext _pool;
    private readonly VolumeDefinition _volume;
    private readonly NamedPart _part;
    private bool _published;

    private PloopFolder(PoolContext pool, VolumeDefinition volume)
    {
        _pool = pool;
        _volume = volume;
        _part = new NamedPart(pool, volume with { Kind = VolumeKind.Dir }, user: null);
    }

    /// <summary>The temporary path.</summary>
    public string Path => _part.Path;

    /// <summary>Makes the folder under a temporary name.</summary>
    /// <exception cref="StorageException">38/18.</exception>
    public static PloopFolder Create(PoolContext pool, VolumeDefinition volume)
    {
        PloopFolder folder = new(pool, volume);
        int result = FileSystemCalls.MakeFolder(folder.Path, FileOwnership.DefaultPoolMode);
        if (result < 0)
        {
            folder._part.Dispose();
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
            FileSystemCalls.Open(Path, OpenFlags.ReadOnly | OpenFlags.Directory | OpenFlags.NoFollow, out SafeFileHandle? folder),
            $"cannot open directory '{path}'");
        using (folder)
        {
            FileOwnership.Set(folder!, _volume.Target.Permissions, FileOwnership.DefaultVolumeMode, path, user: null);
        }

        int result = _part.Publish(path);
        if (result == -Errno.Exists)
        {
            throw StorageErrors.VolumePathExists(path);
        }

        SystemCall.Check(result, $"cannot create directory '{path}'");
        _published = true;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_published)
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
        _ = FileRemoval.RemoveFolderOfFiles(Path);
        _part.Dispose();
    }
}
