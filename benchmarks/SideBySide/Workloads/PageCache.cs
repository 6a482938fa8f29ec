using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Cistern.Benchmarks.SideBySide.Workloads;

/// <summary>What the kernel keeps in memory of files.</summary>
internal static partial class PageCache
{
    private const int DontNeed = 4; // POSIX_FADV_DONTNEED

    /// <summary>Drops the contents of a directory's files, which are written to the disk first; names and attributes stay.</summary>
    public static void Drop(string directory)
    {
        Sync();
        foreach (var path in Directory.EnumerateFiles(directory))
        {
            using var file = File.OpenHandle(path);
            var error = Advise(file, 0, 0, DontNeed);
            if (error != 0)
            {
                throw new IOException($"posix_fadvise on {path} failed with error {error}");
            }
        }
    }

    [LibraryImport("libc", EntryPoint = "sync")]
    private static partial void Sync();

    [LibraryImport("libc", EntryPoint = "posix_fadvise")]
    private static partial int Advise(SafeFileHandle file, long offset, long length, int advice);
}
