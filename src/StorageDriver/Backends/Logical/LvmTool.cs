using Cistern.Storage.Commands;
using Cistern.Storage.Errors;

namespace Cistern.Storage.Backends.Logical;

/// <summary>Runs LVM's tools. One that was refused a lock has done nothing yet, and is run again a few times.</summary>
internal static class LvmTool
{
    private const int Attempts = 8;

    private static readonly TimeSpan FirstRest = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestRest = TimeSpan.FromSeconds(2);

    /// <summary>What LVM says of a lock of its own, or of lvmlockd's.</summary>
    private static readonly string[] Refusals = ["Can't get lock for", "flock failed", " lock failed"];

    /// <summary>What the tool printed.</summary>
    /// <exception cref="StorageException">1/0, with what the tool said.</exception>
    public static async Task<string> RunAsync(HostContext host, Command command, CancellationToken cancellation)
    {
        CommandResult result = await TryAsync(host, command, cancellation).ConfigureAwait(false);
        return result.ExitCode == 0 ? result.Output : throw Failed(host, command, result);
    }

    /// <summary>The result whatever it is, but for a lock that was given in the end.</summary>
    public static async Task<CommandResult> TryAsync(HostContext host, Command command, CancellationToken cancellation)
    {
        TimeSpan rest = FirstRest;
        for (int attempt = 1; ; attempt++)
        {
            CommandResult result = await host.Commands.RunAsync(command, cancellation).ConfigureAwait(false);
            if (result.ExitCode == 0 || attempt == Attempts || !Array.Exists(Refusals, text => result.Error.Contains(text, StringComparison.Ordinal)))
            {
                return result;
            }

            await Task.Delay(rest, cancellation).ConfigureAwait(false);
            rest = rest * 2 < LongestRest ? rest * 2 : LongestRest;
        }
    }

    public static StorageException Failed(HostContext host, Command command, CommandResult result) =>
        StorageErrors.CommandFailed(CommandLine.Describe(command, host.Tools), result);
}
