using System.Buffers;

namespace Cistern.RemoteProtocol.Tests.Framing;

/// <summary>A sequence of several segments, as a pipe hands it out.</summary>
internal sealed class Pieces : ReadOnlySequenceSegment<byte>
{
    private Pieces(ReadOnlyMemory<byte> memory, long index)
    {
        Memory = memory;
        RunningIndex = index;
    }

    public static ReadOnlySequence<byte> Of(byte[] bytes, int pieceSize)
    {
        var first = new Pieces(bytes.AsMemory(0, Math.Min(pieceSize, bytes.Length)), 0);
        var last = first;
        for (var at = first.Memory.Length; at < bytes.Length; at += pieceSize)
        {
            var next = new Pieces(bytes.AsMemory(at, Math.Min(pieceSize, bytes.Length - at)), at);
            last.Next = next;
            last = next;
        }

        return new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length);
    }
}
