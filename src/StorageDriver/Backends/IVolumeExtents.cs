using System.Buffers;
using Microsoft.Win32.SafeHandles;

namespace Cistern.Storage.Backends;

/// <summary>An open volume: a range of bytes with holes. One user at a time; safe to dispose of while a call runs.</summary>
public interface IVolumeExtents : IAsyncDisposable
{
    /// <summary>Bytes, at the time of opening.</summary>
    long Length { get; }

    /// <summary>The file behind it, for the kernel's own copying; null when there is none.</summary>
    SafeFileHandle? Handle { get; }

    /// <summary>Reads up to the buffer's length; 0 at the end.</summary>
    ValueTask<int> ReadAtAsync(long offset, Memory<byte> buffer, CancellationToken cancellation);

    /// <summary>Writes all of it, extending a file that may grow.</summary>
    ValueTask WriteAtAsync(long offset, ReadOnlySequence<byte> data, CancellationToken cancellation);

    /// <summary>The data or hole that begins at <paramref name="offset"/>; length 0 at the end.</summary>
    ValueTask<VolumeExtent> NextExtentAsync(long offset, CancellationToken cancellation);

    /// <summary>Makes a range read as zeros: a hole where the storage can, else written zeros. Extends a file that may grow.</summary>
    ValueTask ZeroAsync(long offset, long length, CancellationToken cancellation);

    /// <summary>Returns when everything written is on stable storage.</summary>
    ValueTask FlushAsync(CancellationToken cancellation);
}

/// <summary>A run of data or a hole, in bytes.</summary>
public readonly record struct VolumeExtent(bool IsHole, long Length);
