namespace Cistern.Storage.Host;

/// <summary>Loop devices and what they stand on (sysfs, <c>block/loopN/loop/backing_file</c>).</summary>
internal static class LoopDevices
{
    private const string Deleted = " (deleted)";

    /// <summary>A loop device that stands on the file or block device, by its path or by another one.</summary>
    public static FileHolder? Find(KernelRoots kernel, string path, in FileStatus status)
    {
        string blockDevices = $"{kernel.Sys}/block";
        if (!Directory.Exists(blockDevices))
        {
            return null;
        }

        foreach (string device in Directory.EnumerateDirectories(blockDevices, "loop*"))
        {
            if (Backing(device) is { } backing && (backing == path || IsAnotherPathOf(path, status, backing)))
            {
                return new FileHolder(FileHolderKind.LoopDevice, "/dev/" + Path.GetFileName(device));
            }
        }

        return null;
    }

    /// <summary>Whether a loop device stands on the file or block device.</summary>
    /// <param name="device">Path of what may be a loop device.</param>
    public static bool StandsOn(KernelRoots kernel, string device, string path, in FileStatus status) =>
        Backing($"{kernel.Sys}/block/{Path.GetFileName(device)}") is { } backing && (backing == path || IsAnotherPathOf(path, status, backing));

    private static string? Backing(string device)
    {
        string file = $"{device}/loop/backing_file";
        if (!File.Exists(file))
        {
            return null;
        }

        try
        {
            string backing = File.ReadAllText(file).TrimEnd('\n');
            return backing.EndsWith(Deleted, StringComparison.Ordinal) ? null : backing;
        }
        catch (IOException)
        {
            // The device let go of it meanwhile.
            return null;
        }
    }

    /// <summary>Asks only about files of the same name, as one seen through two mounts has: others may lie on storage that hangs.</summary>
    private static bool IsAnotherPathOf(string path, in FileStatus status, string backing) =>
        (status.Type == FileType.BlockDevice ? backing.StartsWith("/dev/", StringComparison.Ordinal) : Path.GetFileName(backing) == Path.GetFileName(path))
        && FileStatusCalls.Get(backing, out FileStatus other) == 0
        && status.IsSameAs(other);
}
