using System.Globalization;

namespace Cistern.Storage.Host;

/// <summary>
/// Locks that processes hold on files, of all three kinds: POSIX, flock, and open file description (OFD), which is what QEMU takes on its images
/// (<c>/proc/locks</c>, proc(5)).
/// </summary>
internal static class FileLocks
{
    // A line: number, kind, advisory or mandatory, read or write, process id, MAJOR:MINOR:INODE, first byte, last byte.
    private const int Kind = 1;
    private const int Process = 4;
    private const int FileField = 5;

    /// <summary>Who holds a lock on the file. Locks of processes in a parent namespace are seen where the kernel tells of them.</summary>
    public static FileHolder? Find(KernelRoots kernel, in FileStatus status)
    {
        string text = Read($"{kernel.Proc}/locks") ?? "";
        string inode = string.Create(CultureInfo.InvariantCulture, $":{status.Inode} ");
        string? device = null;
        for (int at = text.IndexOf(inode, StringComparison.Ordinal); at >= 0; at = text.IndexOf(inode, at + 1, StringComparison.Ordinal))
        {
            string[] fields = Line(text, at).Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (fields is not [_, "POSIX" or "FLOCK" or "OFDLCK", _, _, _, _, ..])
            {
                continue;
            }

            device ??= FileSystemDevice(kernel, status);
            if (fields[FileField] == device + inode.TrimEnd() || fields[FileField] == Hexadecimal(status.Device) + inode.TrimEnd())
            {
                return Holder(kernel, fields);
            }
        }

        return null;
    }

    private static string Line(string text, int within)
    {
        int start = text.LastIndexOf('\n', within) + 1;
        int end = text.IndexOf('\n', within);
        return text[start..(end < 0 ? text.Length : end)];
    }

    /// <summary>As locks name it: where a file system gives files device numbers of their own (btrfs), by what it is mounted as.</summary>
    private static string FileSystemDevice(KernelRoots kernel, in FileStatus status) =>
        MountTable.FindDevice(kernel, status.MountId)?.Split(':') is [var major, var minor]
            ? Hexadecimal((ulong.Parse(major, CultureInfo.InvariantCulture) << 32) | ulong.Parse(minor, CultureInfo.InvariantCulture))
            : Hexadecimal(status.Device);

    private static string Hexadecimal(ulong device) => string.Create(CultureInfo.InvariantCulture, $"{device >> 32:x2}:{(uint)device:x2}");

    private static FileHolder Holder(KernelRoots kernel, string[] fields)
    {
        int id = int.Parse(fields[Process], CultureInfo.InvariantCulture);
        int? process = id > 0 ? id : FindOpener(kernel, fields[Kind], fields[FileField]);
        return new FileHolder(FileHolderKind.Lock, process is { } known ? Read($"{kernel.Proc}/{known}/comm")?.TrimEnd() : null, process);
    }

    /// <summary>An OFD lock belongs to an open file, not to a process: one that has that file open is looked for among all.</summary>
    private static int? FindOpener(KernelRoots kernel, string kind, string file)
    {
        foreach (string process in Directory.EnumerateDirectories(kernel.Proc))
        {
            if (int.TryParse(Path.GetFileName(process), NumberStyles.None, CultureInfo.InvariantCulture, out int id)
                && Descriptors(process).Any(descriptor => HoldsLock(descriptor, kind, file)))
            {
                return id;
            }
        }

        return null;
    }

    private static string[] Descriptors(string process)
    {
        try
        {
            return Directory.GetFiles($"{process}/fdinfo");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // It ended meanwhile, or is not ours to look at.
            return [];
        }
    }

    private static bool HoldsLock(string descriptor, string kind, string file) =>
        Read(descriptor)?.Split('\n').Any(line =>
            line.StartsWith("lock:", StringComparison.Ordinal)
            && line.Contains($" {kind} ", StringComparison.Ordinal)
            && line.Contains($" {file} ", StringComparison.Ordinal)) == true;

    private static string? Read(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
