using System.Buffers;

namespace Cistern.Server.Transport;

/// <summary>A piece of the input in an array of the pool's.</summary>
internal sealed class InputSegment : ReadOnlySequenceSegment<byte>
{
    private readonly byte[] _array;

    public InputSegment(int size) => _array = ArrayPool<byte>.Shared.Rent(size);

    /// <summary>Bytes that hold input.</summary>
    public int Filled => Memory.Length;

    public Span<byte> Free => _array.AsSpan(Memory.Length);

    public InputSegment? Following => (InputSegment?)Next;

    public void Fill(int count) => Memory = _array.AsMemory(0, Memory.Length + count);

    public void Append(InputSegment next)
    {
        next.RunningIndex = RunningIndex + Memory.Length;
        Next = next;
    }

    /// <summary>Whether the array does not go back to the pool.</summary>
    public bool IsRetained { get; set; }

    public void Return()
    {
        if (!IsRetained)
        {
            ArrayPool<byte>.Shared.Return(_array);
        }
    }
}
