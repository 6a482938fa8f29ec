using System.Runtime.InteropServices;

namespace Cistern.Storage.Host;

/// <summary>As whom the server acts.</summary>
internal static partial class ProcessIdentity
{
    public static uint User => GetUser();

    public static uint Group => GetGroup();

    [LibraryImport("libc.so.6", EntryPoint = "geteuid")]
    private static partial uint GetUser();

    [LibraryImport("libc.so.6", EntryPoint = "getegid")]
    private static partial uint GetGroup();
}
