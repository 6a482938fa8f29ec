namespace Cistern.Storage.Commands;

/// <summary>What a finished process left.</summary>
/// <param name="ExitCode">The exit status, or the negated number of the signal that ended it.</param>
public sealed record CommandResult(int ExitCode, string Output, string Error);
