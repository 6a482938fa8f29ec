using Cistern.Storage.Backends;
using Cistern.Storage.Errors;

namespace Cistern.Storage.Commands;

/// <summary>The usual way to run a command: what it printed, or an error.</summary>
public static class CommandExtensions
{
    /// <summary>Runs the command on the host and returns what it wrote to its standard output.</summary>
    /// <exception cref="StorageException">1/0 with command line, exit status and standard error, when it did not exit with 0.</exception>
    public static async Task<string> RunAsync(this HostContext host, Command command, CancellationToken cancellation)
    {
        CommandResult result = await host.Commands.RunAsync(command, cancellation).ConfigureAwait(false);
        return result.ExitCode == 0
            ? result.Output
            : throw StorageErrors.CommandFailed(CommandLine.Describe(command, host.Tools), result);
    }
}
