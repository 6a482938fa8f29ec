using System.Globalization;
using System.Net;
using Cistern.Server.Auth;
using Microsoft.Extensions.Logging;

namespace Cistern.Server.Hosting;

/// <summary>What the command line asks for: options to run with, or a message and the exit code to end with.</summary>
/// <param name="ChecksOnly">The configuration is to be checked, and nothing started.</param>
/// <param name="Detaches">The server is to run in the background.</param>
public sealed record CommandLineRequest(ServerOptions? Options, string? Message = null, int ExitCode = 0, bool ChecksOnly = false, bool Detaches = false);

/// <summary>Parser of <c>cisternd</c>'s arguments. A handful of options does not pay for a library in the start-up time and the size of the file.</summary>
public static class CommandLine
{
    public const string Usage = """
        Usage: cisternd [options]

        Serves storage pools and volumes to libvirt clients.
        Without --root the instance is the user's own: folders by the XDG specification, a default pool, TCP on 127.0.0.1:16509.

        Options:
          --system             serve the host: libvirt's own folders and sockets, polkit asked about clients
          --session            serve the user where libvirt's clients look for a session's sockets
          --root DIR           keep configuration, state and sockets below DIR; listen on TCP only when --tcp is given
          -f, --config FILE    configuration file (default: cisternd.conf in the configuration folder, if it is there)
          --tcp HOST:PORT      listen there (without SASL: loopback only; port 0: any free port)
          --tls HOST:PORT      listen there for TLS
          -l, --listen         listen as listen_tcp and listen_tls of the configuration file say
          --socket-dir DIR     folder of libvirt-sock and libvirt-sock-ro
          --socket-prefix NAME name the sockets NAME-sock and NAME-sock-ro (default: libvirt; storage alone: virtstoraged)
          --no-default-pool    do not make the default pool at the first start
          -d, --daemon         run in the background, once it listens
          -p, --pid-file FILE  write the process id there, and refuse to start while another server holds the file
          -t, --timeout SECONDS
                               exit after so long without clients and work
          --check-config       say what is wrong in the configuration and what it names, and start nothing
          --log-level LEVEL    trace, debug, information, warning, error, critical or none (default: information)
          -v, --verbose        the same as --log-level debug
          -V, --version        print the version and exit
          -h, --help           print this text and exit
        """;

    private const int BadArguments = 2;

    /// <summary>What a timer can wait, and more than anybody means.</summary>
    private const int MostSeconds = 4_000_000;

    /// <param name="environment">Looks an environment variable up; null when unset.</param>
    public static CommandLineRequest Parse(IReadOnlyList<string> arguments, Func<string, string?> environment)
    {
        try
        {
            return ParseOptions(arguments, environment);
        }
        catch (FormatException bad)
        {
            return new(null, $"cisternd: {bad.Message}\nTry 'cisternd --help'.", BadArguments);
        }
    }

