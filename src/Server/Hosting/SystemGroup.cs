using System.Runtime.InteropServices;

namespace Cistern.Server.Hosting;

/// <summary>The groups of this machine.</summary>
internal static unsafe partial class SystemGroup
{
    /// <exception cref="ArgumentException">There is no such group.</exception>
    public static uint Find(string name)
    {
        // struct group: name, password, id.
        var group = (byte*)GetByName(name);
        return group is null
            ? throw new ArgumentException($"unix_sock_group: there is no group '{name}'", nameof(name))
            : *(uint*)(group + (2 * sizeof(nint)));
    }

    [LibraryImport("libc", EntryPoint = "getgrnam", StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint GetByName(string name);
}
