using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using Cistern.RemoteProtocol.Framing;
using Cistern.RemoteProtocol.Programs;
using Cistern.RemoteProtocol.Streams;
using Cistern.RemoteProtocol.Xdr;

namespace Cistern.Server.Rpc;

/// <summary>An open stream of a connection. It ends once: by the client's finish or abort, by an error, or with the connection.
/// Its source or sink is disposed of when it has ended and no call into it is running.</summary>
[SuppressMessage("Reliability", "CA1001", Justification = "The token source has neither a timer nor a handle.")]
internal abstract class ServerStream(
    RpcConnection connection, in MessageHeader call, ProcedureInfo procedure, IAsyncDisposable target, CancellationToken aborted)
{
    private readonly CancellationTokenSource _stop = new();
    private CancellationTokenRegistration _abortion;
    private volatile bool _ended;
    private bool _inUse;

    /// <summary>The header of the call that opened it.</summary>
    public MessageHeader Call { get; } = call;

    protected RpcConnection Connection { get; } = connection;

    protected OutputQueue Output => Connection.Output;

    protected Lock Gate { get; } = new();

    /// <summary>Cancelled when the stream has ended.</summary>
    protected CancellationToken Stopped => _stop.Token;

    protected bool HasEnded => _ended;

    /// <summary>Complete when no data of the client's are in use.</summary>
    public virtual Task WhenDataReleased => Task.CompletedTask;

    /// <summary>The reply that opens the stream is on its way.</summary>
    public virtual void Start() =>
        _abortion = aborted.UnsafeRegister(static stream => ((ServerStream)stream!).Fail(RpcException.StreamAborted()), this);

    /// <summary>Takes data that the client sends.</summary>
    /// <returns>False while the data cannot be let go: ask again with the same data after <see cref="RpcConnection.Unblock"/>.</returns>
    public abstract bool TryTakeData(in ReadOnlySequence<byte> data);

    /// <summary>As <see cref="TryTakeData"/>, for a hole.</summary>
    /// <exception cref="MessageFramingException">The stream was opened without holes: the connection is closed.</exception>
    public abstract bool TryTakeHole(in ReadOnlySequence<byte> payload);

    /// <summary>The client says that it is done.</summary>
    public abstract void Finish();

    /// <summary>The client gives up.</summary>
    public void Abort() => End(StreamPacket.Finish(Call), default(XdrVoid));

    /// <summary>Tells the client what went wrong and ends the stream.</summary>
    public void Fail(Exception exception)
    {
        if (!_ended)
        {
            End(StreamPacket.Failure(Call), Connection.Dispatcher.ErrorOf(exception, Connection.Client, procedure).ToWire());
        }
    }

    /// <summary>Ends the stream without a word.</summary>
    public void Drop()
    {
        if (TryEnd(out var release))
        {
            CleanUp(release);
        }
    }

    protected void End<T>(in MessageHeader header, in T body)
        where T : IXdrCodec<T>
    {
        bool release;
        lock (Gate)
        {
            if (!TryEnd(out release))
            {
                return;
            }

            Output.Enqueue(header, body);
        }

        Connection.Streams.Remove(this);
        Output.Flush();
        CleanUp(release);
    }

    /// <summary>Before a call into the source or sink; false when the stream has ended or such a call is running.</summary>
    protected bool TryUse()
    {
        lock (Gate)
        {
            if (_ended || _inUse)
            {
                return false;
            }

            _inUse = true;
            return true;
        }
    }

    /// <summary>After a call into the source or sink.</summary>
    protected void EndUse()
    {
        lock (Gate)
        {
            _inUse = false;
            if (!_ended)
            {
                return;
            }
        }

        _ = DisposeTargetAsync();
    }

    private bool TryEnd(out bool release)
    {
        lock (Gate)
        {
            release = !_inUse;
            if (_ended)
            {
                return false;
            }

            _ended = true;
            return true;
        }
    }

    private void CleanUp(bool release)
    {
        _abortion.Unregister();
        _stop.Cancel();
        if (release)
        {
            _ = DisposeTargetAsync();
        }
    }

    private async Task DisposeTargetAsync()
    {
        try
        {
            await target.DisposeAsync().ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            Connection.Log.StreamDisposeFailed(exception, Connection.Client.Id);
        }
    }
}
