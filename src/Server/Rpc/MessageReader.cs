using System.Buffers;
using System.Buffers.Binary;
using Cistern.RemoteProtocol.Framing;
using Cistern.RemoteProtocol.KeepAlive;
using Cistern.RemoteProtocol.Xdr;
using Cistern.Server.Auth;
using Cistern.Server.Transport;

namespace Cistern.Server.Rpc;

/// <summary>Takes a client's messages off its input and routes them by type. One that cannot be taken yet (all call slots are used, a disk is slow) stays at the head;
/// what arrives behind it is only searched for keepalive requests.</summary>
internal sealed class MessageReader(RpcConnection connection, ITransportConnection transport, RpcOptions options)
{
    /// <summary>Bytes of input that are read ahead of a message that cannot be taken yet.</summary>
    private const int ReadAheadLimit = 512 * 1024;

    /// <summary>Bytes of output that may wait before a client that does not read gets no more of its calls answered.</summary>
    private const int OutputLimit = 256 * 1024;

    /// <summary>Why no more messages were taken off the front of the input.</summary>
    private enum Holdup
    {
        /// <summary>There is no whole one.</summary>
        None,

        /// <summary>The one at the front cannot be taken yet.</summary>
        Head,

        /// <summary>Too much waits for the client to read it.</summary>
        Output,
    }

    private readonly AsyncSignal _unblocked = new();
    private ServerStream? _headStream;
    private long _position;
    private long _answeredUpTo;
    private int _trailingBytes;
    private volatile bool _isPaused;
    private volatile bool _isStopped;
    private volatile bool _isAborted;

    /// <summary>Nothing is read now, so the client cannot be heard of.</summary>
    public bool IsPaused => _isPaused;

    public bool IsStopped => _isStopped;

    private MessageLimits Limits => connection.Client.IsAuthenticated ? options.MessageLimits : options.UnauthenticatedMessageLimits;

    /// <summary>The message at the head may be taken now.</summary>
    public void Unblock()
    {
        _unblocked.Signal();
        transport.Input.CancelPendingRead();
    }

    /// <summary>Takes no more.</summary>
    public void Stop()
    {
        _isStopped = true;
        Unblock();
    }

    /// <summary>Takes no more, and waits for no call.</summary>
    public void Abort()
    {
        _isAborted = true;
        Stop();
    }

    /// <summary>Waits for an <see cref="Unblock"/>; after the reading has ended.</summary>
    public ValueTask WhenUnblockedAsync() => _unblocked.WaitAsync();

    /// <summary>Waits until nobody uses the message at the head; after the reading has ended.</summary>
    public async ValueTask ReleaseAsync()
    {
        if (_headStream is not null)
        {
            await _headStream.WhenDataReleased.ConfigureAwait(false);
            transport.RetainInput();
        }
    }

