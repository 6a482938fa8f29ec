using Cistern.RemoteProtocol.Programs;
using Cistern.Server.Rpc;

namespace Cistern.Server.Auth.Access;

/// <summary>Delivers the events of one client that it may see, one after the other in the order of their coming.</summary>
/// <param name="client">Who gets them.</param>
/// <param name="right">What it needs on the event's object, at the time of delivery.</param>
internal sealed class CheckedEvents(AccessControl access, ClientConnection client, AccessRule right)
{
    /// <summary>Events that may wait for a decision; one more closes the client.</summary>
    private const int MaxUndecided = 1000;

    private readonly Lock _gate = new();
    private Task _last = Task.CompletedTask;
    private int _undecided;

    /// <summary>Never blocks.</summary>
    /// <param name="deliver">Sends the event; called later if at all.</param>
    public void Add(AccessTarget about, Action deliver)
    {
        if (Interlocked.Increment(ref _undecided) > MaxUndecided)
        {
            client.Abort();
            return;
        }

        lock (_gate)
        {
            _last = DeliverAsync(_last, about, deliver);
        }
    }

    private async Task DeliverAsync(Task before, AccessTarget about, Action deliver)
    {
        try
        {
            await before.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (await access.AllowsAsync(client, right, about, client.Closed).ConfigureAwait(false))
            {
                deliver();
            }
        }
        catch (OperationCanceledException)
        {
            // The client has gone.
        }
        finally
        {
            Interlocked.Decrement(ref _undecided);
        }
    }
}
