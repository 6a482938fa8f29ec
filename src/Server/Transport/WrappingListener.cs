namespace Cistern.Server.Transport;

/// <summary>Lays something over each connection of another listener.</summary>
internal sealed class WrappingListener(ITransportListener inner, Func<ITransportConnection, ITransportConnection> wrap, bool shakesHands = false) : ITransportListener
{
    public string Address => inner.Address;

    public bool ShakesHands => shakesHands;

    public async ValueTask<ITransportConnection?> AcceptAsync() => await inner.AcceptAsync().ConfigureAwait(false) is { } connection ? wrap(connection) : null;

    public void Close() => inner.Close();

    public ValueTask DisposeAsync() => inner.DisposeAsync();
}
