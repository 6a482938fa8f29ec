using System.Globalization;
using Cistern.Server.Auth.DBus;

namespace Cistern.Server.Auth.Polkit;

/// <summary>polkitd, over the system bus (the interface org.freedesktop.PolicyKit1.Authority).</summary>
public sealed class PolkitAuthority : IPolkitAuthority, IDisposable
{
    private const string Service = "org.freedesktop.PolicyKit1";
    private const string Path = "/org/freedesktop/PolicyKit1/Authority";
    private const string Interface = "org.freedesktop.PolicyKit1.Authority";
    private const uint AllowUserInteraction = 1;

    private static readonly BusMethod CheckAuthorization = new(Service, Path, Interface, "CheckAuthorization");
    private static readonly BusMethod CancelCheck = new(Service, Path, Interface, "CancelCheckAuthorization");

    /// <summary>The limit of a decision that nobody has to think about.</summary>
    private static readonly TimeSpan DecisionLimit = TimeSpan.FromSeconds(30);

    /// <summary>The limit while a user may be looking for a password.</summary>
    private static readonly TimeSpan InteractionLimit = TimeSpan.FromMinutes(5);

    private readonly SystemBus _bus;
    private long _lastInteraction;

    /// <param name="clock">Measures time limits.</param>
    /// <exception cref="FileNotFoundException">libsystemd is not installed.</exception>
    public PolkitAuthority(TimeProvider clock) => _bus = new SystemBus(clock);

    public async Task<PolkitDecision> CheckAsync(
        PolkitSubject subject, string action, IReadOnlyCollection<KeyValuePair<string, string>> details, bool interactive, CancellationToken cancellation)
    {
        var id = interactive ? Interlocked.Increment(ref _lastInteraction).ToString(CultureInfo.InvariantCulture) : "";
        try
        {
            return await _bus.CallAsync(
                CheckAuthorization,
                message => Write(message, subject, action, details, id),
                Read,
                interactive ? InteractionLimit : DecisionLimit,
                cancellation).ConfigureAwait(false);
        }
        catch (Exception gaveUp) when (interactive && gaveUp is OperationCanceledException or BusException { Name: BusException.NoReply })
        {
            // Takes the question away from the user's screen.
            _ = CancelAsync(id);
            throw;
        }
    }

    public void Dispose() => _bus.Dispose();

    private static void Write(
        BusMessage message, PolkitSubject subject, string action, IReadOnlyCollection<KeyValuePair<string, string>> details, string cancellationId)
    {
        message.Open('r', "sa{sv}");
        message.Write("unix-process");
        message.Open('a', "{sv}");
        WriteEntry(message, "pid", "u", value => value.Write((uint)subject.ProcessId));
        WriteEntry(message, "start-time", "t", value => value.Write(subject.StartTime));
        WriteEntry(message, "uid", "i", value => value.Write((int)subject.UserId));
        message.Close();
        message.Close();
        message.Write(action);
        message.Open('a', "{ss}");
        foreach (var (name, value) in details)
        {
            message.Open('e', "ss");
            message.Write(name);
            message.Write(value);
            message.Close();
        }

        message.Close();
        message.Write(cancellationId.Length > 0 ? AllowUserInteraction : 0);
        message.Write(cancellationId);
    }

    private static void WriteEntry(BusMessage message, string name, string type, Action<BusMessage> write)
    {
        message.Open('e', "sv");
        message.Write(name);
        message.Open('v', type);
        write(message);
        message.Close();
        message.Close();
    }

    /// <summary>Whether it is authorized, whether it could be by authenticating, and details.</summary>
    private static PolkitDecision Read(BusMessage message)
    {
        message.Enter('r', "bba{ss}");
        var isAuthorized = message.ReadBoolean();
        var needsAuthentication = message.ReadBoolean();
        var isDismissed = false;
        message.Enter('a', "{ss}");
        while (message.Enter('e', "ss"))
        {
            isDismissed |= message.ReadString() == "polkit.dismissed" & message.ReadString() == "true";
            message.Exit();
        }

        return isAuthorized ? PolkitDecision.Authorized
            : isDismissed ? PolkitDecision.Dismissed
            : needsAuthentication ? PolkitDecision.NeedsAuthentication
            : PolkitDecision.Denied;
    }

    private async Task CancelAsync(string id)
    {
        try
        {
            await _bus.CallAsync(CancelCheck, message => message.Write(id), _ => 0, DecisionLimit, CancellationToken.None).ConfigureAwait(false);
        }
        catch (BusException)
        {
            // It was decided meanwhile.
        }
    }
}
