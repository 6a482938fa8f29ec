using System.Runtime.InteropServices;

namespace Cistern.Server.Transport;

/// <summary>The system calls of sockets and epoll (socket(7), epoll(7)), and the numbers that they take.</summary>
internal static unsafe partial class LinuxSockets
{
    public const int EINTR = 4;
    public const int EAGAIN = 11;
    public const int ECONNABORTED = 103;
    public const int EPROTO = 71;
    public const int ENOPROTOOPT = 92;

    public const int SolSocket = 1;
    public const int SoType = 3;
    public const int SoAcceptConn = 30;
    public const int SoPeerCred = 17;
    public const int SoPeerSecurity = 31;
    public const int SoSendBuffer = 7;
    public const int SoSendBufferForce = 32;

    public const int SockNonBlock = 0x800;
    public const int SockCloExec = 0x80000;
    public const int MsgNoSignal = 0x4000;
    public const int MsgMore = 0x8000;
    public const int SetDescriptorFlags = 2;
    public const int CloseOnExec = 1;
    public const int SetPipeSize = 1031;
    public const uint SpliceMove = 1;
    public const uint SpliceNonBlock = 2;
    public const int ShutdownBoth = 2;

    public const int ClockMonotonic = 1;

    public const short PollIn = 1;

    public const int EpollCloExec = 0x80000;
    public const int EpollAdd = 1;
    public const int EpollDelete = 2;
    public const int EpollModify = 3;
    public const uint EpollIn = 0x1;
    public const uint EpollOut = 0x4;
    public const uint EpollError = 0x8;
    public const uint EpollHangup = 0x10;
    public const uint EpollReadHangup = 0x2000;
    public const uint EpollEdgeTriggered = 1u << 31;

    [LibraryImport("libc", EntryPoint = "epoll_create1", SetLastError = true)]
    public static partial SocketHandle EpollCreate(int flags);

    [LibraryImport("libc", EntryPoint = "epoll_ctl", SetLastError = true)]
    public static partial int EpollControl(SafeHandle epoll, int operation, SafeHandle descriptor, byte* settings);

    [LibraryImport("libc", EntryPoint = "epoll_wait", SetLastError = true)]
    public static partial int EpollWait(SafeHandle epoll, byte* events, int max, int timeoutMilliseconds);

    [LibraryImport("libc", EntryPoint = "eventfd", SetLastError = true)]
    public static partial SocketHandle EventDescriptor(uint initial, int flags);

    [LibraryImport("libc", EntryPoint = "timerfd_create", SetLastError = true)]
    public static partial SocketHandle TimerDescriptor(int clock, int flags);

    [LibraryImport("libc", EntryPoint = "timerfd_settime", SetLastError = true)]
    public static partial int SetTimer(SafeHandle timer, int flags, long* settings, long* before);

    [LibraryImport("libc", EntryPoint = "socket", SetLastError = true)]
    public static partial SocketHandle Create(int family, int type, int protocol);

    [LibraryImport("libc", EntryPoint = "accept4", SetLastError = true)]
    public static partial int Accept(SafeHandle listener, byte* address, int* addressLength, int flags);

    [LibraryImport("libc", EntryPoint = "recv", SetLastError = true)]
    public static partial nint Receive(SafeHandle socket, byte* buffer, nint length, int flags);

    [LibraryImport("libc", EntryPoint = "send", SetLastError = true)]
    public static partial nint Send(SafeHandle socket, byte* buffer, nint length, int flags);

    [LibraryImport("libc", EntryPoint = "shutdown", SetLastError = true)]
    public static partial int Shutdown(SafeHandle socket, int how);

    [LibraryImport("libc", EntryPoint = "getsockopt", SetLastError = true)]
    public static partial int GetOption(SafeHandle socket, int level, int option, void* value, int* length);

    [LibraryImport("libc", EntryPoint = "setsockopt", SetLastError = true)]
    public static partial int SetOption(SafeHandle socket, int level, int option, void* value, int length);

    [LibraryImport("libc", EntryPoint = "pipe2", SetLastError = true)]
    public static partial int Pipe(int* ends, int flags);

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    public static partial int ControlFile(SafeHandle descriptor, int command, nint argument);

    [LibraryImport("libc", EntryPoint = "splice", SetLastError = true)]
    public static partial nint Splice(SafeHandle from, long* fromOffset, SafeHandle to, long* toOffset, nint length, uint flags);

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    public static partial nint Write(SafeHandle descriptor, void* buffer, nint length);

    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    public static partial nint Read(SafeHandle descriptor, void* buffer, nint length);

    /// <param name="entries">struct pollfd: the descriptor, then the events asked for and those that are (16 bits each).</param>
    [LibraryImport("libc", EntryPoint = "poll", SetLastError = true)]
    public static partial int Poll(long* entries, nuint count, int milliseconds);

    [LibraryImport("libc", EntryPoint = "close")]
    public static partial int Close(int descriptor);

    /// <summary>One <see cref="Poll"/> entry.</summary>
    public static long PollEntry(int descriptor, short events) => (uint)descriptor | ((long)(ushort)events << 32);

    /// <summary>Whether there is something to read now.</summary>
    public static bool IsReadable(SocketHandle descriptor)
    {
        var entry = PollEntry((int)descriptor.DangerousGetHandle(), PollIn);
        return Poll(&entry, 1, 0) > 0;
    }
}
