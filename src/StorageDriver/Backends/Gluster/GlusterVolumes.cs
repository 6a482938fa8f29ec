using Cistern.Storage.Commands;
using Cistern.Storage.Xml;

namespace Cistern.Storage.Backends.Gluster;

/// <summary>The volumes of a gluster server.</summary>
internal static class GlusterVolumes
{
    /// <summary>Asks the server; none where the tool is not installed or the server does not answer.</summary>
    /// <exception cref="Errors.StorageException">35/18: the tool printed something else than its document.</exception>
    public static async Task<IReadOnlyList<string>> FindAsync(HostContext host, string server, CancellationToken cancellation)
    {
        if (host.Tools.Find(GlusterCommands.Tool) is null)
        {
            return [];
        }

        CommandResult result = await host.Commands.RunAsync(GlusterCommands.Volumes(server), cancellation).ConfigureAwait(false);
        return result.ExitCode == 0 ? Names(result.Output) : [];
    }

    /// <summary>The names in what the tool prints with <c>--xml</c>.</summary>
    internal static IReadOnlyList<string> Names(string output) =>
        [.. DocumentReader.Read(output, "cliOutput").All("volInfo/volumes/volume").Select(volume => volume.Text("name")).OfType<string>()];
}
