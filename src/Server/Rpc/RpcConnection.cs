using System.Buffers;
using System.Buffers.Binary;
using Cistern.RemoteProtocol.Framing;
using Cistern.RemoteProtocol.KeepAlive;
using Cistern.RemoteProtocol.Remote;
using Cistern.RemoteProtocol.Xdr;
using Cistern.Server.Auth;
using Cistern.Server.Transport;
using Microsoft.Extensions.Logging;

namespace Cistern.Server.Rpc;

/// <summary>One client's connection: reads messages, routes them by type, and ends what belongs to the client.
/// A message that cannot be taken yet (all call slots are used, a disk is slow) stays at the head of the input; what arrives behind it is only searched for keepalive requests.</summary>
internal sealed class RpcConnection
{
    /// <summary>Bytes of input that are read ahead of a message that cannot be taken yet.</summary>
    private const int ReadAheadLimit = 512 * 1024;

    /// <summary>Bytes of output that may wait before a client that does not read gets no more of its calls answered.</summary>
    private const int OutputLimit = 256 * 1024;

    /// <summary>The serial of events, as libvirtd sends them.</summary>
    private const uint EventSerial = 1;

    private readonly ITransportConnection _transport;
    private readonly RpcOptions _options;
    private readonly AsyncSignal _unblocked = new();
    private ServerStream? _headStream;
    private long _position;
    private long _answeredUpTo;
    private int _trailingBytes;
    private int _quietTicks;
    private volatile bool _isPaused;
    private volatile bool _stopReading;
    private volatile bool _finishCalls;

    public RpcConnection(RpcServer server, ITransportConnection transport, long id, bool isAuthenticated)
    {
        Server = server;
        _transport = transport;
        _options = server.Options;
        Client = new ClientConnection(this, id, transport.Peer, isAuthenticated);
        Output = new OutputQueue(transport);
        Streams = new StreamTable(_options.MaxClientStreams);
        Calls = new CallLimiter(_options.MaxClientRequests);
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
        try
        {
            await ReadAsync().ConfigureAwait(false);
        }
        catch (MessageFramingException exception)
        {
            Log.ProtocolBroken(Client.Id, exception.Message);
        }
        catch (Exception exception)
        {
            Log.ConnectionFailed(exception, Client.Id);
        }

        if (_finishCalls)
        {
            await FinishCallsAsync().ConfigureAwait(false);
        }

        if (_stopReading)
        {
            await Output.WhenAtMostAsync(0).ConfigureAwait(false);
        }

        await EndAsync().ConfigureAwait(false);
    }

    /// <summary>The message at the head of the input may be taken now.</summary>
    public void Unblock()
    {
        _unblocked.Signal();
        _transport.Input.CancelPendingRead();
    }

    /// <summary>A write that was given up may still read the client's data one day: the memory that holds them is not used again.</summary>
    public void RetainInput() => _transport.RetainInput();

    /// <summary>Takes no more from the client; what waits to be sent is still sent.</summary>
    public void StopReading()
    {
        _stopReading = true;
        Unblock();
    }

    /// <summary>As <see cref="StopReading"/>, and the calls that are running are still answered.</summary>
    public void FinishAndClose()
    {
        _finishCalls = true;
        StopReading();
    }

