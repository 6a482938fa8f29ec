using Cistern.Storage.Backends.Files;
using Cistern.Storage.Errors;
using Cistern.Storage.Host;
using Microsoft.Win32.SafeHandles;

namespace Cistern.Storage.Backends.Logical;

/// <summary>
/// Overwrites those blocks of a device that differ from its origin, or from nothing: they have space already, so that none is taken. Its calls
/// block; for one thread at a time.
/// </summary>
internal sealed class SparseWipe : IDisposable
{
    /// <summary>The smallest unit in which LVM gives space to snapshots.</summary>
    private const int BlockSize = 4096;

    private const int SmallestStep = 4 * 1024 * 1024;

    private readonly SafeFileHandle _device;
    private readonly SafeFileHandle? _origin;
    private readonly string _path;
    private readonly long _size;
    private readonly byte[] _block;
    private readonly byte[] _reference;

    private SparseWipe(SafeFileHandle device, SafeFileHandle? origin, string path, long size, ulong chunkSize)
    {
        _device = device;
        _origin = origin;
        _path = path;
        _size = size;
        long chunk = (long)Math.Max(chunkSize, 1);
        StepSize = (SmallestStep + chunk - 1) / chunk * chunk;
        _block = new byte[SmallestStep];
        _reference = new byte[SmallestStep];
    }

    /// <summary>Bytes looked at by one step: whole chunks.</summary>
    public long StepSize { get; }

    /// <summary>Bytes looked at so far.</summary>
    public long Position { get; private set; }

    /// <param name="origin">What the device is a snapshot of; null: of nothing.</param>
    /// <param name="chunkSize">Unit in bytes in which a discard gives space back; 0 where it does not.</param>
    /// <exception cref="StorageException">38/18.</exception>
    public static SparseWipe Open(string path, string? origin, ulong chunkSize)
    {
        SafeFileHandle device = Open(path, OpenFlags.ReadWrite);
        SafeFileHandle? reference = null;
        try
        {
            reference = origin is null ? null : Open(origin, OpenFlags.ReadOnly);
            if (reference is not null)
            {
                // What was written to the origin and has not reached it yet would look different where the snapshot has no space.
                SystemCall.Check(FileSystemCalls.SynchroniseData(reference), $"cannot sync data to volume with path '{origin}'");
            }

            long size = SystemCall.Check(FileSpaceCalls.End(device), $"cannot find the end of storage volume with path '{path}'");
            return new SparseWipe(device, reference, path, size, chunkSize);
        }
        catch
        {
            device.Dispose();
            reference?.Dispose();
            throw;
        }
    }

    /// <summary>Overwrites what differs within the next step, and has it on the device; false when there was nothing left to look at.</summary>
    /// <exception cref="StorageException">38/18.</exception>
    public bool Overwrite()
    {
        if (Position == _size)
        {
            return false;
        }

        long end = Math.Min(Position + StepSize, _size);
        bool wrote = false;
        for (long offset = Position; offset < end; offset += SmallestStep)
        {
            wrote |= OverwritePiece(offset, (int)Math.Min(SmallestStep, end - offset));
        }

        if (wrote)
        {
            Synchronise();
        }

        Position = end;
        return true;
    }

    /// <summary>Gives the space of the last step back; false where that cannot be done.</summary>
    public bool TryDiscard()
    {
        long start = (Position - 1) / StepSize * StepSize;
        return FileSpaceCalls.Discard(_device, start, Position - start) == 0;
    }

    /// <exception cref="StorageException">38/18.</exception>
    public void Synchronise() =>
        SystemCall.Check(FileSystemCalls.SynchroniseData(_device), $"cannot sync data to volume with path '{_path}'");

    public void Dispose()
    {
        _device.Dispose();
        _origin?.Dispose();
    }

    private static SafeFileHandle Open(string path, int mode)
    {
        SystemCall.Check(
            FileSystemCalls.Open(path, mode | OpenFlags.NonBlocking | OpenFlags.NoControllingTerminal, out SafeFileHandle? file),
            $"cannot open storage volume with path '{path}'");
        return file!;
    }

    private bool OverwritePiece(long offset, int length)
    {
        Span<byte> data = _block.AsSpan(0, length);
        Span<byte> reference = _reference.AsSpan(0, length);
        Read(_device, data, offset);
        if (_origin is not null)
        {
            Read(_origin, reference, offset);
        }

        bool wrote = false;
        for (int start = 0; start < length;)
        {
            int end = start;
            while (end < length && !Same(data, reference, end))
            {
                end = Math.Min(end + BlockSize, length);
            }

            if (end > start)
            {
                FileSpace.WriteZeros(_device, offset + start, offset + end);
                wrote = true;
            }

            start = Math.Max(end, start + BlockSize);
        }

        return wrote;
    }

    private static bool Same(ReadOnlySpan<byte> data, ReadOnlySpan<byte> reference, int offset)
    {
        int length = Math.Min(BlockSize, data.Length - offset);
        return data.Slice(offset, length).SequenceEqual(reference.Slice(offset, length));
    }

    private void Read(SafeFileHandle file, Span<byte> buffer, long offset)
    {
        for (int read = 0; read < buffer.Length;)
        {
            int result = FileDataCalls.Read(file, buffer[read..], offset + read);
            if (result != -Errno.Interrupted)
            {
                result = SystemCall.Check(result, $"cannot read from volume with path '{_path}'");
                read += result > 0 ? result : throw StorageErrors.System(Errno.InputOutput, $"volume with path '{_path}' became shorter");
            }
        }
    }
}
