using System.Net;
using System.Net.Sockets;
using Cistern.Benchmarks.SideBySide.Wire;

namespace Cistern.Benchmarks.SideBySide.Daemons;

/// <summary>The host's libvirtd in session mode with nothing but its drivers of storage and secrets, as libvirtd(8) lets a user run it.</summary>
internal sealed class LibvirtDaemon : Daemon
{
    private const string Uri = "storage:///session";
    private static readonly string[] Drivers = ["libvirt_driver_storage.so", "libvirt_driver_secret.so"];
    private static readonly string[] DriverDirectories =
        ["/usr/lib/x86_64-linux-gnu/libvirt/connection-driver", "/usr/lib/aarch64-linux-gnu/libvirt/connection-driver", "/usr/lib64/libvirt/connection-driver"];

    private readonly string _configuration;
    private readonly int _port;

    public LibvirtDaemon(string name, string disk, string memory)
        : base(name, disk, memory)
    {
        _port = FreePort();
        _configuration = Path.Combine(Home, "libvirtd.conf");
        File.WriteAllText(_configuration, Configuration(_port));
        var links = MakeDirectory(Path.Combine(Home, "drivers"));
        foreach (var driver in Drivers)
        {
            var installed = DriverDirectories.Select(directory => Path.Combine(directory, driver)).FirstOrDefault(File.Exists)
                ?? throw new InvalidOperationException($"{driver} is not installed");
            File.CreateSymbolicLink(Path.Combine(links, driver), installed);
        }

        foreach (var folder in new[] { "config", "run", "data", "cache" })
        {
            MakeDirectory(Path.Combine(Home, folder));
        }
    }

    public override Endpoint Unix => Endpoint.Unix(Path.Combine(Home, "run", "libvirt", "libvirt-sock"), Uri);

    public override Endpoint Tcp => Endpoint.Tcp(_port, Uri);

    public override Endpoint Secrets => Unix with { Uri = "secret:///session" };

    public override Daemon Another(string name) => new LibvirtDaemon(Name, Disk + name, Memory + name);

    protected override IReadOnlyList<string> CommandLine() =>
        ["libvirtd", "--listen", "--config", _configuration, "--pid-file", Path.Combine(Home, "pid")];

    protected override IReadOnlyDictionary<string, string> Environment() => new Dictionary<string, string>
    {
        ["LIBVIRT_DRIVER_DIR"] = Path.Combine(Home, "drivers"),
        ["XDG_CONFIG_HOME"] = Path.Combine(Home, "config"),
        ["XDG_RUNTIME_DIR"] = Path.Combine(Home, "run"),
        ["XDG_DATA_HOME"] = Path.Combine(Home, "data"),
        ["XDG_CACHE_HOME"] = Path.Combine(Home, "cache"),
    };

    private static string Configuration(int port) => $"""
        listen_tls = 0
        listen_tcp = 1
        listen_addr = "127.0.0.1"
        tcp_port = "{port}"
        auth_tcp = "none"
        auth_unix_rw = "none"
        auth_unix_ro = "none"
        max_clients = 6000
        max_queued_clients = 6000
        max_anonymous_clients = 6000
        log_outputs = "4:stderr"
        """;

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
