using System.Buffers;

namespace Cistern.RemoteProtocol.Framing;

/// <summary>A payload as one span: the buffer's own when it is in one piece, else a copy in a rented array that goes back on dispose.</summary>
public readonly ref struct ContiguousPayload
{
    private readonly byte[]? _rented;

    public ContiguousPayload(in ReadOnlySequence<byte> payload)
    {
        if (payload.IsSingleSegment)
        {
            Span = payload.FirstSpan;
            return;
        }

        var length = checked((int)payload.Length);
        _rented = ArrayPool<byte>.Shared.Rent(length);
        payload.CopyTo(_rented);
        Span = _rented.AsSpan(0, length);
    }

    public ReadOnlySpan<byte> Span { get; }

    public void Dispose()
    {
        if (_rented is not null)
        {
            ArrayPool<byte>.Shared.Return(_rented);
        }
    }
}
