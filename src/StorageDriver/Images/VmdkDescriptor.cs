using System.Buffers.Binary;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Cistern.Storage.Images;

/// <summary>
/// The text within a sparse VMDK file (VMware's Virtual Disk Format 1.1) that names the file it stands in. QEMU does not look at that name,
/// other programs do.
/// </summary>
internal static class VmdkDescriptor
{
    private const int SectorSize = 512;
    private const int OffsetField = 28;
    private const int SizeField = 36;
    private const int MaxLength = 1024 * 1024;

    /// <summary>Makes an image that was written under the name <paramref name="from"/> name itself <paramref name="to"/>.</summary>
    /// <exception cref="IOException">The file cannot be read or written.</exception>
    public static void Rename(SafeFileHandle file, string from, string to)
    {
        Span<byte> header = stackalloc byte[SectorSize];
        if (RandomAccess.Read(file, header, 0) < header.Length || !header.StartsWith("KDMV"u8))
        {
            return;
        }

        ulong offset = BinaryPrimitives.ReadUInt64LittleEndian(header[OffsetField..]);
        ulong length = BinaryPrimitives.ReadUInt64LittleEndian(header[SizeField..]);
        if (length is 0 or > MaxLength / SectorSize || offset > long.MaxValue / SectorSize)
        {
            return;
        }

        byte[] text = new byte[length * SectorSize];
        int read = RandomAccess.Read(file, text, (long)offset * SectorSize);
        ReadOnlySpan<byte> written = text.AsSpan(0, read).TrimEnd((byte)0);
        string renamed = Encoding.UTF8.GetString(written).Replace($"\"{from}\"", $"\"{to}\"", StringComparison.Ordinal);
        int renamedLength = Encoding.UTF8.GetByteCount(renamed);
        if (renamedLength < text.Length)
        {
            // Zeros behind the text stay the hole that they are.
            int end = Math.Max(written.Length, renamedLength);
            Array.Clear(text);
            Encoding.UTF8.GetBytes(renamed, text);
            RandomAccess.Write(file, text.AsSpan(0, end), (long)offset * SectorSize);
        }
    }
}
