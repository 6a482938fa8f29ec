using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.IO.Pipelines;

namespace Cistern.Server.Transport;

/// <summary>The input of a layer over a connection. Holds no memory while nothing arrives; ends, without an exception, when the layer below fails.</summary>
[SuppressMessage("Reliability", "CA1001", Justification = "The pool holds nothing.")]
internal sealed class LayerInput
{
    private const int SegmentSize = 32 * 1024;

    private readonly Memories _memories = new();

    /// <param name="layer">Its empty reads wait until there is something; its failures are <see cref="IOException"/>s.</param>
    public LayerInput(Stream layer) =>
        Reader = PipeReader.Create(new EndingStream(layer), new StreamPipeReaderOptions(_memories, SegmentSize, leaveOpen: true, useZeroByteReads: true));

    public PipeReader Reader { get; }

    /// <summary>See <see cref="ITransportConnection.RetainInput"/>.</summary>
    public void Retain() => _memories.IsRetained = true;

    /// <summary>A failure is the end.</summary>
    private sealed class EndingStream(Stream layer) : AsyncStream
    {
        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            try
            {
                return await layer.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception exception) when (exception is IOException or ObjectDisposedException)
            {
                return 0;
            }
        }

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => throw new NotSupportedException();
    }

    private sealed class Memories : MemoryPool<byte>
    {
        public bool IsRetained { get; set; }

        public override int MaxBufferSize => int.MaxValue;

        public override IMemoryOwner<byte> Rent(int minBufferSize = -1) => new Owner(this, Math.Max(minBufferSize, SegmentSize));

        protected override void Dispose(bool disposing)
        {
        }

        private sealed class Owner(Memories pool, int size) : IMemoryOwner<byte>
        {
            private byte[]? _array = ArrayPool<byte>.Shared.Rent(size);

            public Memory<byte> Memory => _array;

            public void Dispose()
            {
                if (Interlocked.Exchange(ref _array, null) is { } array && !pool.IsRetained)
                {
                    ArrayPool<byte>.Shared.Return(array);
                }
            }
        }
    }
}
