using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;

namespace Cistern.Storage.Backends.Zfs;

/// <summary>Names of datasets: those of pools may have several parts, those of volumes have one.</summary>
internal static class ZfsNames
{
    /// <summary>What tells a part, a snapshot and a bookmark from the name before it.</summary>
    private const string Marks = "/@#";

    /// <summary>The pool's dataset.</summary>
    /// <exception cref="StorageException">8/18: a tool would take it for something else.</exception>
    public static string Dataset(PoolDefinition pool)
    {
        string name = pool.Source.Name ?? pool.Name;
        return name.Length > 0 && name[0] is not ('-' or '/') && !name.AsSpan().ContainsAny("@#\t\n") ? name : throw StorageErrors.DatasetNameInvalid(name);
    }

    public static bool IsNested(string dataset) => dataset.Contains('/', StringComparison.Ordinal);

    public static string Zpool(string dataset) => dataset.Split('/')[0];

    public static string Volume(PoolDefinition pool, string name) => $"{Dataset(pool)}/{name}";

    /// <exception cref="StorageException">55/18: no volume can have this name.</exception>
    public static void CheckNew(string name)
    {
        if (name is "" or "." or ".." || name[0] == '-' || name.AsSpan().ContainsAny(Marks) || name.Any(char.IsControl))
        {
            throw StorageErrors.VolumeNameNotAFileName(name);
        }
    }

    /// <exception cref="StorageException">8/18: a tool would take it for an option.</exception>
    public static IEnumerable<string> Devices(PoolDefinition pool) =>
        pool.Source.Devices.Select(device => device.Path is { Length: > 0 } path && path[0] != '-' ? path : throw StorageErrors.DatasetNameInvalid(device.Path));
}
