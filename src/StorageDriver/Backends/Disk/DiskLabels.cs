using System.Collections.Immutable;

namespace Cistern.Storage.Backends.Disk;

/// <summary>The kinds of label that a disk may have.</summary>
public static class DiskLabels
{
    public const string Unknown = "unknown";
    public const string Dos = "dos";

    public static ImmutableArray<string> All { get; } = [Unknown, Dos, "dvh", "gpt", "mac", "bsd", "pc98", "sun", "lvm2"];

    /// <summary>The label of a pool: where the document does not say, <see cref="Dos"/>.</summary>
    public static string Of(string? format) => format is null or Unknown ? Dos : format;

    /// <summary>parted's word.</summary>
    public static string PartedName(string label) => label == Dos ? "msdos" : label;

    /// <summary>libblkid does not know the label, or mistakes it for another one.</summary>
    public static bool IsPartedsAlone(string label) => label is "dvh" or "pc98" or "bsd";

    /// <summary>parted takes only the kind of content for a new partition, no type and no name.</summary>
    /// <param name="label">parted's word.</param>
    public static bool HaveNoTypes(string label) => label is "bsd" or "sun";

    /// <summary>parted makes partitions of whole cylinders only.</summary>
    /// <param name="label">parted's word.</param>
    public static bool TakeCylinders(string label) => label is "sun" or "pc98";
}
