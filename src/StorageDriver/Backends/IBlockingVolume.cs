namespace Cistern.Storage.Backends;

/// <summary>
/// An open volume behind a library whose calls block: for the pool's threads, several at once. Safe to dispose of while a call runs. Errors are
/// those of <see cref="IVolumeExtents"/>.
/// </summary>
internal interface IBlockingVolume : IDisposable
{
    /// <summary>Bytes, at the time of opening.</summary>
    long Length { get; }

    /// <summary>Whether writing beyond the end extends it.</summary>
    bool Grows { get; }

    /// <summary>Fills the buffer, but at the end; the bytes read.</summary>
    int Read(long offset, Span<byte> buffer);

    void Write(long offset, ReadOnlySpan<byte> data);

    /// <summary>As <see cref="IVolumeExtents.NextExtentAsync"/>.</summary>
    VolumeExtent NextExtent(long offset);

    /// <summary>As <see cref="IVolumeExtents.ZeroAsync"/>.</summary>
    void Zero(long offset, long length);

    void Flush();
}
