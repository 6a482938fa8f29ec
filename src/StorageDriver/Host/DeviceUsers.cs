using System.Globalization;

namespace Cistern.Storage.Host;

/// <summary>Finds processes that have a block device open.</summary>
internal static class DeviceUsers
{
    /// <param name="status">Of the device's node.</param>
    /// <returns>The first one found; null when there is none that may be looked at.</returns>
    public static FileHolder? Find(KernelRoots kernel, in FileStatus status)
    {
        ulong device = status.DeviceNumber;
        foreach (string process in Directory.EnumerateDirectories(kernel.Proc))
        {
            if (int.TryParse(Path.GetFileName(process), NumberStyles.None, CultureInfo.InvariantCulture, out int id)
                && Descriptors(process).Any(descriptor => IsOf(descriptor, device)))
            {
                return new FileHolder(FileHolderKind.Process, Name(process), id);
            }
        }

        return null;
    }

    private static string[] Descriptors(string process)
    {
        try
        {
            return Directory.GetFiles($"{process}/fd");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // It ended meanwhile, or is not ours to look at.
            return [];
        }
    }

    /// <summary>Looks at what lies among the devices only: a file on storage that hangs would not answer.</summary>
    private static bool IsOf(string descriptor, ulong device) =>
        new FileInfo(descriptor).LinkTarget?.StartsWith("/dev/", StringComparison.Ordinal) == true
        && FileStatusCalls.Get(descriptor, out FileStatus status) == 0
        && status.Type == FileType.BlockDevice
        && status.DeviceNumber == device;

    private static string? Name(string process)
    {
        try
        {
            return File.ReadAllText($"{process}/comm").TrimEnd('\n');
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
