using System.Buffers;
using Cistern.Storage.Backends;
using Cistern.Storage.Pools;
using Microsoft.Win32.SafeHandles;

namespace Cistern.Storage.Tests.Simulated;

internal sealed class SimulatedExtents(SimulatedFile file, Steps steps, PoolThreads threads) : IVolumeExtents
{
    private bool _disposed;

    public long Length { get; } = file.Data.Length;

    public SafeFileHandle? Handle => null;

    public async ValueTask<int> ReadAtAsync(long offset, Memory<byte> buffer, CancellationToken cancellation)
    {
        await steps.TakeAsync(Step.Read, threads, cancellation);
        ObjectDisposedException.ThrowIf(_disposed, this);
        int count = (int)Math.Clamp(file.Data.Length - offset, 0, buffer.Length);
        file.Data.AsMemory((int)Math.Min(offset, file.Data.Length), count).CopyTo(buffer);
        return count;
    }

    public async ValueTask WriteAtAsync(long offset, ReadOnlySequence<byte> data, CancellationToken cancellation)
    {
        await steps.TakeAsync(Step.Write, threads, cancellation);
        ObjectDisposedException.ThrowIf(_disposed, this);
        Grow(offset + data.Length);
        data.CopyTo(file.Data.AsSpan((int)offset));
        file.Touch();
    }

    public ValueTask<VolumeExtent> NextExtentAsync(long offset, CancellationToken cancellation)
    {
        if (offset >= file.Data.Length)
        {
            return ValueTask.FromResult(new VolumeExtent(false, 0));
        }

        foreach (var (start, end) in file.Holes.OrderBy(hole => hole.Start))
        {
            if (offset < start)
            {
                return ValueTask.FromResult(new VolumeExtent(false, start - offset));
            }

            if (offset < end)
            {
                return ValueTask.FromResult(new VolumeExtent(true, end - offset));
            }
        }

        return ValueTask.FromResult(new VolumeExtent(false, file.Data.Length - offset));
    }

    public ValueTask ZeroAsync(long offset, long length, CancellationToken cancellation)
    {
        Grow(offset + length);
        file.Data.AsSpan((int)offset, (int)length).Clear();
        file.Holes.Add((offset, offset + length));
        file.Touch();
        return ValueTask.CompletedTask;
    }

    public ValueTask FlushAsync(CancellationToken cancellation) => ValueTask.CompletedTask;

    public ValueTask DisposeAsync()
    {
        _disposed = true;
        return ValueTask.CompletedTask;
    }

    private void Grow(long length)
    {
        if (length > file.Data.Length)
        {
            var grown = new byte[length];
            file.Data.CopyTo(grown, 0);
            file.Data = grown;
        }
    }
}
