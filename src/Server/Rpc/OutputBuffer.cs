using System.Buffers;
using System.Threading.Tasks.Sources;

namespace Cistern.Server.Rpc;

/// <summary>Bytes on their way out: either some small messages in an array of the pool's, or one packet in an array that its owner keeps and waits for.</summary>
internal sealed class OutputBuffer : IBufferWriter<byte>, IValueTaskSource<bool>
{
    private readonly byte[] _array;
    private readonly bool _pooled;
    private ManualResetValueTaskSourceCore<bool> _sent = new() { RunContinuationsAsynchronously = true };

    /// <summary>An empty buffer with room for <paramref name="size"/> bytes; it goes back to the pool when sent.</summary>
    public OutputBuffer(int size)
    {
        _array = ArrayPool<byte>.Shared.Rent(size);
        _pooled = true;
    }

    /// <summary>A packet in the owner's array.</summary>
    public OutputBuffer(byte[] array) => _array = array;

    public int Length { get; private set; }

    /// <summary>Bytes of small messages; none in a packet.</summary>
    public int MessageBytes => _pooled ? Length : 0;

    public int Room => _array.Length - Length;

    public ReadOnlyMemory<byte> Content => _array.AsMemory(0, Length);

    public void Advance(int count) => Length += count;

    public Memory<byte> GetMemory(int sizeHint = 0) => _array.AsMemory(Length);

    public Span<byte> GetSpan(int sizeHint = 0) => _array.AsSpan(Length);

    /// <summary>Makes the owner's packet ready to be sent (again).</summary>
    /// <returns>Complete when the bytes are the system's; false when the connection is gone.</returns>
    public ValueTask<bool> Prepare(int length)
    {
        Length = length;
        _sent.Reset();
        return new ValueTask<bool>(this, _sent.Version);
    }

    /// <summary>The output is done with it.</summary>
    public void Complete(bool sent)
    {
        if (_pooled)
        {
            ArrayPool<byte>.Shared.Return(_array);
        }
        else
        {
            _sent.SetResult(sent);
        }
    }

    bool IValueTaskSource<bool>.GetResult(short token) => _sent.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource<bool>.GetStatus(short token) => _sent.GetStatus(token);

    void IValueTaskSource<bool>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _sent.OnCompleted(continuation, state, token, flags);
}
