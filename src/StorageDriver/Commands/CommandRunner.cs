using System.Collections.Immutable;
using System.Diagnostics;
using Cistern.Storage.Errors;
using Microsoft.Extensions.Logging;

namespace Cistern.Storage.Commands;

/// <summary>
/// Runs tools of the table as child processes: standard input what the command gives, C locale, nothing of the server's environment, a process group of their own
/// that is killed whole on cancellation and at the time limit. Each runs under one thread of its own, never one of the thread pool's.
/// </summary>
public sealed partial class CommandRunner(HostTools tools, ILogger<CommandRunner> logger) : ICommandRunner
{
    /// <summary>Bytes of standard output and error each; a tool that says more is killed.</summary>
    public const int OutputLimit = 64 * 1024 * 1024;

    public Task<CommandResult> RunAsync(Command command, CancellationToken cancellation)
    {
        ImmutableArray<string> line = CommandLine.Build(command, tools);
        return Task.Factory.StartNew(
            () => Run(command, line, cancellation),
            cancellation,
            TaskCreationOptions.LongRunning | TaskCreationOptions.DenyChildAttach,
            TaskScheduler.Default);
    }

    private CommandResult Run(Command command, ImmutableArray<string> line, CancellationToken cancellation)
    {
        string text = string.Join(' ', line);
        LogStarted(text);
        long started = Stopwatch.GetTimestamp();
        using ChildProcess child = ChildProcess.Start(line, command.Input);
        using CancellationTokenRegistration wake = cancellation.UnsafeRegister(static process => ((ChildProcess)process!).Interrupt(), child);
        ChildOutcome outcome = child.Collect(command.Timeout, OutputLimit);
        LogEnded(text, child.ExitCode, Stopwatch.GetElapsedTime(started).TotalMilliseconds);
        return outcome switch
        {
            ChildOutcome.Exited when command.PrintsData => new CommandResult(child.ExitCode, "", child.Error) { Data = child.Data },
            ChildOutcome.Exited => new CommandResult(child.ExitCode, child.Output, child.Error),
            ChildOutcome.TimedOut => throw StorageErrors.CommandTimedOut(CommandLine.Describe(command, tools), command.Timeout!.Value),
            ChildOutcome.SaidTooMuch => throw StorageErrors.CommandSaidTooMuch(CommandLine.Describe(command, tools), OutputLimit),
            _ => throw new OperationCanceledException(cancellation),
        };
    }

    [LoggerMessage(9001, LogLevel.Debug, "Starting {Command}")]
    private partial void LogStarted(string command);

    [LoggerMessage(9002, LogLevel.Debug, "{Command} ended with {ExitCode} after {Milliseconds:F0} ms")]
    private partial void LogEnded(string command, int exitCode, double milliseconds);
}
