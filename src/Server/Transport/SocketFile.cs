using System.ComponentModel;
using System.Runtime.InteropServices;

namespace Cistern.Server.Transport;

/// <summary>The file of a unix socket.</summary>
internal static partial class SocketFile
{
    private const uint Unchanged = uint.MaxValue;

    /// <summary>Sets who may connect. Before the socket listens: until then nobody can connect, whatever mode it was made with.</summary>
    /// <param name="group">Null: as it is.</param>
    /// <exception cref="Win32Exception">The group cannot be given away.</exception>
    public static void SetAccess(string path, UnixFileMode mode, uint? group)
    {
        if (group is { } id && ChangeOwner(path, Unchanged, id) != 0)
        {
            throw new Win32Exception(Marshal.GetLastPInvokeError(), $"cannot give '{path}' to group {id}: {Marshal.GetLastPInvokeErrorMessage()}");
        }

        File.SetUnixFileMode(path, mode);
    }

    [LibraryImport("libc", EntryPoint = "chown", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int ChangeOwner(string path, uint user, uint group);
}
