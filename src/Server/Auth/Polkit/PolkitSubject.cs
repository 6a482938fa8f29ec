namespace Cistern.Server.Auth.Polkit;

/// <summary>A process, in a way that its number's next owner cannot be taken for it.</summary>
/// <param name="StartTime">Field 22 of /proc/PID/stat.</param>
/// <param name="UserId">The user that it had when it connected.</param>
public readonly record struct PolkitSubject(int ProcessId, ulong StartTime, uint UserId)
{
    /// <summary>The process behind a unix socket; null when it is not known for certain.</summary>
    public static PolkitSubject? Of(ClientIdentity client) =>
        client is { Transport: TransportKind.Unix, ProcessId: { } process, ProcessStartTime: { } start, UserId: { } user }
            ? new PolkitSubject(process, start, user)
            : null;
}
