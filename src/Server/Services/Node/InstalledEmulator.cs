using System.Globalization;
using System.Text.RegularExpressions;
using Cistern.Storage.Commands;
using Cistern.Storage.Errors;

namespace Cistern.Server.Services.Node;

/// <summary>The QEMU of the host, asked for its version once, when the first client wants to know.</summary>
public sealed partial class InstalledEmulator(HostTools tools, ICommandRunner commands)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>The emulator of the host's own architecture.</summary>
    private static readonly string Tool = $"qemu-system-{HostDescription.NativeArchitecture}";

    private readonly Lock _lock = new();
    private Task<Emulator?>? _found;

    /// <summary>Null when none is installed or it does not say its version.</summary>
    public Task<Emulator?> FindAsync(CancellationToken cancellation)
    {
        lock (_lock)
        {
            // Not the first caller's cancellation: the answer is for all.
            return (_found ??= AskAsync()).WaitAsync(cancellation);
        }
    }

    /// <summary>The version in the first line that QEMU prints for <c>--version</c>, e.g. "QEMU emulator version 7.2.18 (…)"; null when there is none.</summary>
    public static ulong? ParseVersion(string output)
    {
        if (VersionPattern().Match(output) is not { Success: true } match)
        {
            return null;
        }

        ulong Part(int group) => match.Groups[group].Success ? ulong.Parse(match.Groups[group].Value, CultureInfo.InvariantCulture) : 0;
        return (Part(1) * 1_000_000) + (Part(2) * 1_000) + Part(3);
    }

    private async Task<Emulator?> AskAsync()
    {
        if (!HostTools.Table.Contains(Tool) || tools.Find(Tool) is not { } path)
        {
            return null;
        }

        try
        {
            var answer = await commands.RunAsync(new Command(Tool, ["--version"]) { Timeout = Patience }, CancellationToken.None).ConfigureAwait(false);
            return ParseVersion(answer.Output) is { } version ? new Emulator(path, version) : null;
        }
        catch (StorageException)
        {
            return null;
        }
    }

    [GeneratedRegex(@"version (\d{1,3})\.(\d{1,3})(?:\.(\d{1,3}))?", RegexOptions.CultureInvariant)]
    private static partial Regex VersionPattern();
}
