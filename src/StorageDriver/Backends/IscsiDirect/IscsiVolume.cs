using System.Buffers;
using Cistern.Storage.Errors;
using Cistern.Storage.Host;

namespace Cistern.Storage.Backends.IscsiDirect;

/// <summary>The bytes of a logical unit, which reads and writes whole blocks only.</summary>
internal sealed class IscsiVolume : IBlockingVolume
{
    /// <summary>Bytes of one command; several are on the way for a larger piece.</summary>
    private const int CommandSize = 256 * 1024;
    private const int StatusLength = 8 + (64 * 16);

    private readonly IscsiUnit _unit;
    private readonly string _name;
    private readonly int _block;
    private readonly int _commandSize;
    private readonly ScsiCapacity _capacity;
    private readonly ScsiLimits _limits;
    private volatile bool _tellsNoStatus;
    private volatile bool _writesNotSame;

    private IscsiVolume(IscsiUnit unit, string name, in ScsiCapacity capacity, in ScsiLimits limits)
    {
        _unit = unit;
        _name = name;
        _capacity = capacity;
        _limits = limits;
        _block = (int)capacity.BlockSize;
        long most = limits.Transfer == 0 ? CommandSize : Math.Min(CommandSize, (long)limits.Transfer * _block);
        _commandSize = (int)Math.Max(_block, most / _block * _block);
    }

    public long Length => (long)_capacity.Blocks * _block;

    public bool Grows => false;

    /// <summary>Whether blocks can be given back.</summary>
    public bool Discards => _capacity.IsThin;

    /// <exception cref="StorageException">38/38: it is no disk, or not there; 1/18: the target does not answer.</exception>
    public static IscsiVolume Open(IscsiSession session, string name, int number)
    {
        const uint LargestBlock = 1 << 20;
        IscsiUnit unit = new(session, number);
        ScsiCapacity capacity = unit.Capacity();
        return capacity.BlockSize is > 0 and <= LargestBlock && capacity.Blocks <= (ulong)long.MaxValue / capacity.BlockSize
            ? new IscsiVolume(unit, name, capacity, unit.Limits())
            : throw StorageErrors.System(Errno.NoDevice, $"cannot open volume '{name}', which is no disk that is ready", StorageErrorDomain.Streams);
    }

    public int Read(long offset, Span<byte> buffer)
    {
        int wanted = (int)Math.Clamp(Length - offset, 0, buffer.Length);
        if (wanted == 0)
        {
            return 0;
        }

        if (offset % _block == 0 && wanted % _block == 0)
        {
            ReadBlocks(offset, buffer[..wanted]);
            return wanted;
        }

        long start = offset / _block * _block;
        int whole = (int)(RoundUp(offset + wanted) - start);
        byte[] blocks = ArrayPool<byte>.Shared.Rent(whole);
        try
        {
            ReadBlocks(start, blocks.AsSpan(0, whole));
            blocks.AsSpan((int)(offset - start), wanted).CopyTo(buffer);
            return wanted;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(blocks);
        }
    }

    public void Write(long offset, ReadOnlySpan<byte> data)
    {
        if (offset % _block == 0 && data.Length % _block == 0)
        {
            WriteBlocks(offset, data);
            return;
        }

        long start = offset / _block * _block;
        int whole = (int)(RoundUp(offset + data.Length) - start);
        byte[] blocks = ArrayPool<byte>.Shared.Rent(whole);
        try
        {
            // What lies around the data in their first and last block stays.
            ReadBlocks(start, blocks.AsSpan(0, _block));
            ReadBlocks(start + whole - _block, blocks.AsSpan(whole - _block, _block));
            data.CopyTo(blocks.AsSpan((int)(offset - start)));
            WriteBlocks(start, blocks.AsSpan(0, whole));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(blocks);
        }
    }

    /// <summary>Only a unit that says that what it does not hold reads as zeros has holes.</summary>
    public VolumeExtent NextExtent(long offset)
    {
        if (offset >= Length)
        {
            return default;
        }

        VolumeExtent data = new(IsHole: false, Length - offset);
        if (!_capacity.IsThin || !_capacity.ReadsZeros || _tellsNoStatus)
        {
            return data;
        }

        ulong first = (ulong)(offset / _block);
        byte[]? answer = Run(() => _unit.TryAsk(ScsiCommand.GetBlockStatus(first, StatusLength), "ask for the status of blocks"));
        (bool isHole, ulong blocks) = answer is null ? default : ScsiReplies.Status(answer, first);
        if (blocks == 0)
        {
            _tellsNoStatus = true;
            return data;
        }

        long end = (long)Math.Min(first + blocks, _capacity.Blocks) * _block;
        return new VolumeExtent(isHole, end - offset);
    }

