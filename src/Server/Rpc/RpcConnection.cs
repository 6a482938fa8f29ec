using Cistern.RemoteProtocol.Framing;
using Cistern.RemoteProtocol.KeepAlive;
using Cistern.RemoteProtocol.Remote;
using Cistern.RemoteProtocol.Xdr;
using Cistern.Server.Auth;
using Cistern.Server.Transport;
using Microsoft.Extensions.Logging;

namespace Cistern.Server.Rpc;

/// <summary>One client's connection: what belongs to the client, from its first message to its end.</summary>
internal sealed class RpcConnection
{
    /// <summary>The serial of events, as libvirtd sends them.</summary>
    private const uint EventSerial = 1;

    private readonly ITransportConnection _transport;
    private readonly RpcOptions _options;
    private readonly MessageReader _reader;
    private int _quietTicks;
    private volatile bool _finishCalls;

    public RpcConnection(RpcServer server, ITransportConnection transport, long id, AuthScheme scheme)
    {
        Server = server;
        _transport = transport;
        _options = server.Options;
        Client = new ClientConnection(this, id, transport.Peer, scheme, shakesHands: transport is IHandshakingConnection);
        Output = new OutputQueue(transport);
        Streams = new StreamTable(_options.MaxClientStreams);
        Calls = new CallLimiter(_options.MaxClientRequests);
        _reader = new MessageReader(this, transport, _options);
    }

    public RpcServer Server { get; }

    public RpcDispatcher Dispatcher => Server.Dispatcher;

    public ILogger Log => Server.Log;

    public ClientConnection Client { get; }

    public OutputQueue Output { get; }

    public StreamTable Streams { get; }

    public CallLimiter Calls { get; }

    /// <summary>Serves the client until either side ends the connection.</summary>
    public async Task RunAsync()
    {
        var deadline = Client.IsAuthenticated ? null
            : Server.Time.CreateTimer(static self => ((RpcConnection)self!).GiveUpUnauthenticated(), this, _options.AuthenticationTimeout, Timeout.InfiniteTimeSpan);
        try
        {
            if (await ShakeHandsAsync().ConfigureAwait(false))
            {
                await _reader.RunAsync().ConfigureAwait(false);
            }
        }
        catch (MessageFramingException exception)
        {
            Log.ProtocolBroken(Client.Id, exception.Message);
        }
        catch (Exception exception)
        {
            Log.ConnectionFailed(exception, Client.Id);
        }
        finally
        {
            deadline?.Dispose();
        }

        if (_finishCalls)
        {
            await FinishCallsAsync().ConfigureAwait(false);
        }

        if (_reader.IsStopped)
        {
            await Output.WhenAtMostAsync(0).ConfigureAwait(false);
        }

        await EndAsync().ConfigureAwait(false);
    }

    /// <inheritdoc cref="ITransportConnection.TakesPipes"/>
    public bool TakesPipes => _transport.TakesPipes;

    /// <summary>The message at the head of the input may be taken now.</summary>
    public void Unblock() => _reader.Unblock();

    /// <summary>A write that was given up may still read the client's data one day: the memory that holds them is not used again.</summary>
    public void RetainInput() => _transport.RetainInput();

    /// <summary>Takes no more from the client; what waits to be sent is still sent.</summary>
    public void StopReading() => _reader.Stop();

    /// <summary>Something came from the client.</summary>
    public void Heard() => Volatile.Write(ref _quietTicks, 0);

    /// <summary>As <see cref="StopReading"/>, and the calls that are running are still answered. Whoever has not authenticated has none worth waiting for.</summary>
    public void FinishAndClose()
    {
        if (!Client.IsAuthenticated)
        {
            Abort();
            return;
        }

        _finishCalls = true;
        StopReading();
    }

    /// <summary>Ends the connection at once.</summary>
    public void Abort()
    {
        _finishCalls = false;
        Output.Close();
        _transport.Abort();
        _reader.Abort();
    }

    public void SendEvent<T>(RemoteProcedure procedure, in T body, object? mergeKey)
        where T : IXdrCodec<T>
    {
        var header = new MessageHeader(RemoteProgram.Number, RemoteProgram.Version, (int)procedure, MessageType.Message, EventSerial, MessageStatus.Ok);
        if (Output.TryEnqueueEvent(header, body, _options.MaxQueuedEvents, mergeKey))
        {
            Output.Flush();
            return;
        }

        Log.EventsOverflowed(Client.Id, _options.MaxQueuedEvents);
        Output.Close();
        _transport.Abort();
    }

    /// <summary>Another second has passed; asks for a sign of life every <paramref name="interval"/> quiet ones, and gives up after <paramref name="count"/> questions.</summary>
    public void OnQuietTick(int interval, int count)
    {
        if (_reader.IsPaused)
        {
            Heard();
            return;
        }

        // The first tick may come right after a packet: it does not make a whole second.
        var quiet = Interlocked.Increment(ref _quietTicks) - 1;
        if (quiet == 0 || quiet % interval != 0)
        {
            return;
        }

        if (quiet / interval <= count)
        {
            Output.Write(KeepAlive.Message(KeepAliveProcedure.Ping), default(XdrVoid));
            return;
        }

        Log.KeepAliveFailed(Client.Id, count);
        Output.Close();
        _transport.Abort();
    }

    private async ValueTask<bool> ShakeHandsAsync()
    {
        if (_transport is not IHandshakingConnection connection)
        {
            return true;
        }

        var isDone = await connection.HandshakeAsync().ConfigureAwait(false);
        Client.Identity = connection.Peer;
        if (isDone && Client.AuthScheme == AuthScheme.None)
        {
            Client.CompleteAuthentication();
        }

        return isDone;
    }

    private void GiveUpUnauthenticated()
    {
        if (!Client.IsAuthenticated)
        {
            Log.AuthenticationTimedOut(Client.Id, Client.Identity.Address, _options.AuthenticationTimeout);
            Abort();
        }
    }

    private async Task FinishCallsAsync()
    {
        while (true)
        {
            Calls.AwaitExit();
            if (!_finishCalls || Calls.Running == 0)
            {
                return;
            }

            await _reader.WhenUnblockedAsync().ConfigureAwait(false);
        }
    }

    private async Task EndAsync()
    {
        Server.KeepAlive.Remove(this);
        Streams.Close();
        try
        {
            await Client.EndAsync().ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            Log.DetachFailed(exception, Client.Id);
        }

        Output.Close();
        await _reader.ReleaseAsync().ConfigureAwait(false);
        await _transport.DisposeAsync().ConfigureAwait(false);
        Log.ClientGone(Client.Id);
    }
}
