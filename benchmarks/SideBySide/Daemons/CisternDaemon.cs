using System.Globalization;
using System.Text.RegularExpressions;
using Cistern.Benchmarks.SideBySide.Wire;

namespace Cistern.Benchmarks.SideBySide.Daemons;

/// <summary>A private cisternd from the given file: the published program, or a build's <c>cisternd.dll</c>.</summary>
internal sealed partial class CisternDaemon(string program, string name, string disk, string memory) : Daemon(name, disk, memory)
{
    private const string Uri = "storage:///system";

    public override Endpoint Unix => Endpoint.Unix(Path.Combine(Home, "sockets", "libvirt-sock"), Uri);

    public override Endpoint Tcp => Endpoint.Tcp(int.Parse(ListeningTcp().Match(Output()).Groups[1].Value, CultureInfo.InvariantCulture), Uri);

    public override Endpoint Secrets => Unix with { Uri = "qemu:///system" };

    public override Daemon Another(string name) => new CisternDaemon(program, Name, Disk + name, Memory + name);

    protected override IReadOnlyList<string> CommandLine()
    {
        string[] command = program.EndsWith(".dll", StringComparison.Ordinal) ? ["dotnet", program] : [program];
        return
        [
            .. command, "--root", MakeDirectory(Path.Combine(Home, "root")), "--tcp", "127.0.0.1:0",
            "--socket-dir", MakeDirectory(Path.Combine(Home, "sockets")), "--no-default-pool",
        ];
    }

    [GeneratedRegex(@"listening tcp://127\.0\.0\.1:(\d+)")]
    private static partial Regex ListeningTcp();
}
