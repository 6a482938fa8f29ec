using System.Globalization;
using Cistern.Storage.Errors;

namespace Cistern.Storage.Backends.Disk;

/// <summary>
/// Reads what <see cref="DiskCommands.Print"/> prints, parted's form for machines: first in cylinders, with the shape of the disk, then in bytes, with
/// the free space.
/// </summary>
public static class PartedOutput
{
    /// <summary>What parted says of a disk without a label that it knows.</summary>
    public const string NoLabel = "unrecognised disk label";

    private const string InCylinders = "CYL;";
    private const string InBytes = "BYT;";

    // The line of the shape: cylinders, heads, sectors, size.
    private const int Heads = 1;
    private const int Sectors = 2;

    // The line of the disk: path, then these behind the size, then model and flags. Path and model may have colons.
    private const int SectorSize = 2;
    private const int PhysicalSectorSize = 3;
    private const int Label = 4;

    // The line of a partition: number, start, end, size, file system, name, flags. Free space has four fields and a word.
    private const int Number = 0;
    private const int Start = 1;
    private const int End = 2;
    private const int FreeFields = 5;
    private const int PartitionFields = 7;

    /// <exception cref="StorageException">1/18: the output is none of parted's.</exception>
    public static PartitionTable Parse(string output)
    {
        string[] lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        int cylinders = Array.IndexOf(lines, InCylinders);
        int bytes = Array.IndexOf(lines, InBytes);
        if (cylinders < 0 || bytes < cylinders + 3 || bytes + 1 >= lines.Length)
        {
            throw StorageErrors.ToolNotUnderstood("parted", output);
        }

        ulong sectors = ParseShape(lines[cylinders + 2]);
        var (label, sectorSize) = ParseDisk(lines[bytes + 1]);
        Range[] ranges = [.. lines.Skip(bytes + 2).Select(line => ParseRange(line) ?? throw StorageErrors.ToolNotUnderstood("parted", line))];
        Range? extended = Array.Find(ranges, range => Array.Exists(ranges, range.Holds));
        return new PartitionTable(
            label,
            sectorSize,
            sectors * sectorSize,
            [.. ranges.Where(range => range.Number > 0).Select(range => new Partition(range.Number, RoleOf(range, extended), range.Start, range.End))],
            [.. ranges.Where(range => range.Number == 0).Select(range => new FreeSpace(extended?.Holds(range) ?? false, range.Start, range.End))]);
    }

    /// <summary>Sectors of a cylinder.</summary>
    private static ulong ParseShape(string line)
    {
        string[] fields = line.Split(':');
        return fields.Length > Sectors
            && uint.TryParse(fields[Heads], CultureInfo.InvariantCulture, out uint heads)
            && uint.TryParse(fields[Sectors], CultureInfo.InvariantCulture, out uint sectors)
            && heads > 0
            && sectors > 0
                ? (ulong)heads * sectors
                : throw StorageErrors.ToolNotUnderstood("parted", line);
    }

    private static (string Label, ulong SectorSize) ParseDisk(string line)
    {
        string[] fields = line.TrimEnd(';').Split(':');
        for (int size = 1; size + Label < fields.Length; size++)
        {
            if (TryParseBytes(fields[size], out _)
                && ulong.TryParse(fields[size + SectorSize], CultureInfo.InvariantCulture, out ulong sectorSize)
                && ulong.TryParse(fields[size + PhysicalSectorSize], CultureInfo.InvariantCulture, out _))
            {
                return (fields[size + Label], sectorSize);
            }
        }

        throw StorageErrors.ToolNotUnderstood("parted", line);
    }

    /// <summary>parted does not tell machines what a partition is, but the extended one is the one in which others lie.</summary>
    private static PartitionRole RoleOf(Range range, Range? extended) =>
        range == extended ? PartitionRole.Extended : extended?.Holds(range) ?? false ? PartitionRole.Logical : PartitionRole.Primary;

    private static Range? ParseRange(string line)
    {
        string[] fields = line.TrimEnd(';').Split(':');
        bool isFree = fields.Length == FreeFields && fields[^1] == "free";
        return (isFree || fields.Length >= PartitionFields)
            && int.TryParse(fields[Number], CultureInfo.InvariantCulture, out int number)
            && TryParseBytes(fields[Start], out ulong start)
            && TryParseBytes(fields[End], out ulong last)
            && last >= start
                ? new Range(isFree ? 0 : number, start, last + 1)
                : null;
    }

    private static bool TryParseBytes(string field, out ulong bytes)
    {
        bytes = 0;
        return field.EndsWith('B') && ulong.TryParse(field.AsSpan(0, field.Length - 1), CultureInfo.InvariantCulture, out bytes);
    }

    /// <param name="Number">0: free.</param>
    private sealed record Range(int Number, ulong Start, ulong End)
    {
        public bool Holds(Range other) => Number > 0 && !ReferenceEquals(this, other) && Start <= other.Start && other.End <= End;
    }
}
