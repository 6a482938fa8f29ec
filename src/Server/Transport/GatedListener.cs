using Cistern.Server.Auth;

namespace Cistern.Server.Transport;

/// <summary>Lets in some of those who come to another listener; the others are closed unheard.</summary>
internal sealed class GatedListener(ITransportListener inner, Func<ClientIdentity, bool> admits) : ITransportListener
{
    public string Address => inner.Address;

    public bool ShakesHands => inner.ShakesHands;

    public async ValueTask<ITransportConnection?> AcceptAsync()
    {
        while (await inner.AcceptAsync().ConfigureAwait(false) is { } connection)
        {
            if (admits(connection.Peer))
            {
                return connection;
            }

            await connection.DisposeAsync().ConfigureAwait(false);
        }

        return null;
    }

    public void Close() => inner.Close();

    public ValueTask DisposeAsync() => inner.DisposeAsync();
}
