using System.Buffers;
using Cistern.Storage.Backends;
using Microsoft.Win32.SafeHandles;

namespace Cistern.Storage.Tests.Backends;

/// <summary>A volume in memory, whose blocks of zeros count as holes.</summary>
internal sealed class MemoryExtents(byte[] content, int block) : IVolumeExtents
{
    public List<(long Offset, long Length)> Written { get; } = [];

    public List<(long Offset, long Length)> Zeroed { get; } = [];

    public bool Flushed { get; private set; }

    public long Length => content.Length;

    public SafeFileHandle? Handle => null;

    public byte[] Content => content;

    /// <summary>Reads give no more than that.</summary>
    public int MostAtOnce { get; init; } = int.MaxValue;

    public Exception? FailWritesWith { get; init; }

    public ValueTask<int> ReadAtAsync(long offset, Memory<byte> buffer, CancellationToken cancellation)
    {
        int length = (int)Math.Min(Math.Min(buffer.Length, MostAtOnce), Math.Max(0, Length - offset));
        content.AsSpan((int)offset, length).CopyTo(buffer.Span);
        return ValueTask.FromResult(length);
    }

    public async ValueTask WriteAtAsync(long offset, ReadOnlySequence<byte> data, CancellationToken cancellation)
    {
        await Task.Yield();
        if (FailWritesWith is not null)
        {
            throw FailWritesWith;
        }

        data.CopyTo(content.AsSpan((int)offset));
        Written.Add((offset, data.Length));
    }

    public ValueTask<VolumeExtent> NextExtentAsync(long offset, CancellationToken cancellation)
    {
        long end = offset;
        bool isHole = IsHole(offset);
        while (end < Length && IsHole(end) == isHole)
        {
            end = Math.Min(Length, end + block - (end % block));
        }

        return ValueTask.FromResult(new VolumeExtent(isHole, end - offset));
    }

    public ValueTask ZeroAsync(long offset, long length, CancellationToken cancellation)
    {
        content.AsSpan((int)offset, (int)length).Clear();
        Zeroed.Add((offset, length));
        return ValueTask.CompletedTask;
    }

    public ValueTask FlushAsync(CancellationToken cancellation)
    {
        Flushed = true;
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private bool IsHole(long offset) =>
        offset < Length && content.AsSpan((int)offset, (int)Math.Min(block - (offset % block), Length - offset)).IndexOfAnyExcept((byte)0) < 0;
}
