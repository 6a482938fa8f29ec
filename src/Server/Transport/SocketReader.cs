using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;

namespace Cistern.Server.Transport;

/// <summary>Reads from a socket when the poller says that there is something; holds a buffer only while it holds input. What reads goes on on the poller's thread.</summary>
internal sealed class SocketReader(SocketConnection connection) : PipeReader
{
    private const int SmallSegment = 16 * 1024;
    private const int LargeSegment = 512 * 1024;

    /// <summary>Reads in a row without a wait, after which the thread is left to other connections.</summary>
    private const int ReadsInARow = 16;

    private readonly AsyncSignal _readable = new();
    private InputSegment? _first;
    private InputSegment? _last;
    private int _start;
    private int _nextSegment = SmallSegment;
    private int _readsInARow;
    private bool _isExamined = true;
    private bool _isDrained;
    private bool _hasEnded;
    private int _isCanceled;
    private volatile bool _peerHasClosed;

    /// <summary>There is input, or the peer has closed: then everything up to the end is read without another signal.</summary>
    public void OnReadable(bool peerHasClosed)
    {
        if (peerHasClosed)
        {
            _peerHasClosed = true;
        }

        _readable.Signal();
    }

    public override bool TryRead(out ReadResult result)
    {
        var isCanceled = Interlocked.Exchange(ref _isCanceled, 0) == 1;
        result = new ReadResult(Sequence(), isCanceled, _hasEnded);
        return isCanceled || _hasEnded || !_isExamined;
    }

    public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default) => ReadAtLeastAsyncCore(0, cancellationToken);

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    protected override async ValueTask<ReadResult> ReadAtLeastAsyncCore(int minimumSize, CancellationToken cancellationToken)
    {
        ReadResult result;
        while (!TryRead(out result) || (result.Buffer.Length < minimumSize && !result.IsCompleted && !result.IsCanceled))
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (_isDrained && !_peerHasClosed)
            {
                _readsInARow = 0;
                await _readable.WaitAsync().ConfigureAwait(false);
                _isDrained = false;
                continue;
            }

            if (++_readsInARow > ReadsInARow)
            {
                _readsInARow = 0;
                await Task.Yield();
            }

            Receive(minimumSize);
        }

        return result;
    }

    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        var segment = consumed.GetObject() as InputSegment;
        var index = consumed.GetInteger();
        _isExamined = examined.GetObject() is not InputSegment end || (end == _last && examined.GetInteger() == end.Filled);
        while (_first is not null && _first != segment)
        {
            DropFirst();
        }

        _start = index;
        if (_first is not null && _first == _last && _start == _first.Filled)
        {
            DropFirst();
        }
    }

    /// <summary>The pending read, or the next one, returns what is there.</summary>
    public override void CancelPendingRead()
    {
        Interlocked.Exchange(ref _isCanceled, 1);
        _readable.Signal();
    }

    public override void Complete(Exception? exception = null)
    {
        while (_first is not null)
        {
            DropFirst();
        }

        _hasEnded = true;
    }

    /// <summary>See <see cref="ITransportConnection.RetainInput"/>.</summary>
    public void Retain()
    {
        for (var segment = _first; segment is not null; segment = segment.Following)
        {
            segment.IsRetained = true;
        }
    }

    private ReadOnlySequence<byte> Sequence() =>
        _first is null ? ReadOnlySequence<byte>.Empty : new ReadOnlySequence<byte>(_first, _start, _last!, _last!.Filled);

    private void DropFirst()
    {
        var dropped = _first!;
        _first = dropped.Following;
        _start = 0;
        if (_first is null)
        {
            _last = null;
        }

        dropped.Return();
    }

    private void Receive(int wanted)
    {
        var tail = _last is { Free.Length: > 0 } ? _last : new InputSegment(SizeOfNext(wanted));
        var count = connection.Receive(tail.Free);
        if (count <= 0)
        {
            _isDrained = true;
            _hasEnded = count == SocketConnection.End;
            if (tail != _last)
            {
                tail.Return();
            }

            return;
        }

        // A short read has taken everything; a full one tells that there is more where it came from.
        _isDrained = count < tail.Free.Length;
        _nextSegment = _isDrained ? Math.Max(SmallSegment, _nextSegment / 2) : Math.Min(LargeSegment, _nextSegment * 4);
        tail.Fill(count);
        _isExamined = false;
        if (tail != _last)
        {
            Append(tail);
        }
    }

    private int SizeOfNext(int wanted)
    {
        var held = _first is null ? 0 : (int)Sequence().Length;
        return Math.Clamp(wanted - held, _nextSegment, LargeSegment);
    }

    private void Append(InputSegment segment)
    {
        if (_last is null)
        {
            _first = segment;
        }
        else
        {
            _last.Append(segment);
        }

        _last = segment;
    }
}
