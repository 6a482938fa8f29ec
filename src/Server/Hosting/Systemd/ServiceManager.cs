using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;

namespace Cistern.Server.Hosting.Systemd;

/// <summary>The service manager that started the process, as sd_notify(3) describes it: told how the server is. Without one, all of it does nothing.</summary>
internal sealed class ServiceManager
{
    private const string SocketVariable = "NOTIFY_SOCKET";
    private const string WatchdogVariable = "WATCHDOG_USEC";
    private const string WatchdogProcessVariable = "WATCHDOG_PID";

    private readonly UnixDomainSocketEndPoint? _address;

    /// <param name="address">Of its socket; <c>@</c> begins an abstract one. Null: there is no manager.</param>
    public ServiceManager(string? address, TimeSpan? watchdog = null)
    {
        _address = address is ['/' or '@', _, ..] ? new UnixDomainSocketEndPoint(address[0] == '@' ? '\0' + address[1..] : address) : null;
        WatchdogInterval = watchdog;
    }

    /// <summary>Time without a sign of life after which the manager ends the server; null: it does not watch.</summary>
    public TimeSpan? WatchdogInterval { get; }

    /// <summary>The one that the environment names, which the children of this process shall not see.</summary>
    public static ServiceManager OfEnvironment()
    {
        var process = Environment.GetEnvironmentVariable(WatchdogProcessVariable);
        var isWatched = process is null || process == Environment.ProcessId.ToString(CultureInfo.InvariantCulture);
        TimeSpan? interval = isWatched
            && ulong.TryParse(Environment.GetEnvironmentVariable(WatchdogVariable), NumberStyles.None, CultureInfo.InvariantCulture, out var microseconds)
            && microseconds is > 0 and < uint.MaxValue
            ? TimeSpan.FromMicroseconds(microseconds) : null;
        var manager = new ServiceManager(Environment.GetEnvironmentVariable(SocketVariable), interval);
        foreach (var variable in (string[])[SocketVariable, WatchdogVariable, WatchdogProcessVariable])
        {
            Environment.SetEnvironmentVariable(variable, null);
        }

        return manager;
    }

    /// <summary>The server serves, perhaps anew.</summary>
    public void Ready() => Tell("READY=1\nSTATUS=Serving");

    /// <summary>The server reads its configuration again; <see cref="Ready"/> follows.</summary>
    public void Reloading()
    {
        // On Linux the stopwatch is CLOCK_MONOTONIC, which the manager compares with.
        var microseconds = Stopwatch.GetTimestamp() / (Stopwatch.Frequency / 1_000_000);
        Tell($"RELOADING=1\nMONOTONIC_USEC={microseconds.ToString(CultureInfo.InvariantCulture)}\nSTATUS=Reading the configuration again");
    }

    public void Stopping() => Tell("STOPPING=1\nSTATUS=Stopping");

    /// <summary>A sign of life.</summary>
    public void Alive() => Tell("WATCHDOG=1");

    /// <summary>A manager that cannot be reached is no reason to fail.</summary>
    private void Tell(string state)
    {
        if (_address is null)
        {
            return;
        }

        try
        {
            using var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
            socket.SendTo(System.Text.Encoding.UTF8.GetBytes(state), _address);
        }
        catch (SocketException)
        {
        }
    }
}
