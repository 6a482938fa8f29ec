namespace Cistern.Storage.Commands;

/// <summary>The only way in which a process is started.</summary>
public interface ICommandRunner
{
    /// <summary>Runs to the end and returns the result whatever the exit code.</summary>
    /// <exception cref="Errors.StorageException">The tool is not installed, could not be started, or ran out of its time (68/18).</exception>
    /// <exception cref="OperationCanceledException">The process was killed because <paramref name="cancellation"/> fired.</exception>
    Task<CommandResult> RunAsync(Command command, CancellationToken cancellation);
}
