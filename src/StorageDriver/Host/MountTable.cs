using System.Globalization;
using System.Text;

namespace Cistern.Storage.Host;

/// <summary>A mount that the server sees.</summary>
/// <param name="Id">The kernel's number of it.</param>
/// <param name="Device">The device by which the kernel knows the file system, <c>major:minor</c> in decimal; not always the one that it lies on.</param>
/// <param name="Source">What was mounted, as the file system tells it: mostly the path of a device.</param>
internal sealed record Mount(string Id, string Device, string Point, string Source);

/// <summary>The mounts that the server sees (<c>/proc/self/mountinfo</c>, proc(5)).</summary>
internal static class MountTable
{
    private const int Id = 0;
    private const int Device = 2;
    private const int MountPoint = 4;

    /// <summary>Ends the optional fields; type and source of the file system follow.</summary>
    private const string Separator = "-";

    /// <summary>A mount by its number; null when there is none.</summary>
    public static Mount? Find(KernelRoots kernel, ulong mountId)
    {
        string id = mountId.ToString(CultureInfo.InvariantCulture);
        return Find(kernel, fields => fields[Id] == id) is { } found ? Read(found) : null;
    }

    /// <summary>The mount that lies uppermost at a folder; null when there is none. Asks the kernel alone, never the storage.</summary>
    /// <param name="point">As <see cref="Mount.Point"/> has it.</param>
    public static Mount? FindTop(KernelRoots kernel, string point) =>
        Lines(kernel).LastOrDefault(fields => Unescape(fields[MountPoint]) == point) is { } found ? Read(found) : null;

    /// <summary>The device by which the kernel knows a mount's file system, <c>major:minor</c> in decimal; null when there is no such mount.</summary>
    public static string? FindDevice(KernelRoots kernel, ulong mountId)
    {
        string id = mountId.ToString(CultureInfo.InvariantCulture);
        return Find(kernel, fields => fields[Id] == id)?[Device];
    }

    /// <summary>Where a file system on a block device is mounted, as the kernel writes it; null when it is not.</summary>
    /// <param name="device"><c>major:minor</c> in decimal.</param>
    public static string? FindMountPoint(KernelRoots kernel, string device) => Find(kernel, fields => fields[Device] == device)?[MountPoint];

    private static string[]? Find(KernelRoots kernel, Func<string[], bool> matches) => Lines(kernel).FirstOrDefault(matches);

    private static IEnumerable<string[]> Lines(KernelRoots kernel)
    {
        string mounts = $"{kernel.Proc}/self/mountinfo";
        return File.Exists(mounts) ? File.ReadLines(mounts).Select(line => line.Split(' ')).Where(fields => fields.Length > MountPoint) : [];
    }

    private static Mount? Read(string[] fields) =>
        Array.IndexOf(fields, Separator) is > 0 and var end && end + 2 < fields.Length
            ? new Mount(fields[Id], fields[Device], Unescape(fields[MountPoint]), Unescape(fields[end + 2]))
            : null;

    /// <summary>The kernel writes blanks, line breaks and backslashes as <c>\ooo</c>, in octal; other bytes as they are.</summary>
    private static string Unescape(string field)
    {
        if (!field.Contains('\\', StringComparison.Ordinal))
        {
            return field;
        }

        StringBuilder plain = new(field.Length);
        for (int at = 0; at < field.Length; at++)
        {
            if (field[at] == '\\' && at + 3 < field.Length && field.AsSpan(at + 1, 3).IndexOfAnyExceptInRange('0', '7') < 0)
            {
                plain.Append((char)(((field[at + 1] - '0') << 6) | ((field[at + 2] - '0') << 3) | (field[at + 3] - '0')));
                at += 3;
            }
            else
            {
                plain.Append(field[at]);
            }
        }

        return plain.ToString();
    }
}
