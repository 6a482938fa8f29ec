using System.Buffers;

namespace Cistern.Server.Transport;

/// <summary>Plain bytes on this side, wrapped ones on the other.</summary>
internal sealed class ProtectedStream(Stream inner, ISecurityLayer layer) : AsyncStream
{
    private const int WrappedSize = 32 * 1024;

    private ReadOnlyMemory<byte> _plain;

    /// <exception cref="IOException">What arrived is not what the peer wrapped.</exception>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (buffer.IsEmpty)
        {
            return _plain.IsEmpty ? await inner.ReadAsync(buffer, cancellationToken).ConfigureAwait(false) : 0;
        }

        if (_plain.IsEmpty && !await UnwrapAsync(cancellationToken).ConfigureAwait(false))
        {
            return 0;
        }

        var count = Math.Min(_plain.Length, buffer.Length);
        _plain[..count].CopyTo(buffer);
        _plain = _plain[count..];
        return count;
    }

    /// <exception cref="IOException">The connection is gone.</exception>
    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (!buffer.IsEmpty)
        {
            var count = Math.Min(buffer.Length, layer.MaxPlainBytes);
            await inner.WriteAsync(layer.Wrap(buffer.Span[..count]), cancellationToken).ConfigureAwait(false);
            buffer = buffer[count..];
        }
    }

    protected override void Dispose(bool disposing)
    {
        layer.Dispose();
        base.Dispose(disposing);
    }

    /// <returns>False at the end.</returns>
    private async ValueTask<bool> UnwrapAsync(CancellationToken cancellation)
    {
        var wrapped = ArrayPool<byte>.Shared.Rent(WrappedSize);
        try
        {
            while (_plain.IsEmpty)
            {
                var count = await inner.ReadAsync(wrapped.AsMemory(0, WrappedSize), cancellation).ConfigureAwait(false);
                if (count == 0)
                {
                    return false;
                }

                _plain = layer.Unwrap(wrapped.AsSpan(0, count));
            }

            return true;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(wrapped);
        }
    }
}
