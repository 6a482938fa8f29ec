using System.Collections.Immutable;
using Cistern.Storage.Commands;
using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;
using Cistern.Storage.Host;
using Cistern.Storage.Images;
using Cistern.Storage.Pools;
using Microsoft.Win32.SafeHandles;

namespace Cistern.Storage.Backends.Files;

/// <summary>Has a tool make the file of a volume: whole, or not at all.</summary>
internal static class ImageTool
{
    private const int BlockUnit = 512;

    /// <summary>How often a command is run that has <see cref="QemuImg.Unmeasured"/>.</summary>
    private const int Attempts = 10;

    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(25);

    /// <summary>Runs commands one after the other on a temporary file beside the volume's path, then gives it its name.</summary>
    /// <param name="commands">Given the temporary file's path.</param>
    /// <param name="progress">Told what the file takes while the tool runs.</param>
    /// <exception cref="StorageException">1/0: a command failed; 38/18; 55/18: the name is taken.</exception>
    public static async ValueTask RunAsync(
        PoolContext pool,
        VolumeDefinition volume,
        Func<string, ImmutableArray<Command>> commands,
        JobProgress progress,
        CancellationToken cancellation)
    {
        NewFile file = await pool.Threads.RunAsync(() => NewFile.Reserve(pool, volume), cancellation).ConfigureAwait(false);
        await using (file.ConfigureAwait(false))
        {
            (uint Uid, uint Gid)? user = file.User is { } other ? (other.Uid, other.Gid) : null;
            foreach (Command command in commands(file.Part))
            {
                await FollowAsync(pool, RunAsync(pool.Host, command with { RunAs = user }, cancellation), file.Part, progress).ConfigureAwait(false);
            }

            await pool.Threads.RunAsync(
                () =>
                {
                    file.Open();
                    Finish(file, volume);
                    file.Publish();
                },
                cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>Runs a command, again where by chance it could not measure the processor.</summary>
    /// <exception cref="StorageException">1/0: it failed.</exception>
    public static async Task RunAsync(HostContext host, Command command, CancellationToken cancellation)
    {
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                await host.RunAsync(command, cancellation).ConfigureAwait(false);
                return;
            }
            catch (StorageException failure) when (attempt < Attempts && failure.Message.Contains(QemuImg.Unmeasured, StringComparison.Ordinal))
            {
                // The next attempt makes the file anew.
            }
        }
    }

    /// <summary>What the tool has written of the temporary name.</summary>
    private static void Finish(NewFile file, VolumeDefinition volume)
    {
        if (volume.Target.Format != "vmdk")
        {
            return;
        }

        try
        {
            VmdkDescriptor.Rename(file.File, Path.GetFileName(file.Part), volume.Name);
        }
        catch (IOException error)
        {
            // The framework puts errno there.
            throw StorageErrors.System(error.HResult, $"cannot write image '{volume.Target.Path}'");
        }
    }

    private static async ValueTask FollowAsync(PoolContext pool, Task running, string path, JobProgress progress)
    {
        while (await Task.WhenAny(running, Task.Delay(LookEvery)).ConfigureAwait(false) != running)
        {
            try
            {
                await pool.Threads.RunAsync(() => Look(path, progress), CancellationToken.None).ConfigureAwait(false);
            }
            catch (StorageException)
            {
                // Storage that does not answer is for the tool to find out, which cannot be left alone here.
            }
        }

        await running.ConfigureAwait(false);
    }

    /// <summary>Sees how far the tool is, and has what it wrote go to the storage meanwhile: at the end there is the less to wait for.</summary>
    private static void Look(string path, JobProgress progress)
    {
        if (FileStatusCalls.Get(path, out FileStatus status) == 0)
        {
            progress.Allocated = (ulong)status.Blocks * BlockUnit;
        }

        if (FileSystemCalls.Open(path, OpenFlags.ReadOnly | OpenFlags.NoFollow | OpenFlags.NonBlocking, out SafeFileHandle? file) == 0)
        {
            using (file)
            {
                FileSpaceCalls.StartWriting(file!, 0, 0);
            }
        }
    }
}
