using Cistern.Storage.Backends.Files;

namespace Cistern.Storage.Backends.Rbd;

/// <summary>The names of images under construction. Those of a process that has ended are nobody's.</summary>
internal static class RbdPart
{
    private static readonly string Process = Guid.NewGuid().ToString("N")[..12];

    /// <param name="instance">Name of this host and instance.</param>
    public static string Name(string name, string instance) => FileNames.Part(name, instance, $"{Process}-{Guid.NewGuid().ToString("N")[..12]}");

    /// <summary>Whether an earlier process of this instance left it.</summary>
    public static bool IsLeft(string image, string instance) =>
        FileNames.IsPart(image) && image.Contains(FileNames.Mark(instance), StringComparison.Ordinal) && !image.Contains(Process, StringComparison.Ordinal);
}
