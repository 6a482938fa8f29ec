using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Cistern.Storage.Host;

/// <summary>Stream sockets that have a path, for threads that may block (unix(7)). Results as <see cref="SystemCall"/> says.</summary>
internal static unsafe partial class UnixSocketCalls
{
    /// <summary>Longest path of a socket.</summary>
    public const int MaxPathBytes = 107;

    private const ushort Unix = 1;
    private const int StreamCloseOnExec = 1 | CloseOnExec;
    private const int CloseOnExec = 0x80000;
    private const int NoSignal = 0x4000;
    private const int ReadAndWrite = 2;
    private const int Backlog = 4;

    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Makes a socket of that path, which must be free and which only the server's user may connect to, and listens.</summary>
    public static int Listen(string path, out SafeFileHandle? socket)
    {
        socket = null;
        Address address = new() { Family = Unix };
        if (Encoding.UTF8.GetByteCount(path) > MaxPathBytes)
        {
            return -Errno.NameTooLong;
        }

        Encoding.UTF8.GetBytes(path, new Span<byte>(address.Path, MaxPathBytes));
        int result = SystemCall.Result(NewSocket(Unix, StreamCloseOnExec, 0));
        if (result < 0)
        {
            return result;
        }

        socket = new SafeFileHandle(result, ownsHandle: true);
        result = SystemCall.Result(Bind(socket, &address, (uint)sizeof(Address)));
        if (result >= 0)
        {
            File.SetUnixFileMode(path, OwnerOnly);
            result = SystemCall.Result(Listen(socket, Backlog));
        }

        if (result < 0)
        {
            socket.Dispose();
            socket = null;
        }

        return result;
    }

    /// <summary>Blocks until a client comes, or the socket is shut down.</summary>
    public static int Accept(SafeFileHandle listener, out SafeFileHandle? connection)
    {
        int result = SystemCall.Result(Accept(listener, null, null, CloseOnExec));
        connection = result < 0 ? null : new SafeFileHandle(result, ownsHandle: true);
        return result;
    }

    /// <summary>Blocks until there is something; 0 at the end.</summary>
    public static long Receive(SafeFileHandle socket, Span<byte> buffer)
    {
        fixed (byte* start = buffer)
        {
            return SystemCall.Result((long)Receive(socket, start, (nuint)buffer.Length, 0));
        }
    }

    /// <summary>Blocks until there is room; bytes, which may be fewer than asked for.</summary>
    public static long Send(SafeFileHandle socket, ReadOnlySpan<byte> data)
    {
        fixed (byte* start = data)
        {
            return SystemCall.Result((long)Send(socket, start, (nuint)data.Length, NoSignal));
        }
    }

    /// <summary>Ends every call that waits on the socket, on other threads too.</summary>
    public static void Shutdown(SafeFileHandle socket) => _ = Shutdown(socket, ReadAndWrite);

    [StructLayout(LayoutKind.Sequential)]
    private struct Address
    {
        public ushort Family;
        public fixed byte Path[MaxPathBytes + 1];
    }

    [LibraryImport("libc.so.6", EntryPoint = "socket", SetLastError = true)]
    private static partial int NewSocket(int family, int type, int protocol);

    [LibraryImport("libc.so.6", EntryPoint = "bind", SetLastError = true)]
    private static partial int Bind(SafeFileHandle socket, Address* address, uint length);

    [LibraryImport("libc.so.6", EntryPoint = "listen", SetLastError = true)]
    private static partial int Listen(SafeFileHandle socket, int backlog);

    [LibraryImport("libc.so.6", EntryPoint = "accept4", SetLastError = true)]
    private static partial int Accept(SafeFileHandle socket, void* address, uint* length, int flags);

    [LibraryImport("libc.so.6", EntryPoint = "recv", SetLastError = true)]
    private static partial nint Receive(SafeFileHandle socket, byte* buffer, nuint size, int flags);

    [LibraryImport("libc.so.6", EntryPoint = "send", SetLastError = true)]
    private static partial nint Send(SafeFileHandle socket, byte* data, nuint size, int flags);

    [LibraryImport("libc.so.6", EntryPoint = "shutdown", SetLastError = true)]
    private static partial int Shutdown(SafeFileHandle socket, int how);
}
