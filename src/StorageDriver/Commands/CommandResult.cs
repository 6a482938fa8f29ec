namespace Cistern.Storage.Commands;

/// <summary>What a finished process left.</summary>
/// <param name="ExitCode">The exit status, or the negated number of the signal that ended it.</param>
/// <param name="Output">Its standard output as text; empty where <see cref="Data"/> has it.</param>
public sealed record CommandResult(int ExitCode, string Output, string Error)
{
    /// <summary>Its standard output as bytes, where <see cref="Command.PrintsData"/>.</summary>
    public ReadOnlyMemory<byte> Data { get; init; }
}