    /// <summary>Ends the connection at once.</summary>
    public void Abort()
    {
        _finishCalls = false;
        Output.Close();
        _transport.Abort();
        Unblock();
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
        if (_isPaused)
        {
            Volatile.Write(ref _quietTicks, 0);
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

    private MessageLimits Limits => Client.IsAuthenticated ? _options.MessageLimits : _options.UnauthenticatedMessageLimits;

    private async Task ReadAsync()
    {
        var input = _transport.Input;
        var wanted = 1;
        while (!_stopReading)
        {
            var result = await input.ReadAtLeastAsync(wanted).ConfigureAwait(false);
            Volatile.Write(ref _quietTicks, 0);
            var buffer = result.Buffer;
            var isBlocked = TakeMessages(ref buffer);
            var held = buffer.Length;
            wanted = isBlocked ? 1 : MissingBytes(buffer);
            input.AdvanceTo(buffer.Start, buffer.End);

            if (result.IsCompleted)
            {
                return;
            }

            if (isBlocked && held >= ReadAheadLimit)
            {
                await PauseAsync(_unblocked.WaitAsync()).ConfigureAwait(false);
            }

            var drained = Output.WhenAtMostAsync(OutputLimit);
            if (!drained.IsCompleted)
            {
                await PauseAsync(drained).ConfigureAwait(false);
            }
        }
    }

    /// <summary>While nothing is read, the client is not expected to be heard of.</summary>
    private async ValueTask PauseAsync(ValueTask wait)
    {
        _isPaused = true;
        await wait.ConfigureAwait(false);
        _isPaused = false;
    }

    /// <summary>Takes messages off the front of the buffer; the answers that are there at once leave together.</summary>
    /// <returns>Whether the message now at the front cannot be taken yet.</returns>
    private bool TakeMessages(ref ReadOnlySequence<byte> buffer)
    {
        Output.BeginBatch();
        try
        {
            while (!_stopReading && TrySkipTrailing(ref buffer))
            {
                var rest = buffer;
                if (!MessageFraming.TryReadFrame(ref rest, Limits, out var frame))
                {
                    return false;
                }

                if (!TryTake(frame))
                {
                    AnswerPings(rest, _position + buffer.Length - rest.Length);
                    return true;
                }

                _position += buffer.Length - rest.Length;
                buffer = rest;
            }

            return false;
        }
        finally
        {
            Output.EndBatch();
        }
    }

    private bool TryTake(in MessageFrame frame)
    {
        switch (frame.Header.Type)
        {
            case MessageType.Call:
                return TryCall(frame);
            case MessageType.CallWithFds:
                return Calls.HasRoom() && TryCall(WithoutDescriptors(frame));
            case MessageType.Stream or MessageType.StreamHole:
                return TryTakeStreamPacket(frame);
            case MessageType.Message when KeepAlive.IsPing(frame.Header):
                if (_position >= _answeredUpTo)
                {
                    Output.Enqueue(KeepAlive.Message(KeepAliveProcedure.Pong), default(XdrVoid));
                }

                return true;
            default:
                return true;
        }
    }

    private bool TryCall(in MessageFrame frame)
    {
        if (!Calls.HasRoom())
        {
            return false;
        }

        Dispatcher.Dispatch(this, frame);
        return true;
    }

    /// <summary>Packets for a stream that is not open are dropped: a client goes on sending after an error until it has read it.</summary>
    private bool TryTakeStreamPacket(in MessageFrame frame)
    {
        var stream = _headStream;
        if (stream is null && !Streams.TryGet(frame.Header, out stream))
        {
            return true;
        }

        var isTaken = true;
        switch (frame.Header)
        {
            case { Type: MessageType.StreamHole }:
                isTaken = stream.TryTakeHole(frame.Payload);
                break;
            case { Status: MessageStatus.Continue }:
                isTaken = stream.TryTakeData(frame.Payload);
                break;
            case { Status: MessageStatus.Ok }:
                stream.Finish();
                break;
            case { Status: MessageStatus.Error }:
                stream.Abort();
                break;
            default:
                stream.Fail(RpcException.Protocol($"a stream packet with status {(int)frame.Header.Status}"));
                break;
        }

        _headStream = isTaken ? null : stream;
        return isTaken;
    }

    /// <summary>Each file descriptor follows the packet with a byte of its own (unix sockets only). No procedure takes one: the system has closed them, the bytes are skipped.</summary>
    private MessageFrame WithoutDescriptors(in MessageFrame frame)
    {
        Span<byte> word = stackalloc byte[sizeof(uint)];
        if (frame.Payload.Length < word.Length)
        {
            throw new MessageFramingException("a call with file descriptors without their count");
        }

        frame.Payload.Slice(0, word.Length).CopyTo(word);
        var count = BinaryPrimitives.ReadUInt32BigEndian(word);
        if (count > FramingConstants.MessageNumFdsMax || (count > 0 && Client.Identity.Transport != TransportKind.Unix))
        {
            throw new MessageFramingException($"{count} file descriptors announced");
        }

        _trailingBytes = (int)count;
        return new MessageFrame(frame.Header with { Type = MessageType.Call }, frame.Payload.Slice(word.Length));
    }

    private bool TrySkipTrailing(ref ReadOnlySequence<byte> buffer)
    {
        if (_trailingBytes > 0)
        {
            var skipped = (int)Math.Min(_trailingBytes, buffer.Length);
            buffer = buffer.Slice(skipped);
            _trailingBytes -= skipped;
            _position += skipped;
        }

        return _trailingBytes == 0;
    }

    /// <summary>Answers the keepalive requests behind a message that cannot be taken yet, each once.</summary>
    private void AnswerPings(ReadOnlySequence<byte> buffer, long position)
    {
        try
        {
            var length = buffer.Length;
            while (MessageFraming.TryReadFrame(ref buffer, Limits, out var frame))
            {
                if (position >= _answeredUpTo && KeepAlive.IsPing(frame.Header))
                {
                    Output.Enqueue(KeepAlive.Message(KeepAliveProcedure.Pong), default(XdrVoid));
                }

                position += length - buffer.Length;
                length = buffer.Length;
                _answeredUpTo = Math.Max(_answeredUpTo, position);
            }
        }
        catch (MessageFramingException)
        {
            // It is met again when the message before it has been taken.
        }
    }

    /// <summary>How many bytes to wait for: the rest of a message, up to what is read ahead.</summary>
    private static int MissingBytes(in ReadOnlySequence<byte> buffer)
    {
        Span<byte> word = stackalloc byte[MessageFraming.LengthSize];
        if (buffer.Length < word.Length)
        {
            return 1;
        }

        buffer.Slice(0, word.Length).CopyTo(word);
        var length = BinaryPrimitives.ReadUInt32BigEndian(word);
        return (int)Math.Clamp(length, 1, buffer.Length + ReadAheadLimit);
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

            await _unblocked.WaitAsync().ConfigureAwait(false);
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
        if (_headStream is not null)
        {
            await _headStream.WhenDataReleased.ConfigureAwait(false);
            RetainInput();
        }

        await _transport.DisposeAsync().ConfigureAwait(false);
        Log.ClientGone(Client.Id);
    }
}
