using Cistern.Storage.Errors;
using Cistern.Storage.Host;
using Cistern.Storage.Images;

namespace Cistern.Storage.Backends.Files;

/// <summary>An open file as image probes read it.</summary>
internal sealed class ProbeReader(int descriptor) : IImageReader
{
    /// <exception cref="StorageException">38/18: the file cannot be read.</exception>
    public int ReadAt(Span<byte> buffer, long offset)
    {
        int read = FileDataCalls.Read(descriptor, buffer, offset);
        return read >= 0 ? read : throw StorageErrors.System(-read, "cannot read the header of an image");
    }
}