    private static CommandLineRequest ParseOptions(IReadOnlyList<string> arguments, Func<string, string?> environment)
    {
        string? root = null, sockets = null, configuration = null, prefix = null, place = null, pidFile = null;
        IPEndPoint? tcp = null, tls = null;
        var level = LogLevel.Information;
        TimeSpan? idleTimeout = null;
        bool defaultPool = true, listens = false, detaches = false, checks = false;
        var words = new Words(arguments);
        while (words.Next() is { } option)
        {
            switch (option)
            {
                case "--help" or "-h": return new(null, Usage);
                case "--version" or "-V": return new(null, $"cisternd {ServerVersion.Text}");
                case "--no-default-pool": defaultPool = false; break;
                case "--system" or "--session": place = option; break;
                case "--socket-prefix": prefix = Prefix(words.Value(option)); break;
                case "--root": root = words.Value(option); break;
                case "--config" or "-f": configuration = Path.GetFullPath(words.Value(option)); break;
                case "--socket-dir": sockets = words.Value(option); break;
                case "--tcp": tcp = Endpoint(option, words.Value(option)); break;
                case "--tls": tls = Endpoint(option, words.Value(option)); break;
                case "--listen" or "-l": listens = true; break;
                case "--daemon" or "-d": detaches = true; break;
                case "--pid-file" or "-p": pidFile = Path.GetFullPath(words.Value(option)); break;
                case "--timeout" or "-t": idleTimeout = Seconds(option, words.Value(option)); break;
                case "--check-config": checks = true; break;
                case "--log-level": level = Level(words.Value(option)); break;
                case "--verbose" or "-v": level = LogLevel.Debug; break;
                default: throw new FormatException($"unknown argument '{option}'");
            }

            words.RefuseUnusedValue(option);
        }

        if (place is not null && root is not null)
        {
            throw new FormatException($"{place} and --root exclude each other");
        }

        var folders = place switch
        {
            "--system" => InstanceFolders.System,
            "--session" => InstanceFolders.Session(environment),
            _ => root is null ? InstanceFolders.OfUser(environment) : InstanceFolders.Below(root),
        };
        var isOwn = root is null && place is null;
        var unixScheme = place == "--system" ? AuthScheme.Polkit : AuthScheme.None;
        return new(new ServerOptions
        {
            Folders = folders with
            {
                Sockets = sockets is null ? folders.Sockets : Path.GetFullPath(sockets),
                SocketPrefix = prefix ?? folders.SocketPrefix,
            },
            Auth = new AuthOptions { UnixReadWrite = unixScheme, UnixReadOnly = unixScheme },
            ConfigurationFile = configuration,
            Tcp = tcp ?? (isOwn && !listens ? new IPEndPoint(IPAddress.Loopback, ServerOptions.StandardPort) : null),
            Tls = tls,
            ListensAsConfigured = listens,
            AnyPortWhenTaken = tcp is null && tls is null && !listens,
            DefaultPool = defaultPool && isOwn,
            LogLevel = level,
            PidFile = pidFile,
            IdleTimeout = idleTimeout,
        }, ChecksOnly: checks, Detaches: detaches);
    }

    private static string Prefix(string text) => text.Contains('/', StringComparison.Ordinal)
        ? throw new FormatException($"--socket-prefix '{text}' is part of a file's name")
        : text;

    private static TimeSpan Seconds(string option, string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) && seconds > 0 && seconds <= MostSeconds
            ? TimeSpan.FromSeconds(seconds)
            : throw new FormatException($"{option} '{text}' is not a number of seconds from 1 to {MostSeconds}");

    private static IPEndPoint Endpoint(string option, string text)
    {
        var colon = text.LastIndexOf(':');
        var host = colon < 0 ? "" : text[..colon];
        if (colon < 0 || !ushort.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port))
        {
            throw new FormatException($"{option} '{text}' is not HOST:PORT");
        }

        var address = host == "localhost" ? IPAddress.Loopback
            : IPAddress.TryParse(host.StartsWith('[') && host.EndsWith(']') ? host[1..^1] : host, out var parsed) ? parsed
            : throw new FormatException($"{option} '{text}': '{host}' is not an IP address");
        return new IPEndPoint(address, port);
    }

    // Enum.TryParse would take numbers too.
    private static LogLevel Level(string text) => text.ToLowerInvariant() switch
    {
        "trace" => LogLevel.Trace,
        "debug" => LogLevel.Debug,
        "information" or "info" => LogLevel.Information,
        "warning" => LogLevel.Warning,
        "error" => LogLevel.Error,
        "critical" => LogLevel.Critical,
        "none" => LogLevel.None,
        _ => throw new FormatException($"--log-level '{text}' is none of trace, debug, information, warning, error, critical, none"),
    };

    /// <summary>The arguments one by one; <c>--name=value</c> is the same as <c>--name value</c>.</summary>
    private sealed class Words(IReadOnlyList<string> arguments)
    {
        private int _next;
        private string? _attached;

        public string? Next()
        {
            if (_next == arguments.Count)
            {
                return null;
            }

            var word = arguments[_next++];
            var equals = word.StartsWith("--", StringComparison.Ordinal) ? word.IndexOf('=', StringComparison.Ordinal) : -1;
            _attached = equals < 0 ? null : word[(equals + 1)..];
            return equals < 0 ? word : word[..equals];
        }

        public string Value(string option)
        {
            var value = _attached ?? (_next < arguments.Count ? arguments[_next++] : "");
            _attached = null;
            return value.Length > 0 ? value : throw new FormatException($"{option} needs a value");
        }

        public void RefuseUnusedValue(string option)
        {
            if (_attached is not null)
            {
                throw new FormatException($"{option} takes no value");
            }
        }
    }
}
