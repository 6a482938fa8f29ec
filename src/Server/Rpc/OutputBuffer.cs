using System.Buffers;
using System.Threading.Tasks.Sources;
using Cistern.Server.Transport;

namespace Cistern.Server.Rpc;

/// <summary>Bytes on their way out: some small messages in an array of the pool's, or a message that somebody keeps ready, or one packet that its owner keeps and waits for.</summary>
internal sealed class OutputBuffer : IBufferWriter<byte>, IValueTaskSource<bool>
{
    private readonly byte[] _array;
    private readonly bool _isPooled;
    private readonly bool _isPacket;
    private KernelPipe? _pipe;
    private int _piped;
    private ManualResetValueTaskSourceCore<bool> _sent;

    /// <summary>An empty buffer with room for <paramref name="size"/> bytes; it goes back to the pool when sent.</summary>
    public OutputBuffer(int size)
    {
        _array = ArrayPool<byte>.Shared.Rent(size);
        _isPooled = true;
    }

    private OutputBuffer(byte[] array, bool isPacket)
    {
        _array = array;
        _isPacket = isPacket;
        Length = array.Length;
    }

    /// <summary>A packet in the owner's array, to be prepared each time it is sent.</summary>
    public static OutputBuffer Packet(byte[] array) => new(array, isPacket: true);

    /// <summary>Part of a message that is kept ready and never changes.</summary>
    public static OutputBuffer Ready(byte[] bytes) => new(bytes, isPacket: false);

    public int Length { get; private set; }

    /// <summary>Bytes of messages; none in a packet.</summary>
    public int MessageBytes => _isPacket ? 0 : Length;

    public int Room => _array.Length - Length;

    public void Advance(int count) => Length += count;

    public Memory<byte> GetMemory(int sizeHint = 0) => _array.AsMemory(Length);

    public Span<byte> GetSpan(int sizeHint = 0) => _array.AsSpan(Length);

    /// <summary>Makes the owner's packet ready to be sent (again): bytes of the array, then some that lie in a pipe.</summary>
    /// <returns>Complete when the bytes are the system's; false when the connection is gone. The owner goes on on the thread that sent them.</returns>
    public ValueTask<bool> Prepare(int length, KernelPipe? pipe = null, int piped = 0)
    {
        Length = length;
        _pipe = pipe;
        _piped = piped;
        _sent.Reset();
        return new ValueTask<bool>(this, _sent.Version);
    }

    public ValueTask<bool> SendAsync(ITransportConnection connection)
    {
        var bytes = _array.AsMemory(0, Length);
        return _pipe is null ? connection.WriteAsync(bytes) : connection.WriteAsync(bytes, _pipe, _piped);
    }

    /// <summary>The output is done with it.</summary>
    public void Complete(bool sent)
    {
        if (_isPooled)
        {
            ArrayPool<byte>.Shared.Return(_array);
        }

        if (_isPacket)
        {
            _sent.SetResult(sent);
        }
    }

    bool IValueTaskSource<bool>.GetResult(short token) => _sent.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource<bool>.GetStatus(short token) => _sent.GetStatus(token);

    void IValueTaskSource<bool>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _sent.OnCompleted(continuation, state, token, flags);
}
