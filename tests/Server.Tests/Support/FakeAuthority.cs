using Cistern.Server.Auth.DBus;
using Cistern.Server.Auth.Polkit;

namespace Cistern.Server.Tests.Support;

/// <summary>Answers what it is told to, and keeps what it was asked.</summary>
internal sealed class FakeAuthority : IPolkitAuthority
{
    public PolkitDecision Decision { get; set; } = PolkitDecision.Authorized;

    public BusException? Failure { get; set; }

    /// <summary>Process, action, details and whether the user may be asked.</summary>
    public List<string> Asked { get; } = [];

    public Task<PolkitDecision> CheckAsync(
        PolkitSubject subject, string action, IReadOnlyCollection<KeyValuePair<string, string>> details, bool interactive, CancellationToken cancellation)
    {
        lock (Asked)
        {
            Asked.Add($"{subject.ProcessId}@{subject.StartTime} of {subject.UserId}: {action} "
                + $"{string.Join(' ', details.Select(detail => $"{detail.Key}={detail.Value}"))}{(interactive ? "interactive" : "")}");
        }

        return Failure is null ? Task.FromResult(Decision) : Task.FromException<PolkitDecision>(Failure);
    }
}
