using System.Collections.Immutable;
using Cistern.Storage.Commands;

namespace Cistern.Support;

/// <summary>Records the commands it is asked to run and answers as told; without an answer every command exits with 0 and says nothing.</summary>
public sealed class FakeCommandRunner : ICommandRunner
{
    private readonly Lock _lock = new();
    private ImmutableList<Command> _commands = [];

    /// <summary>What each command leaves; may create the files that the tool would.</summary>
    public Func<Command, CommandResult> Answer { get; set; } = _ => new CommandResult(0, "", "");

    /// <summary>The commands so far, in the order of being asked for.</summary>
    public IReadOnlyList<Command> Commands => _commands;

    /// <summary>The commands so far as lines, the tool's name first.</summary>
    public IReadOnlyList<string> Lines => [.. _commands.Select(command => string.Join(' ', command.Arguments.Prepend(command.Tool)))];

    public Task<CommandResult> RunAsync(Command command, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        lock (_lock)
        {
            _commands = _commands.Add(command);
        }

        return Task.FromResult(Answer(command));
    }
}
