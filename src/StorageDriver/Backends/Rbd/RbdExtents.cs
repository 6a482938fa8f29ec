using System.Buffers;
using Cistern.Storage.Backends.Rbd.Native;
using Cistern.Storage.Errors;
using Cistern.Storage.Host;
using Cistern.Storage.Pools;
using Microsoft.Win32.SafeHandles;

namespace Cistern.Storage.Backends.Rbd;

/// <summary>The bytes of an open image.</summary>
internal sealed class RbdExtents : IVolumeExtents
{
    /// <summary>Bytes whose data are looked for at once.</summary>
    private const long LookSize = 4L << 30;

    /// <summary>Bytes made zero by one call.</summary>
    private const long ZeroSize = 64L << 20;

    private readonly RbdImage _image;
    private readonly PoolThreads _threads;
    private readonly string _path;
    private readonly ReadAhead _reads;
    private readonly WriteBehind _writes;

    /// <summary>Held by the one who uses it, so that it is not disposed of in between.</summary>
    private readonly SemaphoreSlim _gate = new(1, 1);
    private readonly List<(long Start, long End)> _data = [];
    private (long Start, long End) _looked;

    private RbdExtents(RbdImage image, PoolThreads threads, string path, long length)
    {
        _image = image;
        _threads = threads;
        _path = path;
        Length = length;
        _reads = new ReadAhead(length, Read);
        _writes = new WriteBehind(Write);
    }

    public long Length { get; }

    public SafeFileHandle? Handle => null;

