using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Cistern.Storage.Host;

/// <summary>The socket on which changes of devices are told: netlink(7), NETLINK_KOBJECT_UEVENT. Results as <see cref="SystemCall"/> says.</summary>
internal static unsafe partial class UeventCalls
{
    /// <summary>Group of what the kernel tells.</summary>
    public const uint Kernel = 1;

    /// <summary>Group of what udev tells when it is done with an event of the kernel's: links and permissions are in place.</summary>
    public const uint Udev = 2;

    private const ushort Netlink = 16;
    private const int DatagramCloseOnExec = 3 | 0x80000;
    private const int KobjectUevent = 15;

    public static int Open(uint group, out SafeFileHandle? socket)
    {
        int result = SystemCall.Result(NewSocket(Netlink, DatagramCloseOnExec, KobjectUevent));
        socket = result < 0 ? null : new SafeFileHandle(result, ownsHandle: true);
        if (socket is null)
        {
            return result;
        }

        Address address = new() { Family = Netlink, Groups = group };
        result = SystemCall.Result(Bind(socket, &address, (uint)sizeof(Address)));
        if (result < 0)
        {
            socket.Dispose();
            socket = null;
        }

        return result;
    }

    /// <summary>Blocks until there is a message; its bytes.</summary>
    public static long Receive(SafeFileHandle socket, Span<byte> buffer)
    {
        fixed (byte* start = buffer)
        {
            return SystemCall.Result((long)Receive(socket, start, (nuint)buffer.Length, 0));
        }
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct Address
    {
        public ushort Family;
        public ushort Padding;
        public uint Port;
        public uint Groups;
    }

    [LibraryImport("libc.so.6", EntryPoint = "socket", SetLastError = true)]
    private static partial int NewSocket(int family, int type, int protocol);

    [LibraryImport("libc.so.6", EntryPoint = "bind", SetLastError = true)]
    private static partial int Bind(SafeFileHandle socket, Address* address, uint length);

    [LibraryImport("libc.so.6", EntryPoint = "recv", SetLastError = true)]
    private static partial nint Receive(SafeFileHandle socket, byte* buffer, nuint size, int flags);
}
