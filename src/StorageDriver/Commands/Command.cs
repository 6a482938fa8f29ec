using System.Collections.Immutable;

namespace Cistern.Storage.Commands;

/// <summary>A process to run, as a value. Secrets never stand in <see cref="Arguments"/>.</summary>
/// <param name="Tool">Name in the tool table (<see cref="HostTools"/>), for example <c>qemu-img</c>; never a path from a client.</param>
public sealed record Command(string Tool, ImmutableArray<string> Arguments)
{
    /// <summary>Longest run time; the process is killed after it. Null: no bound but the caller's cancellation.</summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>What the process reads from its standard input; it is held in memory, so that the process need not take all of it.</summary>
    public ReadOnlyMemory<byte> Input { get; init; }

    /// <summary>What the process writes to its standard output is no text.</summary>
    public bool PrintsData { get; init; }

    /// <summary>Run as this user and group instead of the server's; null: the server's.</summary>
    public (uint Uid, uint Gid)? RunAs { get; init; }

    /// <summary>Address space limit in bytes and CPU limit in seconds (prlimit); null: none.</summary>
    public (ulong AddressSpace, ulong CpuSeconds)? Limits { get; init; }
}
