using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Cistern.Storage.Host;

/// <summary>Asks device-mapper about its devices (<c>linux/dm-ioctl.h</c>). For root alone.</summary>
internal static unsafe partial class DeviceMapperCalls
{
    private const nuint TableStatus = 0xC138FD0C;
    private const int BufferSize = 16 * 1024;

    /// <summary>Version 4 of the interface; the kernel tells its own.</summary>
    private const uint Version = 4;

    /// <summary>The status as it is, without waiting for what a target has yet to write.</summary>
    private const uint NoFlush = 1 << 11;

    // The header of a call, and behind it, in the answer, that of the first target.
    private const int SizeOffset = 12;
    private const int StartOffset = 16;
    private const int CountOffset = 20;
    private const int FlagsOffset = 28;
    private const int NameOffset = 48;
    private const int NameSize = 128;
    private const int HeaderSize = 312;
    private const int TypeOffset = 24;
    private const int TypeSize = 16;
    private const int TargetSize = TypeOffset + TypeSize;

    /// <summary>Null where there is no such device, it has no table, or device-mapper does not answer.</summary>
    /// <param name="name">As the kernel has it (sysfs, <c>dm/name</c>).</param>
    public static DeviceMapperTarget? FirstTarget(KernelRoots kernel, string name)
    {
        byte[] text = Encoding.UTF8.GetBytes(name);
        if (text.Length >= NameSize
            || FileSystemCalls.Open($"{kernel.Dev}/mapper/control", OpenFlags.ReadWrite, out SafeFileHandle? control) < 0)
        {
            return null;
        }

        using (control)
        {
            byte[] buffer = new byte[BufferSize];
            Write(buffer, 0, Version);
            Write(buffer, SizeOffset, BufferSize);
            Write(buffer, StartOffset, HeaderSize);
            Write(buffer, FlagsOffset, NoFlush);
            text.CopyTo(buffer, NameOffset);
            fixed (byte* start = buffer)
            {
                return IoControl(control!, TableStatus, start) < 0 ? null : Read(buffer);
            }
        }
    }

    /// <summary>The first target of an answer; null: it has none, or not all of it is there.</summary>
    private static DeviceMapperTarget? Read(ReadOnlySpan<byte> answer)
    {
        int start = (int)Read(answer, StartOffset);
        return Read(answer, CountOffset) > 0 && start + TargetSize <= answer.Length
            ? new DeviceMapperTarget(Text(answer.Slice(start + TypeOffset, TypeSize)), Text(answer[(start + TargetSize)..]))
            : null;
    }

    private static string Text(ReadOnlySpan<byte> bytes) => Encoding.UTF8.GetString(bytes.IndexOf((byte)0) is >= 0 and var end ? bytes[..end] : bytes);

    private static uint Read(ReadOnlySpan<byte> buffer, int offset) => MemoryMarshal.Read<uint>(buffer[offset..]);

    private static void Write(Span<byte> buffer, int offset, uint value) => MemoryMarshal.Write(buffer[offset..], value);

    [LibraryImport("libc.so.6", EntryPoint = "ioctl", SetLastError = true)]
    private static partial int IoControl(SafeFileHandle file, nuint request, byte* argument);
}
