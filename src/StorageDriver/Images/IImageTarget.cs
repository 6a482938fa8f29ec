namespace Cistern.Storage.Images;

/// <summary>Where a new image is written.</summary>
internal interface IImageTarget
{
    void SetLength(long length);

    /// <summary>Writes all of it.</summary>
    void Write(ReadOnlySpan<byte> data, long offset);
}
