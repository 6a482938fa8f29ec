namespace Cistern.Storage.Commands;

/// <summary>What a finished process left.</summary>
public sealed record CommandResult(int ExitCode, string Output, string Error);
