using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Cistern.Storage.Host;

/// <summary>SELinux labels of files: the extended attribute <c>security.selinux</c>. Results as <see cref="SystemCall"/> says.</summary>
internal static unsafe partial class SecurityLabels
{
    private const string Attribute = "security.selinux";

    /// <summary>Labels are shorter than a page (selinux(8)).</summary>
    private const int MaxBytes = 4096;

    /// <summary>Whether the host enforces or checks labels at all, as of the server's start.</summary>
    public static bool AreUsed { get; } = Detect(KernelRoots.Host);

    /// <inheritdoc cref="AreUsed"/>
    public static bool Detect(KernelRoots kernel) => File.Exists($"{kernel.Sys}/fs/selinux/enforce");

    /// <summary>The label of what <paramref name="path"/> leads to; null when it has none or cannot be asked.</summary>
    public static string? Get(string path)
    {
        byte* value = stackalloc byte[MaxBytes];
        nint length = GetAttribute(path, Attribute, value, MaxBytes);
        return length <= 0 ? null : Encoding.UTF8.GetString(new ReadOnlySpan<byte>(value, (int)length).TrimEnd((byte)0));
    }

    public static int Set(SafeFileHandle file, string label)
    {
        byte[] value = Encoding.UTF8.GetBytes(label + '\0');
        fixed (byte* start = value)
        {
            return SystemCall.Result(SetAttribute(file, Attribute, start, (nuint)value.Length, 0));
        }
    }

    [LibraryImport("libc.so.6", EntryPoint = "getxattr", StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint GetAttribute(string path, string name, byte* value, nuint size);

    [LibraryImport("libc.so.6", EntryPoint = "fsetxattr", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetAttribute(SafeFileHandle file, string name, byte* value, nuint size, int flags);
}
