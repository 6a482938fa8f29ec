using System.Globalization;

namespace Cistern.Storage.Host;

/// <summary>The files that processes have open (<c>/proc/PID/fd</c>, proc(5)).</summary>
internal static class ProcessFiles
{
    /// <summary>A process that has a device open, by the path of its node or of a link to it; null when there is none that the server may look at.</summary>
    public static FileHolder? Find(KernelRoots kernel, string path)
    {
        path = File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path;
        foreach (string process in Directory.EnumerateDirectories(kernel.Proc))
        {
            if (int.TryParse(Path.GetFileName(process), CultureInfo.InvariantCulture, out int id) && HasOpen(process, path))
            {
                return new FileHolder(FileHolderKind.Process, Name(process), id);
            }
        }

        return null;
    }

    private static bool HasOpen(string process, string path)
    {
        try
        {
            return Directory.EnumerateFileSystemEntries($"{process}/fd").Any(descriptor => new FileInfo(descriptor).LinkTarget == path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // It ended meanwhile, or is not ours to look at.
            return false;
        }
    }

    private static string? Name(string process)
    {
        try
        {
            return File.ReadAllText($"{process}/comm").TrimEnd();
        }
        catch (IOException)
        {
            return null;
        }
    }
}
