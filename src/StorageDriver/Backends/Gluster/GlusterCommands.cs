using Cistern.Storage.Commands;

namespace Cistern.Storage.Backends.Gluster;

/// <summary>The command lines of gluster's tool. No host in them begins with a dash.</summary>
public static class GlusterCommands
{
    public const string Tool = "gluster";

    /// <summary>The tool itself gives up after two minutes.</summary>
    private static readonly TimeSpan VolumesTimeout = TimeSpan.FromSeconds(130);

    /// <summary>Asks a server which volumes there are.</summary>
    public static Command Volumes(string host) =>
        new(Tool, ["--xml", "--log-file=/dev/null", "volume", "info", "all", $"--remote-host={host}"]) { Timeout = VolumesTimeout };
}
