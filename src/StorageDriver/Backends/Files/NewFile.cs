using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;
using Cistern.Storage.Host;
using Microsoft.Win32.SafeHandles;

namespace Cistern.Storage.Backends.Files;

/// <summary>
/// A volume's file under construction: without a name where the file system can, else under a temporary one that the journal records. It gets
/// its own name at the end, whole, and never takes that of a file that exists. Disposed of before that, nothing is left of it.
/// Storage that refuses the server works with the owner and group that are asked for.
/// </summary>
internal sealed class NewFile : IAsyncDisposable
{
    private readonly PoolContext _pool;
    private readonly VolumeDefinition _volume;
    private readonly NamedPart? _part;
    private SafeFileHandle? _file;
    private bool _ended;

    private NewFile(PoolContext pool, VolumeDefinition volume, FileUser? user, SafeFileHandle? unnamed)
    {
        _pool = pool;
        _volume = volume;
        User = user;
        _file = unnamed;
        _part = unnamed is null ? new NamedPart(pool, volume, user) : null;
    }

    /// <summary>The open file.</summary>
    public SafeFileHandle File => _file ?? throw new InvalidOperationException("the file has not been opened");

    /// <summary>The temporary name, for a tool to fill the file.</summary>
    public string Part => _part?.Path ?? throw new InvalidOperationException("the file has no name yet");

    /// <summary>Whose file it had to be made as; a tool works as that user. Null: the server's.</summary>
    public FileUser? User { get; }

    /// <summary>Makes a file of the volume's owner, group, mode and copy-on-write attribute that takes no space yet.</summary>
    /// <param name="length">Bytes.</param>
    /// <exception cref="StorageException">38/18.</exception>
    public static NewFile Create(PoolContext pool, VolumeDefinition volume, ulong length) =>
        FileOwnership.Make(volume.Target.Permissions, user => Make(pool, volume, user, Unnamed(pool, volume, user), length));

    /// <summary>Makes an empty file under a temporary name for a tool to fill; <see cref="Open"/> comes after that.</summary>
    /// <exception cref="StorageException">38/18.</exception>
    public static NewFile Reserve(PoolContext pool, VolumeDefinition volume)
    {
        VolumeDefinition plain = volume with { Target = volume.Target with { NoCow = false } };
        NewFile file = FileOwnership.Make(volume.Target.Permissions, user => Make(pool, plain, user, unnamed: null, 0));
        file.File.Dispose();
        return file;
    }

    /// <summary>Opens what a tool has made and gives it the volume's owner, group and mode, should they have changed.</summary>
    /// <exception cref="StorageException">38/18.</exception>
    public void Open()
    {
        SystemCall.Check(FileUser.Run(User, () => OpenPart(0)), $"cannot open file '{_volume.Target.Path}'");
        SetOwnership();
    }

    /// <summary>Gives the file its name and makes both durable; the file is closed then.</summary>
    /// <exception cref="StorageException">55/18: there is a file of that name.</exception>
    public void Publish()
    {
        string path = _volume.Target.Path!;
        if (_part is not null)
        {
            SystemCall.Check(FileSystemCalls.Synchronise(File), $"cannot sync data to file '{path}'");
        }

        int result = _part?.Publish(path) ?? FileUser.Run(User, () => FileSystemCalls.Link(File, path));
        if (result == -Errno.Exists)
        {
            throw StorageErrors.VolumePathExists(path);
        }

        SystemCall.Check(result, $"cannot create file '{path}'");
        _ended = true;

        // For a file that had no name, one synchronisation after naming is enough: the new name is part of its own metadata changes.
        result = _part is null ? FileSystemCalls.Synchronise(File) : 0;
        if (result < 0)
        {
            _ = FileRemoval.Unlink(path);
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

    private static NewFile Make(PoolContext pool, VolumeDefinition volume, FileUser? user, SafeFileHandle? unnamed, ulong length)
    {
        NewFile file = new(pool, volume, user, unnamed);
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

    /// <summary>A file without a name; null where the file system has no such thing.</summary>
    private static SafeFileHandle? Unnamed(PoolContext pool, VolumeDefinition volume, FileUser? user)
    {
        string folder = pool.Definition.Target!.Path;
        SafeFileHandle? unnamed = null;
        int result = FileUser.Run(
            user,
            () => FileSystemCalls.Open(folder, OpenFlags.ReadWrite | OpenFlags.Unnamed, FileOwnership.DefaultVolumeMode, out unnamed));
        return result is 0 or -Errno.NotSupported or -Errno.IsDirectory or -Errno.InvalidArgument or -Errno.NotImplemented
            ? unnamed
            : throw StorageErrors.System(-result, $"cannot create file '{volume.Target.Path}'");
    }

    private void Prepare(ulong length)
    {
        if (_part is not null)
        {
            SystemCall.Check(_part.Make(() => OpenPart(OpenFlags.Create | OpenFlags.Exclusive)), $"cannot create file '{_volume.Target.Path}'");
        }

        SetOwnership();
        if (_volume.Target.NoCow)
        {
            SystemCall.Check(
                FileUser.Run(User, () => FileSpaceCalls.SetNoCopyOnWrite(File, on: true)), $"cannot control copy on write of file '{_volume.Target.Path}'");
        }

        SystemCall.Check(FileSpaceCalls.SetLength(File, (long)length), $"cannot extend file '{_volume.Target.Path}'");
    }

    private int OpenPart(int flags) =>
        FileSystemCalls.Open(Part, OpenFlags.ReadWrite | OpenFlags.NoFollow | flags, FileOwnership.DefaultVolumeMode, out _file);

    private void SetOwnership() =>
        FileOwnership.Set(File, _volume.Target.Permissions, FileOwnership.DefaultVolumeMode, _volume.Target.Path!, User);

    private void Discard()
    {
        _ended = true;
        _file?.Dispose();
        _part?.Dispose();
    }
}
