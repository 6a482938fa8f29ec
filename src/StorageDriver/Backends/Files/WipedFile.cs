using Cistern.Storage.Errors;
using Cistern.Storage.Host;
using Microsoft.Win32.SafeHandles;

namespace Cistern.Storage.Backends.Files;

/// <summary>A file or block device that is being overwritten. Its calls block; for one thread at a time.</summary>
internal sealed class WipedFile : IDisposable
{
    private readonly SafeFileHandle _file;
    private readonly string _path;
    private readonly bool _isDevice;
    private readonly AllocatedRanges _ranges;
    private FileRange _rest;
    private FileRange _before;

    private WipedFile(SafeFileHandle file, string path, long size, bool isDevice)
    {
        _file = file;
        _path = path;
        _isDevice = isDevice;
        Size = size;
        _ranges = isDevice ? AllocatedRanges.Everything(file, size) : new AllocatedRanges(file, size);
    }

    /// <summary>Bytes.</summary>
    public long Size { get; }

    /// <summary>Bytes overwritten so far.</summary>
    public long Written { get; private set; }

    /// <summary>Space beyond the end was overwritten, which made the file longer.</summary>
    public bool IsExtended { get; private set; }

    /// <exception cref="StorageException">38/18, also for what is neither a file nor a block device.</exception>
    public static WipedFile Open(string path)
    {
        SystemCall.Check(
            FileSystemCalls.Open(path, OpenFlags.ReadWrite | OpenFlags.NonBlocking | OpenFlags.NoControllingTerminal, out SafeFileHandle? file),
            $"cannot open storage volume with path '{path}'");
        try
        {
            SystemCall.Check(FileStatusCalls.Get(file!, out FileStatus status), $"cannot stat storage volume with path '{path}'");
            bool isDevice = status.Type == FileType.BlockDevice;
            long size = isDevice ? SystemCall.Check(FileSpaceCalls.End(file!), $"cannot find the end of storage volume with path '{path}'")
                : status.Type == FileType.Regular ? status.Size
                : throw StorageErrors.System(Errno.InvalidArgument, $"storage volume with path '{path}' is neither a file nor a block device");
            return new WipedFile(file!, path, size, isDevice);
        }
        catch
        {
            file!.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Writes the next zeros and has the device begin with them; false when there is nothing left. What the step before wrote has reached the
    /// device then, so that the synchronisation at the end is short however large the volume.
    /// </summary>
    /// <exception cref="StorageException">38/18.</exception>
    public bool WriteStep()
    {
        long budget = FileSpace.WriteStep;
        long first = -1;
        while (budget > 0 && (_rest.Start < _rest.End || Advance()))
        {
            long end = Math.Min(_rest.End, _rest.Start + budget);
            IsExtended |= end > Size;
            FileSpace.WriteZeros(_file, _rest.Start, end);
            first = first < 0 ? _rest.Start : first;
            budget -= end - _rest.Start;
            Written += end - _rest.Start;
            _rest = _rest with { Start = end };
        }

        if (_before.Start < _before.End)
        {
            SystemCall.Check(FileSpaceCalls.FinishWriting(_file, _before.Start, _before.End - _before.Start), $"cannot write to '{_path}'");
        }

        _before = first < 0 ? default : new FileRange(first, _rest.Start);
        return budget <= 0;
    }

    /// <summary>Gives a range's space back.</summary>
    /// <exception cref="StorageException">74/18: it cannot be; 38/18.</exception>
    public void Discard(long offset, long length)
    {
        int result = _isDevice ? FileSpaceCalls.Discard(_file, offset, length) : FileSpaceCalls.Punch(_file, offset, length);
        if (result is -Errno.NotSupported or -Errno.NotImplemented or -Errno.NotTerminal)
        {
            throw StorageErrors.TrimNotSupported();
        }

        SystemCall.Check(result, $"cannot trim volume with path '{_path}'");
    }

    /// <exception cref="StorageException">38/18.</exception>
    public void Synchronise() =>
        SystemCall.Check(FileSystemCalls.SynchroniseData(_file), $"cannot sync data to volume with path '{_path}'");

    /// <summary>Cuts off what <see cref="IsExtended"/> tells of; its space is free from then on, overwritten.</summary>
    /// <exception cref="StorageException">38/18.</exception>
    public void RestoreLength()
    {
        SystemCall.Check(FileSpaceCalls.SetLength(_file, Size), $"cannot truncate volume with path '{_path}' to {Size} bytes");
        Synchronise();
    }

    public void Dispose() => _file.Dispose();

    private bool Advance()
    {
        do
        {
            if (_ranges.Next() is not { } range)
            {
                return false;
            }

            _rest = range;
        }
        while (_rest.Start == _rest.End);
        return true;
    }
}
