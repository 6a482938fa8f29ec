using System.Buffers;

namespace Cistern.Server.Transport;

/// <summary>A connection as a stream, for what is laid over it. An empty read waits until there is something.</summary>
internal sealed class ConnectionStream(ITransportConnection connection) : AsyncStream
{
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var input = connection.Input;
        using var canceling = cancellationToken.UnsafeRegister(static self => ((ConnectionStream)self!).CancelRead(), this);
        while (true)
        {
            var result = await input.ReadAsync(CancellationToken.None).ConfigureAwait(false);
            var available = result.Buffer;
            var count = (int)Math.Min(available.Length, buffer.Length);
            available.Slice(0, count).CopyTo(buffer.Span);
            input.AdvanceTo(available.GetPosition(count));
            if (!available.IsEmpty || result.IsCompleted)
            {
                return count;
            }

            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    /// <exception cref="IOException">The connection is gone.</exception>
    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (!await connection.WriteAsync(buffer).ConfigureAwait(false))
        {
            throw new IOException("the connection is gone");
        }
    }

    private void CancelRead() => connection.Input.CancelPendingRead();
}
