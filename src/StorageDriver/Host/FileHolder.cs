namespace Cistern.Storage.Host;

/// <summary>What holds a file or block device on this host.</summary>
/// <param name="Name">The process's or device's name, or where it is mounted; null where it cannot be known.</param>
/// <param name="ProcessId">Of a lock; null where it cannot be known.</param>
internal sealed record FileHolder(FileHolderKind Kind, string? Name, int? ProcessId = null);

internal enum FileHolderKind
{
    Lock,
    LoopDevice,
    Device,
    Mount,

    /// <summary>A process that has it open, without a lock.</summary>
    Process,
}
