using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Cistern.Storage.Host;

/// <summary>A child process with its pipes. Used by one thread, but for <see cref="Wake"/>.</summary>
internal sealed unsafe partial class SpawnedChild : IDisposable
{
    private const int ReadSize = 64 * 1024;
    private const int PollIn = 1;
    private const int KillSignal = 9;
    private const int CloseOnExec = 0x80000;
    private const int NonBlocking = 0x800;
    private const int PidFdOpen = 434;

    private readonly SafeFileHandle[] _watched = new SafeFileHandle[4];
    private int _id;

    /// <summary>What <see cref="Wait"/> found.</summary>
    [Flags]
    public enum Ready
    {
        None = 0,
        Output = 1,
        Error = 2,
        Exit = 4,
        Woken = 8,
    }

    /// <summary>The ends of the pipes that the child gets; closed once it has started.</summary>
    public SafeFileHandle OutputEnd { get; private set; } = new();

    /// <inheritdoc cref="OutputEnd"/>
    public SafeFileHandle ErrorEnd { get; private set; } = new();

    public int OpenPipes()
    {
        int result = OpenPipe(out _watched[0], out SafeFileHandle output);
        OutputEnd = output;
        if (result >= 0)
        {
            result = OpenPipe(out _watched[1], out SafeFileHandle error);
            ErrorEnd = error;
        }

        if (result >= 0)
        {
            result = SystemCall.Result(EventFd(0, CloseOnExec | NonBlocking));
            _watched[3] = new SafeFileHandle(result < 0 ? -1 : result, ownsHandle: true);
        }

        return Math.Min(result, 0);
    }

    public int Started(int id)
    {
        _id = id;
        OutputEnd.Dispose();
        ErrorEnd.Dispose();
        int result = (int)SystemCall.Result(SystemCallNumber(PidFdOpen, id, 0));
        if (result < 0)
        {
            Kill();
            Reap();
            return result;
        }

        _watched[2] = new SafeFileHandle(result, ownsHandle: true);
        return 0;
    }

    /// <summary>Blocks until something can be read, the process ended, <see cref="Wake"/> was called or the time is over.</summary>
    /// <param name="milliseconds">-1: no bound.</param>
    public Ready Wait(int milliseconds)
    {
        Poll* polls = stackalloc Poll[4];
        for (int i = 0; i < 4; i++)
        {
            polls[i] = new Poll { Descriptor = _watched[i].IsClosed ? -1 : (int)_watched[i].DangerousGetHandle(), Events = PollIn };
        }

        int count = PollAll(polls, 4, milliseconds);
        Ready ready = Ready.None;
        for (int i = 0; count > 0 && i < 4; i++)
        {
            ready |= polls[i].Returned != 0 ? (Ready)(1 << i) : Ready.None;
        }

        return ready;
    }

    /// <summary>Takes what is there; at the end of the pipe it is not watched any more.</summary>
    public void ReadOutput(Stream into) => Read(_watched[0], into);

    /// <inheritdoc cref="ReadOutput"/>
    public void ReadError(Stream into) => Read(_watched[1], into);

    /// <summary>Makes <see cref="Wait"/> return, now and ever after. From any thread.</summary>
    public void Wake()
    {
        try
        {
            long one = 1;
            _ = WriteBytes(_watched[3], (byte*)&one, sizeof(long));
        }
        catch (ObjectDisposedException)
        {
            // It ended in the meantime.
        }
    }

    /// <summary>Kills the process and all of its process group.</summary>
    public void Kill() => Kill(-_id, KillSignal);

    /// <summary>Whether the process ends within a time.</summary>
    public bool WaitForExit(int milliseconds)
    {
        Poll exit = new() { Descriptor = (int)_watched[2].DangerousGetHandle(), Events = PollIn };
        int result;
        do
        {
            result = SystemCall.Result(PollAll(&exit, 1, milliseconds));
        }
        while (result == -Errno.Interrupted);
        return result > 0;
    }

    /// <summary>Waits for the end; the exit status, or the negated number of the signal that ended it.</summary>
    public int Reap()
    {
        int status;
        while (SystemCall.Result(WaitPid(_id, out status, 0)) == -Errno.Interrupted)
        {
        }

        int signal = status & 0x7F;
        return signal != 0 ? -signal : (status >> 8) & 0xFF;
    }

    public void Dispose()
    {
        OutputEnd.Dispose();
        ErrorEnd.Dispose();
        foreach (SafeFileHandle? handle in _watched)
        {
            handle?.Dispose();
        }
    }

    private static void Read(SafeFileHandle pipe, Stream into)
    {
        byte* buffer = stackalloc byte[ReadSize];
        long read = SystemCall.Result((long)ReadBytes(pipe, buffer, ReadSize));
        if (read > 0)
        {
            into.Write(new ReadOnlySpan<byte>(buffer, (int)read));
        }
        else if (read != -Errno.Interrupted)
        {
            pipe.Dispose();
        }
    }

    private static int OpenPipe(out SafeFileHandle read, out SafeFileHandle write)
    {
        int* ends = stackalloc int[] { -1, -1 };
        int result = SystemCall.Result(Pipe2(ends, CloseOnExec));
        read = new SafeFileHandle(ends[0], ownsHandle: true);
        write = new SafeFileHandle(ends[1], ownsHandle: true);
        return result;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct Poll
    {
        public int Descriptor;
        public short Events;
        public short Returned;
    }

    [LibraryImport("libc.so.6", EntryPoint = "pipe2", SetLastError = true)]
    private static partial int Pipe2(int* ends, int flags);

    [LibraryImport("libc.so.6", EntryPoint = "eventfd", SetLastError = true)]
    private static partial int EventFd(uint value, int flags);

    [LibraryImport("libc.so.6", EntryPoint = "read", SetLastError = true)]
    private static partial nint ReadBytes(SafeFileHandle file, byte* buffer, nuint size);

    [LibraryImport("libc.so.6", EntryPoint = "write", SetLastError = true)]
    private static partial nint WriteBytes(SafeFileHandle file, byte* buffer, nuint size);

    [LibraryImport("libc.so.6", EntryPoint = "poll", SetLastError = true)]
    private static partial int PollAll(Poll* polls, nuint count, int milliseconds);

    [LibraryImport("libc.so.6", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int id, int signal);

    [LibraryImport("libc.so.6", EntryPoint = "waitpid", SetLastError = true)]
    private static partial int WaitPid(int id, out int status, int options);

    [LibraryImport("libc.so.6", EntryPoint = "syscall", SetLastError = true)]
    private static partial long SystemCallNumber(long number, long first, long second);
}
