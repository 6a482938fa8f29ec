using Cistern.Storage.Host;
using Microsoft.Win32.SafeHandles;

namespace Cistern.Storage.Backends.Files;

/// <summary>
/// The parts of a file that take space, in order: by the file system's map, else by what it says of data and holes, else all of it. Space that
/// was taken and never written counts, because old blocks may lie beneath; so does space beyond the end. For one thread at a time.
/// </summary>
/// <param name="size">The file's length in bytes.</param>
internal sealed class AllocatedRanges(SafeFileHandle file, long size)
{
    private const int Batch = 64;

    private readonly FileRange[] _ranges = new FileRange[Batch];
    private readonly long _block = FileSystemStatus.Get(file, out FileSystemStatus status) == 0 ? status.BlockSize : 1;
    private bool _mapped = true;
    private bool _last;
    private long _from;
    private long _limit = -1;
    private int _count;
    private int _next;

    /// <summary>A file or device all of which is taken to be allocated.</summary>
    public static AllocatedRanges Everything(SafeFileHandle file, long size)
    {
        AllocatedRanges all = new(file, size) { _last = true, _limit = size };
        all.Set(new FileRange(0, size));
        return all;
    }

    /// <summary>Null after the last; what was returned before may have been written to meanwhile.</summary>
    public FileRange? Next()
    {
        while (_next == _count)
        {
            if (_last)
            {
                return null;
            }

            Fill();
        }

        return Within(_ranges[_next++]);
    }

    private void Fill()
    {
        if (_limit < 0)
        {
            _limit = FindLimit();
        }

        _next = _count = 0;
        if (_mapped)
        {
            FillByMap();
        }
        else
        {
            FillByData();
        }
    }

    /// <summary>Where space beyond the end stops, asked first: writing there may make the file system take more in advance.</summary>
    private long FindLimit()
    {
        long limit = size;
        for (bool last = false; _mapped && !last;)
        {
            int count = FileMapCalls.Get(file, limit, synchronise: limit == size, _ranges, out last);
            _mapped = count >= 0;
            limit = count > 0 ? _ranges[count - 1].End : limit;
        }

        return limit;
    }

    private void FillByMap()
    {
        _count = SystemCall.Check(FileMapCalls.Get(file, _from, synchronise: false, _ranges, out _last), "cannot find the space of a volume");
        _last |= _count == 0;
        if (_count > 0)
        {
            _from = _ranges[_count - 1].End;
        }
    }

    private void FillByData()
    {
        long data = _from >= size ? -Errno.NoSuchDevice : FileSpaceCalls.NextData(file, _from);
        if (data == -Errno.NoSuchDevice)
        {
            _last = true;
            return;
        }

        long hole = data < 0 ? data : FileSpaceCalls.NextHole(file, data);
        _last = hole < 0;
        Set(new FileRange(Math.Max(data, _from), hole < 0 ? size : hole));
        _from = _ranges[0].End;
    }

    private void Set(FileRange range)
    {
        _ranges[0] = range;
        _count = range.End > range.Start ? 1 : 0;
    }

    /// <summary>The rest of the last block is not the file's, and zero already.</summary>
    private FileRange Within(FileRange range)
    {
        long end = range.End > size && range.End - size < _block ? size : Math.Min(range.End, _limit);
        return range with { End = Math.Max(end, range.Start) };
    }
}