    /// <summary>Reads until the client or <see cref="Stop"/> ends it.</summary>
    /// <exception cref="MessageFramingException">The client broke the protocol.</exception>
    public async Task RunAsync()
    {
        if (!connection.Client.IsAuthenticated && !await RunUntilAuthenticatedAsync().ConfigureAwait(false))
        {
            return;
        }

        var input = transport.Input;
        var wanted = 1;
        while (!_isStopped)
        {
            var result = await input.ReadAtLeastAsync(wanted).ConfigureAwait(false);
            connection.Heard();
            var buffer = result.Buffer;
            var holdup = TakeMessages(ref buffer);
            var held = buffer.Length;
            wanted = holdup == Holdup.None ? MissingBytes(buffer) : 1;
            input.AdvanceTo(buffer.Start, holdup == Holdup.Output ? buffer.Start : buffer.End);

            if (result.IsCompleted && holdup != Holdup.Output)
            {
                return;
            }

            if (holdup == Holdup.Head && held >= ReadAheadLimit)
            {
                await PauseAsync(_unblocked.WaitAsync()).ConfigureAwait(false);
            }

            var drained = connection.Output.WhenAtMostAsync(OutputLimit);
            if (!drained.IsCompleted)
            {
                await PauseAsync(drained).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Until the client has authenticated its messages are taken one by one: nothing is looked at before what came before it has been answered,
    /// since that answer may be the last one in the clear. What somebody put behind it is then no message.</summary>
    /// <returns>False when the connection has ended before.</returns>
    private async Task<bool> RunUntilAuthenticatedAsync()
    {
        var input = transport.Input;
        var wanted = 1;
        while (!_isStopped && !connection.Client.IsAuthenticated)
        {
            var result = await input.ReadAtLeastAsync(wanted).ConfigureAwait(false);
            var buffer = result.Buffer;
            var isTaken = TryTakeOne(ref buffer);
            wanted = isTaken ? 1 : MissingBytes(buffer);
            input.AdvanceTo(buffer.Start, isTaken ? buffer.Start : buffer.End);
            if (isTaken)
            {
                await PauseAsync(WhenAnsweredAsync()).ConfigureAwait(false);
            }
            else if (result.IsCompleted)
            {
                return false;
            }
        }

        if (connection.Client.LayerAfterReply is { } layer)
        {
            ((IProtectableConnection)transport).Protect(layer);
            connection.Client.LayerAfterReply = null;
        }

        return !_isStopped;
    }

    private bool TryTakeOne(ref ReadOnlySequence<byte> buffer)
    {
        if (!TrySkipTrailing(ref buffer))
        {
            return false;
        }

        var rest = buffer;
        if (!MessageFraming.TryReadFrame(ref rest, Limits, out var frame))
        {
            return false;
        }

        TryTake(frame);
        connection.Output.Flush();
        _position += buffer.Length - rest.Length;
        buffer = rest;
        return true;
    }

    /// <summary>Waits until no call runs and every answer is the system's.</summary>
    private async ValueTask WhenAnsweredAsync()
    {
        while (true)
        {
            connection.Calls.AwaitExit();
            if (connection.Calls.Running == 0 || _isAborted)
            {
                break;
            }

            await _unblocked.WaitAsync().ConfigureAwait(false);
        }

        await connection.Output.WhenAtMostAsync(0).ConfigureAwait(false);
    }

    /// <summary>While nothing is read, the client is not expected to be heard of.</summary>
    private async ValueTask PauseAsync(ValueTask wait)
    {
        _isPaused = true;
        await wait.ConfigureAwait(false);
        _isPaused = false;
    }

    /// <summary>Takes messages off the front of the buffer; the answers that are there at once leave together.</summary>
    private Holdup TakeMessages(ref ReadOnlySequence<byte> buffer)
    {
        connection.Output.BeginBatch();
        try
        {
            while (!_isStopped && TrySkipTrailing(ref buffer))
            {
                var rest = buffer;
                if (!MessageFraming.TryReadFrame(ref rest, Limits, out var frame))
                {
                    return Holdup.None;
                }

                if (!TryTake(frame))
                {
                    AnswerPings(rest, _position + buffer.Length - rest.Length);
                    return Holdup.Head;
                }

                _position += buffer.Length - rest.Length;
                buffer = rest;

                // One read may bring thousands of calls whose answers are as many times larger.
                if (connection.Output.WaitingBytes > OutputLimit)
                {
                    return Holdup.Output;
                }
            }

            return Holdup.None;
        }
        finally
        {
            connection.Output.EndBatch();
        }
    }

    private bool TryTake(in MessageFrame frame)
    {
        switch (frame.Header.Type)
        {
            case MessageType.Call:
                return TryCall(frame);
            case MessageType.CallWithFds:
                return connection.Calls.HasRoom() && TryCall(WithoutDescriptors(frame));
            case MessageType.Stream or MessageType.StreamHole:
                return TryTakeStreamPacket(frame);
            case MessageType.Message when KeepAlive.IsPing(frame.Header):
                if (_position >= _answeredUpTo)
                {
                    connection.Output.Enqueue(KeepAlive.Message(KeepAliveProcedure.Pong), default(XdrVoid));
                }

                return true;
            default:
                return true;
        }
    }

    private bool TryCall(in MessageFrame frame)
    {
        if (!connection.Calls.HasRoom())
        {
            return false;
        }

        connection.Dispatcher.Dispatch(connection, frame);
        return true;
    }

    /// <summary>Packets for a stream that is not open are dropped: a client goes on sending after an error until it has read it.</summary>
    private bool TryTakeStreamPacket(in MessageFrame frame)
    {
        var stream = _headStream;
        if (stream is null && !connection.Streams.TryGet(frame.Header, out stream))
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
        if (count > FramingConstants.MessageNumFdsMax || (count > 0 && connection.Client.Identity.Transport != TransportKind.Unix))
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
                    connection.Output.Enqueue(KeepAlive.Message(KeepAliveProcedure.Pong), default(XdrVoid));
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
}
