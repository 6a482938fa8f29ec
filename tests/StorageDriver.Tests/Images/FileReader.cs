using Cistern.Storage.Images;
using Microsoft.Win32.SafeHandles;

namespace Cistern.StorageDriver.Tests.Images;

/// <summary>An image in a file.</summary>
internal sealed class FileReader(string path) : IImageReader, IDisposable
{
    private readonly SafeFileHandle _file = File.OpenHandle(path);

    public int ReadAt(Span<byte> buffer, long offset) => RandomAccess.Read(_file, buffer, offset);

    public void Dispose() => _file.Dispose();
}

/// <summary>An image in memory.</summary>
internal sealed class BytesReader(byte[] bytes) : IImageReader
{
    public int ReadAt(Span<byte> buffer, long offset)
    {
        var rest = bytes.AsSpan((int)Math.Min(offset, bytes.Length));
        var count = Math.Min(rest.Length, buffer.Length);
        rest[..count].CopyTo(buffer);
        return count;
    }
}