    public void Zero(long offset, long length)
    {
        long end = offset + length;
        long start = Math.Min(end, RoundUp(offset));
        long last = Math.Max(start, end / _block * _block);
        WriteZeros(offset, start);
        for (long at = start; at < last;)
        {
            long step = Math.Min(last - at, SameStep);
            if (_writesNotSame || !TryWriteSame(at, step))
            {
                _writesNotSame = true;
                WriteZeros(at, last);
                break;
            }

            at += step;
        }

        WriteZeros(last, end);
    }

    /// <summary>Gives blocks back, which promises nothing about what they read as.</summary>
    public void Discard(long offset, long length)
    {
        uint most = _limits.Unmap is 0 or uint.MaxValue ? 1u << 22 : _limits.Unmap;
        ulong end = (ulong)((offset + length) / _block);
        for (ulong first = (ulong)(RoundUp(offset) / _block); first < end;)
        {
            uint count = (uint)Math.Min(most, end - first);
            byte[] list = ScsiCommand.UnmapList(first, count);
            if (!Run(() => _unit.TryDo(ScsiCommand.Unmap(), list, "give back blocks")))
            {
                throw StorageErrors.TrimNotSupported();
            }

            first += count;
        }
    }

    /// <summary>A unit that does not know how has nothing to write back.</summary>
    public void Flush() => Run(() => _unit.TryDo(ScsiCommand.Synchronise(), [], "synchronise"));

    public void Dispose()
    {
        // Connections are the session's.
    }

    /// <summary>Bytes that one command makes zeros of.</summary>
    private long SameStep
    {
        get
        {
            const ulong Step = 32 << 20;
            ulong most = _limits.WriteSame == 0 ? Step / (ulong)_block : Math.Min(_limits.WriteSame, Step / (ulong)_block);
            return (long)Math.Max(1, most) * _block;
        }
    }

    private bool TryWriteSame(long offset, long length)
    {
        byte[] zeros = new byte[_block];
        ScsiCommand command = ScsiCommand.WriteSame((ulong)(offset / _block), (uint)(length / _block), _block, _capacity is { IsThin: true, ReadsZeros: true });
        return Run(() => _unit.TryDo(command, zeros, "write zeros"));
    }

    private void WriteZeros(long offset, long end)
    {
        if (offset >= end)
        {
            return;
        }

        byte[] zeros = new byte[(int)Math.Min(CommandSize, RoundUp(end - offset))];
        while (offset < end)
        {
            int step = (int)Math.Min(zeros.Length, end - offset);
            Write(offset, zeros.AsSpan(0, step));
            offset += step;
        }
    }

    private void ReadBlocks(long offset, Span<byte> blocks)
    {
        if (!blocks.IsEmpty)
        {
            Transfer(blocks, ScsiCommand.Read, offset, "read");
        }
    }

    private void WriteBlocks(long offset, ReadOnlySpan<byte> blocks)
    {
        if (!blocks.IsEmpty)
        {
            Transfer(blocks, ScsiCommand.Write, offset, "write");
        }
    }

    private void Transfer(ReadOnlySpan<byte> blocks, Func<ulong, uint, int, ScsiCommand> command, long offset, string what)
    {
        try
        {
            _unit.Transfer(
                blocks, (at, length) => command((ulong)((offset + at) / _block), (uint)(length / _block), length), _commandSize, what);
        }
        catch (StorageException error)
        {
            throw Failed(error);
        }
    }

    private T Run<T>(Func<T> work)
    {
        try
        {
            return work();
        }
        catch (StorageException error)
        {
            throw Failed(error);
        }
    }

    private StorageException Failed(StorageException error) =>
        StorageErrors.System(Errno.InputOutput, $"volume '{_name}': {error.Message}", StorageErrorDomain.Streams);

    private long RoundUp(long offset) => (offset + _block - 1) / _block * _block;
}
