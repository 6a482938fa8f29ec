using Cistern.Storage.Errors;
using Cistern.Storage.Host;

namespace Cistern.Storage.Backends.Blocks;

/// <summary>
/// The paths of devices that survive a reboot: the links in a pool's target folder (<c>/dev/disk/by-path</c> and the like), which udev makes a
/// while after a device appeared.
/// </summary>
internal static class StableLinks
{
    /// <summary>Whether a target folder holds links; else devices go by their own paths.</summary>
    public static bool AreIn(KernelRoots kernel, string folder) =>
        folder.StartsWith(kernel.Dev + "/", StringComparison.Ordinal) && folder.AsSpan(kernel.Dev.Length).ContainsAnyExcept('/');

    /// <summary>Finds the links in the pool's target folder that lead to devices, waiting for those that udev has yet to make.</summary>
    /// <param name="devices">Paths of device nodes.</param>
    /// <param name="wait">The longest wait for links that are missing.</param>
    /// <returns>
    /// The stable path of each device that has one, the first by name where there are several; every device's own path where the folder holds no links.
    /// </returns>
    /// <exception cref="StorageException">38/18: the folder cannot be read, also after the wait.</exception>
    public static async ValueTask<IReadOnlyDictionary<string, string>> FindAsync(
        PoolContext pool, IReadOnlyCollection<string> devices, TimeSpan wait, CancellationToken cancellation)
    {
        string folder = pool.Definition.Target!.Path;
        if (!AreIn(pool.Host.Kernel, folder))
        {
            return devices.ToDictionary(device => device);
        }

        var (result, found) = await Patience.LookAsync(
            pool, wait, () => Look(folder, devices), seen => seen.Result == 0 && seen.Found.Count == devices.Count, cancellation).ConfigureAwait(false);
        SystemCall.Check(result, $"cannot read dir '{folder}'");
        return found;
    }

    private static (int Result, Dictionary<string, string> Found) Look(string folder, IReadOnlyCollection<string> devices)
    {
        Dictionary<string, string> found = [];
        ILookup<string, string> wanted = devices.ToLookup(Resolve);
        try
        {
            foreach (string link in Directory.EnumerateFiles(folder).Order(StringComparer.Ordinal))
            {
                foreach (string device in wanted[Resolve(link)])
                {
                    found.TryAdd(device, link);
                }
            }

            return (0, found);
        }
        catch (DirectoryNotFoundException)
        {
            return (-Errno.NoEntry, found);
        }
        catch (UnauthorizedAccessException)
        {
            return (-Errno.AccessDenied, found);
        }
        catch (IOException)
        {
            return (-Errno.InputOutput, found);
        }
    }

    /// <summary>Where a path leads to in the end; itself when that is nowhere.</summary>
    private static string Resolve(string path)
    {
        try
        {
            return File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return path;
        }
    }
}
