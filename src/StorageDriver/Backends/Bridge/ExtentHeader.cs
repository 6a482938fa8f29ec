using System.Buffers.Binary;
using Cistern.Storage.Errors;
using Cistern.Storage.Images;

namespace Cistern.Storage.Backends.Bridge;

/// <summary>Reads what the beginning of an open volume says about it.</summary>
internal static class ExtentHeader
{
    /// <summary>Bytes beyond which nothing is looked for.</summary>
    private const int Size = 64 * 1024;

    /// <summary>Where a qcow2 image says where it names its backing file.</summary>
    private const int BackingOffset = 8;

    /// <returns>The header, and whether a qcow2 image needs other files than itself: also where their names are too far off to be read.</returns>
    /// <exception cref="StorageException">It cannot be read.</exception>
    public static async ValueTask<(ImageHeader Header, bool IsLayered)> ReadAsync(IVolumeExtents volume, CancellationToken cancellation)
    {
        byte[] beginning = new byte[Math.Min(Size, volume.Length)];
        int filled = 0;
        while (filled < beginning.Length)
        {
            int read = await volume.ReadAtAsync(filled, beginning.AsMemory(filled), cancellation).ConfigureAwait(false);
            if (read == 0)
            {
                break;
            }

            filled += read;
        }

        ImageHeader header = ImageProbe.Probe(new Reader(beginning.AsMemory(0, filled)));
        bool isLayered = header.BackingPath is not null || header.State.HasFlag(Qcow2State.DataFile)
            || (header.Format == "qcow2" && BinaryPrimitives.ReadUInt64BigEndian(beginning.AsSpan(BackingOffset)) != 0);
        return (header, isLayered);
    }

    private sealed class Reader(ReadOnlyMemory<byte> beginning) : IImageReader
    {
        public int ReadAt(Span<byte> buffer, long offset)
        {
            ReadOnlySpan<byte> rest = offset < beginning.Length ? beginning.Span[(int)offset..] : [];
            int length = Math.Min(rest.Length, buffer.Length);
            rest[..length].CopyTo(buffer);
            return length;
        }
    }
}
