using Cistern.RemoteProtocol.Framing;
using Cistern.RemoteProtocol.Xdr;
using Cistern.Server.Transport;

namespace Cistern.Server.Rpc;

/// <summary>What goes out on a connection, and its one lock. Whoever adds something while nobody sends becomes the sender and sends until nothing is left;
/// messages added meanwhile, or while a batch is open, leave together. An idle connection holds no buffer.</summary>
internal sealed class OutputQueue(ITransportConnection connection)
{
    private const int BufferSize = 16 * 1024;

    private readonly Lock _gate = new();
    private readonly Queue<OutputBuffer> _full = new();
    private HashSet<object>? _mergeable;
    private OutputBuffer? _tail;
    private TaskCompletionSource? _waiter;
    private long _waiterLevel;
    private long _messageBytes;
    private int _queuedEvents;
    private bool _inBatch;
    private bool _sending;
    private bool _closed;

    /// <summary>Bytes of messages that wait to be sent, as <see cref="WhenAtMostAsync"/> counts them.</summary>
    public long WaitingBytes => Volatile.Read(ref _messageBytes);

    /// <summary>Adds a message and sends it.</summary>
    /// <exception cref="XdrFormatException">A value exceeds its declared maximum; nothing was added.</exception>
    public void Write<T>(in MessageHeader header, in T body)
        where T : IXdrCodec<T>
    {
        Enqueue(header, body);
        Flush();
    }

    /// <summary>Adds a message that leaves with the next <see cref="Flush"/>.</summary>
    /// <exception cref="XdrFormatException">A value exceeds its declared maximum; nothing was added.</exception>
    public void Enqueue<T>(in MessageHeader header, in T body)
        where T : IXdrCodec<T>
    {
        lock (_gate)
        {
            AddLocked(header, body);
        }
    }

    /// <summary>As <see cref="Enqueue{T}"/>, for a message that nobody asked for.</summary>
    /// <param name="max">Of them may wait.</param>
    /// <param name="mergeKey">An event that may be told once for several: while one with an equal key waits, and only such events came after it, it is left out.</param>
    /// <returns>False when <paramref name="max"/> of them wait already.</returns>
    public bool TryEnqueueEvent<T>(in MessageHeader header, in T body, int max, object? mergeKey = null)
        where T : IXdrCodec<T>
    {
        lock (_gate)
        {
            if (mergeKey is null)
            {
                _mergeable?.Clear();
            }
            else if (!(_mergeable ??= []).Add(mergeKey))
            {
                return true;
            }

            if (_queuedEvents >= max)
            {
                return false;
            }

            AddLocked(header, body);
            _queuedEvents += _closed ? 0 : 1;
            return true;
        }
    }

    /// <summary>As <see cref="Enqueue{T}(in MessageHeader, in T)"/>, with a payload that is kept ready.</summary>
    public void Enqueue(in MessageHeader header, byte[] payload)
    {
        lock (_gate)
        {
            if (!_closed)
            {
                var prefix = RoomLocked(MessageFraming.PrefixSize);
                MessageFraming.WriteHeader(prefix.GetSpan(), header, payload.Length);
                prefix.Advance(MessageFraming.PrefixSize);
                MoveTailLocked();
                _full.Enqueue(OutputBuffer.Ready(payload));
                _messageBytes += MessageFraming.PrefixSize + payload.Length;
            }
        }
    }

    /// <summary>Adds a packet that its owner has prepared; it is completed when it is the system's or the connection is gone.</summary>
    public void Enqueue(OutputBuffer packet)
    {
        lock (_gate)
        {
            if (!_closed)
            {
                MoveTailLocked();
                _full.Enqueue(packet);
                return;
            }
        }

        packet.Complete(sent: false);
    }

    /// <summary>Until the batch ends, messages are collected and not sent.</summary>
    public void BeginBatch()
    {
        lock (_gate)
        {
            _inBatch = true;
        }
    }

    public void EndBatch()
    {
        lock (_gate)
        {
            _inBatch = false;
        }

        Flush();
    }

    /// <summary>Sends what is there, unless somebody does or a batch is open. Never blocks.</summary>
    public void Flush()
    {
        lock (_gate)
        {
            if (_inBatch || _sending || (_tail is null && _full.Count == 0))
            {
                return;
            }

            _sending = true;
        }

        while (TakeNext() is { } buffer)
        {
            var write = buffer.SendAsync(connection);
            if (!write.IsCompletedSuccessfully)
            {
                _ = SendRestAsync(buffer, write);
                return;
            }

            Sent(buffer, write.Result);
        }
    }

    /// <summary>Waits until messages of at most <paramref name="bytes"/> bytes wait to be sent, or the connection is gone; one caller at a time.
    /// Packets do not count: whoever sends them waits for each.</summary>
    public ValueTask WhenAtMostAsync(long bytes)
    {
        lock (_gate)
        {
            if (_messageBytes <= bytes)
            {
                return default;
            }

            _waiter = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiterLevel = bytes;
            return new ValueTask(_waiter.Task);
        }
    }

    /// <summary>Drops what waits; what is added later is dropped, too.</summary>
    public void Close()
    {
        List<OutputBuffer> dropped;
        lock (_gate)
        {
            _closed = true;
            MoveTailLocked();
            dropped = [.. _full];
            _full.Clear();
            _messageBytes = 0;
            WakeLocked();
        }

        foreach (var buffer in dropped)
        {
            buffer.Complete(sent: false);
        }
    }

    private void AddLocked<T>(in MessageHeader header, in T body)
        where T : IXdrCodec<T>
    {
        if (_closed)
        {
            return;
        }

        var size = MessageFraming.PrefixSize + body.XdrSize;
        var room = RoomLocked(Math.Min(size, MessageLimits.Default.MaxLength));
        var before = room.Length;
        MessageFraming.Write(room, header, body);
        _messageBytes += room.Length - before;
    }

    /// <summary>The buffer to write the next message into.</summary>
    private OutputBuffer RoomLocked(int size)
    {
        if (_tail is null || _tail.Room < size)
        {
            MoveTailLocked();
            _tail = new OutputBuffer(Math.Max(BufferSize, size));
        }

        return _tail;
    }

    private void MoveTailLocked()
    {
        if (_tail is not null)
        {
            _full.Enqueue(_tail);
            _tail = null;
        }
    }

    private OutputBuffer? TakeNext()
    {
        lock (_gate)
        {
            if (_full.Count == 0)
            {
                MoveTailLocked();
            }

            // What is on its way may have been read already: it says nothing of what happens from now on.
            _mergeable = null;
            if (_full.TryDequeue(out var next))
            {
                return next;
            }

            _sending = false;
            _queuedEvents = 0;
            return null;
        }
    }

    private void Sent(OutputBuffer buffer, bool sent)
    {
        lock (_gate)
        {
            _messageBytes = _closed ? 0 : _messageBytes - buffer.MessageBytes;
            WakeLocked();
        }

        buffer.Complete(sent);
        if (!sent)
        {
            Close();
            connection.Abort();
        }
    }

    private async Task SendRestAsync(OutputBuffer first, ValueTask<bool> write)
    {
        Sent(first, await write.ConfigureAwait(false));
        while (TakeNext() is { } buffer)
        {
            Sent(buffer, await buffer.SendAsync(connection).ConfigureAwait(false));
        }
    }

    private void WakeLocked()
    {
        if (_waiter is not null && _messageBytes <= _waiterLevel)
        {
            _waiter.SetResult();
            _waiter = null;
        }
    }
}
