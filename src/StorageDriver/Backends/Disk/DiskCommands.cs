using System.Globalization;
using Cistern.Storage.Commands;

namespace Cistern.Storage.Backends.Disk;

/// <summary>The command lines of disk pools. A device's path begins with a slash.</summary>
public static class DiskCommands
{
    /// <summary>A disk may have to spin up, and a bus to be waited for.</summary>
    private static readonly TimeSpan Timeout = TimeSpan.FromMinutes(2);

    /// <summary>
    /// Prints the shape of the disk and then label, partitions and free space, to be read by <see cref="PartedOutput"/>. As for libvirt, space behind
    /// the last whole cylinder of labels that count in cylinders is not free.
    /// </summary>
    public static Command Print(string device) =>
        Parted("--script", "--machine", "--align", "cylinder", device, "unit", "cyl", "print", "unit", "B", "print", "free");

    /// <summary>Writes an empty label, whatever is on the disk.</summary>
    /// <param name="label">As <see cref="DiskLabels.PartedName"/> names it.</param>
    public static Command MakeLabel(string device, string label) => Parted(device, "mklabel", "--script", label);

    /// <param name="type">parted's words for type and content, as one argument.</param>
    /// <param name="start">First byte.</param>
    /// <param name="end">Last byte.</param>
    public static Command MakePartition(string device, string type, ulong start, ulong end) =>
        Parted(device, "mkpart", "--script", type, Bytes(start), Bytes(end));

    public static Command RemovePartition(string device, int number) =>
        Parted(device, "rm", "--script", number.ToString(CultureInfo.InvariantCulture));

    private static string Bytes(ulong value) => string.Create(CultureInfo.InvariantCulture, $"{value}B");

    private static Command Parted(params ReadOnlySpan<string> arguments) => new("parted", [.. arguments]) { Timeout = Timeout };
}