    /// <exception cref="StorageException">38/38.</exception>
    public static async ValueTask<RbdExtents> OpenAsync(
        RbdSession session, PoolThreads threads, string name, string path, bool isReadOnly, CancellationToken cancellation)
    {
        (int result, RbdImage? image) = await RbdImage.OpenAsync(session.Pool, name, isReadOnly).ConfigureAwait(false);
        if (image is null)
        {
            throw Failed(result, "open", path);
        }

        try
        {
            long length = await image.CallAsync(threads, Size, cancellation).ConfigureAwait(false);
            return length >= 0 ? new RbdExtents(image, threads, path, length) : throw Failed((int)length, "open", path);
        }
        catch
        {
            await image.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    public ValueTask<int> ReadAtAsync(long offset, Memory<byte> buffer, CancellationToken cancellation) =>
        RunAsync(
            async () =>
            {
                await DrainAsync().ConfigureAwait(false);
                int read = await _reads.ReadAsync(offset, buffer).ConfigureAwait(false);
                return read >= 0 ? read : throw Failed(read, "read from");
            },
            cancellation);

    public async ValueTask WriteAtAsync(long offset, ReadOnlySequence<byte> data, CancellationToken cancellation)
    {
        CheckRange(offset, data.Length);
        await RunAsync(
            () =>
            {
                Forget();
                return new ValueTask<int>(_writes.WriteAsync(offset, data));
            },
            "write to",
            cancellation).ConfigureAwait(false);
    }

    public ValueTask<VolumeExtent> NextExtentAsync(long offset, CancellationToken cancellation) =>
        offset >= Length ? default : RunAsync(() => NextAsync(offset, cancellation), cancellation);

    public ValueTask ZeroAsync(long offset, long length, CancellationToken cancellation) =>
        ZeroAsync(offset, length, ZeroMode.Hole, progress: null, cancellation);

    /// <summary>Overwrites the range with zeros, or gives its space back.</summary>
    public async ValueTask ZeroAsync(long offset, long length, ZeroMode mode, JobProgress? progress, CancellationToken cancellation)
    {
        CheckRange(offset, length);
        await RunAsync(() => WriteZerosAsync(offset, length, mode, progress, cancellation), "write zeros to", cancellation).ConfigureAwait(false);
    }

    public async ValueTask FlushAsync(CancellationToken cancellation) =>
        await RunAsync(
            async () =>
            {
                await DrainAsync().ConfigureAwait(false);
                return (int)await RbdImage.WaitAsync(TryStartAsync(RbdCalls.Flush)).ConfigureAwait(false);
            },
            "sync data to",
            cancellation).ConfigureAwait(false);

    /// <summary>Ends what is on its way; what is not yet is dropped.</summary>
    public async ValueTask DisposeAsync()
    {
        await _image.DisposeAsync().ConfigureAwait(false);
        await _gate.WaitAsync().ConfigureAwait(false);
        try
        {
            _reads.Forget();
            await _writes.AbandonAsync().ConfigureAwait(false);
        }
        finally
        {
            _gate.Release();
        }
    }

    private async ValueTask<T> RunAsync<T>(Func<ValueTask<T>> work, CancellationToken cancellation)
    {
        await _gate.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            return await work().ConfigureAwait(false);
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <param name="work">Returns a negated error number when it fails.</param>
    private async ValueTask RunAsync(Func<ValueTask<int>> work, string what, CancellationToken cancellation) =>
        Check(await RunAsync(work, cancellation).ConfigureAwait(false), what);

    private async ValueTask<VolumeExtent> NextAsync(long offset, CancellationToken cancellation)
    {
        if (offset < _looked.Start || offset >= _looked.End)
        {
            await LookAsync(offset, cancellation).ConfigureAwait(false);
        }

        foreach ((long start, long end) in _data)
        {
            if (offset < start)
            {
                return new VolumeExtent(IsHole: true, Math.Min(start, _looked.End) - offset);
            }

            if (offset < end)
            {
                return new VolumeExtent(IsHole: false, Math.Min(end, _looked.End) - offset);
            }
        }

        return new VolumeExtent(IsHole: true, _looked.End - offset);
    }

    private async ValueTask<int> WriteZerosAsync(long offset, long length, ZeroMode mode, JobProgress? progress, CancellationToken cancellation)
    {
        await DrainAsync().ConfigureAwait(false);
        Forget();
        for (long end = offset + length; offset < end;)
        {
            cancellation.ThrowIfCancellationRequested();
            (ulong start, long count) = ((ulong)offset, Math.Min(ZeroSize, end - offset));
            Task<long> call = TryStartAsync((image, completion) => mode == ZeroMode.Discard
                ? RbdCalls.Discard(image, start, (ulong)count, completion)
                : RbdCalls.WriteZeros(image, start, (nuint)count, completion, mode == ZeroMode.Allocated ? RbdCalls.Allocate : 0, 0));
            if (await RbdImage.WaitAsync(call).ConfigureAwait(false) is var result and < 0)
            {
                return (int)result;
            }

            offset += count;
            if (progress is not null)
            {
                progress.Allocated = (ulong)offset;
            }
        }

        return 0;
    }

    private static unsafe long Size(nint image)
    {
        RbdImageStatus status;
        int result = RbdCalls.Status(image, &status, (nuint)sizeof(RbdImageStatus));
        return result < 0 ? result : (long)status.Size;
    }

    private Task<long> Read(long offset, NativeBuffer buffer, int count) => TryStartAsync((image, completion) => Start(image, offset, buffer, count, completion));

    private Task<long> Write(long offset, NativeBuffer buffer, int count) => TryStartAsync((image, completion) => StartWrite(image, offset, buffer, count, completion));

    private async Task<long> TryStartAsync(Func<nint, nint, int> start)
    {
        try
        {
            return await _image.StartAsync(start).ConfigureAwait(false);
        }
        catch (ObjectDisposedException)
        {
            return -Errno.InputOutput;
        }
    }

    private static unsafe int Start(nint image, long offset, NativeBuffer buffer, int count, nint completion) =>
        RbdCalls.Read(image, (ulong)offset, (nuint)count, buffer.Pointer, completion);

    private static unsafe int StartWrite(nint image, long offset, NativeBuffer buffer, int count, nint completion) =>
        RbdCalls.Write(image, (ulong)offset, (nuint)count, buffer.Pointer, completion);

    private async ValueTask LookAsync(long offset, CancellationToken cancellation)
    {
        await DrainAsync().ConfigureAwait(false);
        long length = Math.Min(LookSize, Length - offset);
        List<(long Start, long End)> data = [];
        int result = await _image.CallAsync(_threads, image => DataRanges.Find(image, offset, length, data), cancellation).ConfigureAwait(false);
        Check(result, "look for the data of");
        _data.Clear();
        _data.AddRange(data);
        _looked = (offset, offset + length);
    }

    /// <summary>Forgets what was known of the content, which is about to change.</summary>
    private void Forget()
    {
        _reads.Forget();
        _looked = default;
    }

    private async ValueTask DrainAsync()
    {
        if (!_writes.IsEmpty)
        {
            Check(await _writes.DrainAsync().ConfigureAwait(false), "write to");
        }
    }

    private void CheckRange(long offset, long length)
    {
        if (length > Length || offset > Length - length)
        {
            throw Failed(-Errno.NoSpace, "write to");
        }
    }

    private void Check(long result, string what)
    {
        if (result < 0)
        {
            throw Failed((int)result, what);
        }
    }

    private StorageException Failed(int result, string what) => Failed(result, what, _path);

    private static StorageException Failed(int result, string what, string path) =>
        StorageErrors.System(-result, $"cannot {what} image '{path}'", StorageErrorDomain.Streams);
}

/// <summary>What becomes of a range that is to be zeros.</summary>
internal enum ZeroMode
{
    /// <summary>It takes no space, and reads as zeros.</summary>
    Hole,

    /// <summary>It takes all its space.</summary>
    Allocated,

    /// <summary>Its space is given back, without a promise of what is read where that is not whole.</summary>
    Discard,
}
