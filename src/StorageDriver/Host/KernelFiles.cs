using System.Text;
using Cistern.Storage.Errors;
using Microsoft.Win32.SafeHandles;

namespace Cistern.Storage.Host;

/// <summary>The small files of sysfs(5), read and written whole. What they tell of may go at any time.</summary>
internal static class KernelFiles
{
    /// <summary>The text without its line break, blanks at either end kept; null when it cannot be read.</summary>
    public static string? ReadText(string path) => Read(path) is { } content ? Encoding.UTF8.GetString(content).TrimEnd('\n') : null;

    /// <summary>Null when it cannot be read.</summary>
    public static byte[]? Read(string path)
    {
        try
        {
            // Their length, as the file system tells it, says nothing of what they hold.
            using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
            using MemoryStream content = new();
            file.CopyTo(content);
            return content.ToArray();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>The names in a folder; none when it cannot be read.</summary>
    public static IEnumerable<string> Names(string folder)
    {
        try
        {
            return Directory.GetFileSystemEntries(folder).Select(path => Path.GetFileName(path)!);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    /// <summary>Writes a word to a file that is there; returns when the kernel has done what it means.</summary>
    /// <exception cref="StorageException">38/18.</exception>
    public static void Write(string path, string word)
    {
        SystemCall.Check(FileSystemCalls.Open(path, OpenFlags.WriteOnly, out SafeFileHandle? file), $"cannot open '{path}'");
        using (file)
        {
            SystemCall.Check(FileDataCalls.Write(file!, Encoding.UTF8.GetBytes(word), 0), $"cannot write '{word}' to '{path}'");
        }
    }
}
