using System.Net;

namespace Cistern.Server.Hosting;

/// <summary>
/// What the server says once it listens. The <c>listening</c> lines are for programs that wait for it, too: a URL each, then nothing else
/// on the line.
/// </summary>
internal sealed class StartReport(TextWriter output)
{
    private readonly List<string> _uris = [];

    public void Unix(string path)
    {
        Say($"listening unix:{path}");
        if (_uris.Count == 0)
        {
            _uris.Add($"qemu+unix:///system?socket={Uri.EscapeDataString(path).Replace("%2F", "/", StringComparison.Ordinal)}");
        }
    }

    /// <param name="actual">Where it listens.</param>
    /// <param name="wanted">Where it was to listen; port 0: anywhere.</param>
    public void Tcp(IPEndPoint actual, IPEndPoint wanted) => Network("tcp", actual, wanted);

    /// <inheritdoc cref="Tcp"/>
    public void Tls(IPEndPoint actual, IPEndPoint wanted) => Network("tls", actual, wanted);

    public void HowToConnect()
    {
        foreach (var uri in _uris)
        {
            Say($"try: virsh -c '{uri}' pool-list --all");
        }

        output.Flush();
    }

    private void Network(string transport, IPEndPoint actual, IPEndPoint wanted)
    {
        if (wanted.Port != 0 && wanted.Port != actual.Port)
        {
            Say($"port {wanted.Port} is taken, using {actual.Port} instead");
        }

        Say($"listening {transport}://{actual}");
        if (!actual.Address.Equals(IPAddress.Any) && !actual.Address.Equals(IPAddress.IPv6Any))
        {
            _uris.Add($"qemu+{transport}://{actual}/system");
        }
    }

    private void Say(string line) => output.WriteLine(line);
}
