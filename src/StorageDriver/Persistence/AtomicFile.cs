using Cistern.Storage.Host;

namespace Cistern.Storage.Persistence;

/// <summary>Whole-file writes that are either there after a crash or never happened: temporary file, fsync, rename, fsync of the folder.</summary>
internal static class AtomicFile
{
    private const string TemporaryPrefix = ".new-";
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private static int _last;

    /// <summary>Replaces or makes a file, mode 0600.</summary>
    public static void Write(string path, string text)
    {
        var folder = Path.GetDirectoryName(path)!;
        var temporary = TemporaryName(folder);
        try
        {
            using (var file = new FileStream(temporary, new FileStreamOptions
            {
                Mode = FileMode.CreateNew,
                Access = FileAccess.Write,
                BufferSize = 0,
                UnixCreateMode = OwnerOnly,
            }))
            {
                file.Write(System.Text.Encoding.UTF8.GetBytes(text));
                file.Flush(flushToDisk: true);
            }

            File.Move(temporary, path, overwrite: true);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }

        Synchronise(folder);
    }

    /// <summary>Replaces or makes a symbolic link.</summary>
    public static void Link(string path, string target)
    {
        var folder = Path.GetDirectoryName(path)!;
        var temporary = TemporaryName(folder);
        File.CreateSymbolicLink(temporary, target);
        File.Move(temporary, path, overwrite: true);
        Synchronise(folder);
    }

    /// <summary>Removes a file or link if it is there.</summary>
    public static void Delete(string path)
    {
        File.Delete(path);
        Synchronise(Path.GetDirectoryName(path)!);
    }

    /// <summary>Removes temporary files that a killed process left in a folder that only one process writes.</summary>
    public static void CleanUp(string folder)
    {
        foreach (var file in Directory.EnumerateFiles(folder, TemporaryPrefix + "*"))
        {
            File.Delete(file);
        }
    }

    private static string TemporaryName(string folder) =>
        Path.Combine(folder, $"{TemporaryPrefix}{Environment.ProcessId}-{Interlocked.Increment(ref _last)}");

    private static void Synchronise(string folder) =>
        SystemCall.Check(FileSystemCalls.SynchroniseFolder(folder), $"cannot synchronise folder '{folder}'");
}
