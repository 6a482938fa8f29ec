using System.Buffers;
using System.Buffers.Binary;

namespace Cistern.Storage.Images;

/// <summary>The beginning of an image, read in two steps so that most images cost one small read. Every access is checked against what is there.</summary>
internal ref struct HeaderBytes
{
    /// <summary>As far as libvirt looks.</summary>
    public const int Limit = 0x8200;

    private readonly IImageReader _reader;
    private Span<byte> _bytes;
    private byte[]? _rented;
    private bool _complete;

    /// <param name="first">Where the first read goes.</param>
    public HeaderBytes(IImageReader reader, Span<byte> first)
    {
        _reader = reader;
        var read = Fill(first, 0);
        _bytes = first[..read];
        _complete = read < first.Length;
    }

    /// <summary>What has been read so far.</summary>
    public readonly ReadOnlySpan<byte> Read => _bytes;

    /// <summary>Whether <paramref name="value"/> stands at <paramref name="offset"/>.</summary>
    public bool Matches(int offset, ReadOnlySpan<byte> value) =>
        TryGet((ulong)offset, value.Length, out var bytes) && bytes.SequenceEqual(value);

    public uint? BigEndian32(ulong offset) => TryGet(offset, 4, out var bytes) ? BinaryPrimitives.ReadUInt32BigEndian(bytes) : null;

    public ulong? BigEndian64(ulong offset) => TryGet(offset, 8, out var bytes) ? BinaryPrimitives.ReadUInt64BigEndian(bytes) : null;

    public uint? LittleEndian32(ulong offset) => TryGet(offset, 4, out var bytes) ? BinaryPrimitives.ReadUInt32LittleEndian(bytes) : null;

    public ulong? LittleEndian64(ulong offset) => TryGet(offset, 8, out var bytes) ? BinaryPrimitives.ReadUInt64LittleEndian(bytes) : null;

    /// <summary>False when the range is not within the image or not within <see cref="Limit"/>.</summary>
    public bool TryGet(ulong offset, int length, out ReadOnlySpan<byte> bytes)
    {
        bytes = default;
        if (length < 0 || offset > Limit || offset + (ulong)length > Limit)
        {
            return false;
        }

        if (offset + (ulong)length > (ulong)_bytes.Length && !_complete)
        {
            ReadAll();
        }

        if (offset + (ulong)length > (ulong)_bytes.Length)
        {
            return false;
        }

        bytes = _bytes.Slice((int)offset, length);
        return true;
    }

    /// <summary>Everything up to <see cref="Limit"/>.</summary>
    public ReadOnlySpan<byte> All()
    {
        if (!_complete)
        {
            ReadAll();
        }

        return _bytes;
    }

    /// <summary>Reads a few bytes without reading all before them.</summary>
    public readonly int Peek(Span<byte> buffer, long offset) => _complete ? 0 : Fill(buffer, offset);

    public readonly void Dispose()
    {
        if (_rented is not null)
        {
            ArrayPool<byte>.Shared.Return(_rented);
        }
    }

    private void ReadAll()
    {
        _rented = ArrayPool<byte>.Shared.Rent(Limit);
        _bytes.CopyTo(_rented);
        var read = Fill(_rented.AsSpan(_bytes.Length, Limit - _bytes.Length), _bytes.Length);
        _bytes = _rented.AsSpan(0, _bytes.Length + read);
        _complete = true;
    }

    private readonly int Fill(Span<byte> buffer, long offset)
    {
        var total = 0;
        while (total < buffer.Length)
        {
            var read = _reader.ReadAt(buffer[total..], offset + total);
            if (read <= 0)
            {
                break;
            }

            total += read;
        }

        return total;
    }
}
