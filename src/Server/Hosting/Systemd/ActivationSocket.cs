using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Cistern.Server.Transport;

namespace Cistern.Server.Hosting.Systemd;

/// <summary>A listening socket that the service manager handed over (sd_listen_fds(3)).</summary>
/// <param name="Name">What the manager calls it: the name of the socket unit, unless that says otherwise.</param>
public sealed record ActivationSocket(string Name, Socket Socket)
{
    private const string CountVariable = "LISTEN_FDS";
    private const string ProcessVariable = "LISTEN_PID";
    private const string NamesVariable = "LISTEN_FDNAMES";
    private const int FirstDescriptor = 3;
    private const int MostDescriptors = 1000;

    /// <summary>Daemons whose socket units mean the same.</summary>
    private static readonly string[] Daemons = ["cisternd", "libvirtd", "virtstoraged"];

    private static readonly (string Suffix, SocketPurpose Purpose)[] Suffixes =
    [
        ("", SocketPurpose.Unix), ("-ro", SocketPurpose.UnixReadOnly), ("-admin", SocketPurpose.Admin), ("-tcp", SocketPurpose.Tcp), ("-tls", SocketPurpose.Tls),
    ];

    /// <summary>Whether the environment speaks of sockets for this process.</summary>
    public static bool AreThere => Environment.GetEnvironmentVariable(CountVariable) is not null
        && Environment.GetEnvironmentVariable(ProcessVariable) == Environment.ProcessId.ToString(CultureInfo.InvariantCulture);

    /// <summary>Those that the environment speaks of, which the children of this process shall not see.</summary>
    /// <exception cref="ArgumentException">One of them is not a listening stream socket; it is named.</exception>
    public static IReadOnlyList<ActivationSocket> TakeAll()
    {
        var (count, names) = (0, "");
        if (AreThere)
        {
            names = Environment.GetEnvironmentVariable(NamesVariable) ?? "";
            var text = Environment.GetEnvironmentVariable(CountVariable);
            if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out count) || count > MostDescriptors)
            {
                throw new ArgumentException($"{CountVariable} is '{text}', which is not a number of sockets");
            }
        }

        foreach (var variable in (string[])[CountVariable, ProcessVariable, NamesVariable])
        {
            Environment.SetEnvironmentVariable(variable, null);
        }

        var each = names.Split(':');
        return [.. Enumerable.Range(0, count).Select(index => Take(FirstDescriptor + index, index < each.Length ? each[index] : ""))];
    }

    /// <summary>What it is for: by its name where that says it, else by where it listens.</summary>
    /// <param name="network">The ports that are not libvirt's own.</param>
    /// <exception cref="ArgumentException">Neither says it, or they contradict each other.</exception>
    public SocketPurpose Purpose(NetworkOptions network) => PurposeOf(Name, Socket.LocalEndPoint, network);

    /// <inheritdoc cref="Purpose"/>
    internal static SocketPurpose PurposeOf(string name, EndPoint? address, NetworkOptions network)
    {
        var purpose = ByName(name.EndsWith(".socket", StringComparison.Ordinal) ? name[..^".socket".Length] : name) ?? address switch
        {
            IPEndPoint { Port: var port } when port == network.TcpPort || port == ServerOptions.StandardPort => SocketPurpose.Tcp,
            IPEndPoint { Port: var port } when port == network.TlsPort || port == ServerOptions.StandardTlsPort => SocketPurpose.Tls,
            UnixDomainSocketEndPoint unix => unix.ToString() switch
            {
                var path when path.EndsWith("-ro", StringComparison.Ordinal) => SocketPurpose.UnixReadOnly,
                var path when path.EndsWith("-admin", StringComparison.Ordinal) || path.EndsWith("-admin-sock", StringComparison.Ordinal) => SocketPurpose.Admin,
                var path when path.EndsWith("-sock", StringComparison.Ordinal) => SocketPurpose.Unix,
                _ => null,
            },
            _ => (SocketPurpose?)null,
        };
        return purpose is { } known && (known is SocketPurpose.Tcp or SocketPurpose.Tls) == (address is IPEndPoint)
            ? known
            : throw new ArgumentException(
                $"the socket '{name}' at {address} that was handed over is none of libvirt's: neither its name (cisternd.socket, cisternd-ro.socket, ...) nor its address says what it is for");
    }

    private static SocketPurpose? ByName(string name)
    {
        foreach (var daemon in Daemons)
        {
            foreach (var (suffix, purpose) in Suffixes)
            {
                if (name == daemon + suffix)
                {
                    return purpose;
                }
            }
        }

        return null;
    }

    private static unsafe ActivationSocket Take(int descriptor, string name)
    {
        const int StreamType = 1;
        using var handle = new SocketHandle(descriptor);
        try
        {
            if (Option(handle, LinuxSockets.SoType) != StreamType || Option(handle, LinuxSockets.SoAcceptConn) != 1)
            {
                throw new ArgumentException($"descriptor {descriptor} ('{name}') that was handed over is not a listening stream socket");
            }

            _ = LinuxSockets.ControlFile(handle, LinuxSockets.SetDescriptorFlags, LinuxSockets.CloseOnExec);
        }
        finally
        {
            handle.SetHandleAsInvalid();
        }

        return new(name, new Socket(new SafeSocketHandle(descriptor, ownsHandle: true)));

        static int Option(SafeHandle socket, int option)
        {
            int value, length = sizeof(int);
            return LinuxSockets.GetOption(socket, LinuxSockets.SolSocket, option, &value, &length) == 0 ? value : -1;
        }
    }
}
