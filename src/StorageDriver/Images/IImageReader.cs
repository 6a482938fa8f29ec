namespace Cistern.Storage.Images;

/// <summary>The bytes of an image to be probed.</summary>
public interface IImageReader
{
    /// <summary>Reads at most the buffer's length from a byte offset; may read less; 0 at the end.</summary>
    int ReadAt(Span<byte> buffer, long offset);
}
