using Cistern.Storage.Commands;
using Cistern.Storage.Definitions;

namespace Cistern.Storage.Backends.Mounts;

/// <summary>What the command lines of pools that are mounted have in common.</summary>
internal static class MountCommands
{
    /// <summary>Stand before those of the document, which may take them back.</summary>
    private const string DefaultOptions = "nodev,nosuid,noexec";

    /// <summary>The value of <c>-o</c>.</summary>
    /// <param name="own">What the kind of source needs; null: nothing.</param>
    public static string Options(PoolDefinition pool, string? own = null) =>
        string.Join(',', [DefaultOptions, .. own is null ? Array.Empty<string>() : [own], .. pool.MountOptions]);

    /// <summary>Waits until everything is written back.</summary>
    public static Command Unmount(PoolDefinition pool, TimeSpan timeout) => new("umount", [pool.Target!.Path]) { Timeout = timeout };
}
