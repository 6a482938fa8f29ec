using System.Text;
using System.Text.Unicode;
using Cistern.Storage.Errors;

namespace Cistern.Storage.Backends.Files;

/// <summary>
/// Which names of files are names of volumes. Hidden are names that are not UTF-8 (neither the wire nor XML can carry them), names with control
/// characters other than tab and line ends, and files under construction. What a scan would hide cannot be created either.
/// </summary>
internal static class FileNames
{
    /// <summary>Longest name of a file on Linux.</summary>
    public const int MaxBytes = 255;

    private const string PartMark = ".cistern-";
    private const string PartEnd = ".part";

    /// <summary>Reads a directory entry's name; false when it is not that of a volume.</summary>
    public static bool TryRead(ReadOnlySpan<byte> entry, out string name)
    {
        name = "";
        return entry is not ([(byte)'.'] or [(byte)'.', (byte)'.']) && TryReadAny(entry, out name) && !IsPart(name);
    }

    /// <summary>Reads a name that need not be that of a file, nor of something whole; false when wire and XML cannot carry it.</summary>
    public static bool TryReadAny(ReadOnlySpan<byte> entry, out string name)
    {
        name = Utf8.IsValid(entry) ? Encoding.UTF8.GetString(entry) : "";
        return name.Length > 0 && !HasControlCharacters(name);
    }

    /// <summary>Writes the bytes of a name that an entry has, ended by a zero.</summary>
    /// <param name="entry">At least <see cref="MaxBytes"/> and one.</param>
    public static void Write(ReadOnlySpan<char> name, Span<byte> entry) => entry[Encoding.UTF8.GetBytes(name, entry)] = 0;

    /// <exception cref="StorageException">55/18: no volume can have this name.</exception>
    public static void CheckNew(string name)
    {
        if (name is "" or "." or ".." || name.AsSpan().ContainsAny('/', '\0') || HasControlCharacters(name) || IsPart(name))
        {
            throw StorageErrors.VolumeNameNotAFileName(name);
        }
    }

    /// <summary>True for a name that a file in the pool's folder may have, whether there is one or not.</summary>
    public static bool IsFileName(string name) => name is not ("" or "." or "..") && !name.AsSpan().ContainsAny('/', '\0');

    /// <summary>The name of a file under construction, next to what it will become.</summary>
    /// <param name="job">Tells apart the files that this instance is making.</param>
    public static string Part(string name, string instance, string job)
    {
        string part = $".{name}{Mark(instance)}{job}{PartEnd}";
        return Encoding.UTF8.GetByteCount(part) <= MaxBytes ? part : $"{Mark(instance)}{job}{PartEnd}";
    }

    /// <summary>What the names of all files have that this instance is making.</summary>
    public static string Mark(string instance) => $"{PartMark}{instance}-";

    /// <summary>Whether it is the name of a file under construction.</summary>
    public static bool IsPart(string name) =>
        name.StartsWith('.') && name.EndsWith(PartEnd, StringComparison.Ordinal) && name.Contains(PartMark, StringComparison.Ordinal);

    /// <summary>Whether it has characters that XML cannot carry.</summary>
    public static bool HasControlCharacters(string name)
    {
        ReadOnlySpan<char> rest = name;
        for (int i; (i = rest.IndexOfAnyInRange('\0', '\x1F')) >= 0; rest = rest[(i + 1)..])
        {
            if (rest[i] is not ('\t' or '\n' or '\r'))
            {
                return true;
            }
        }

        return false;
    }
}
