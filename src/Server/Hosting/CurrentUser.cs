using System.Runtime.InteropServices;

namespace Cistern.Server.Hosting;

/// <summary>The user that the server runs as.</summary>
internal static partial class CurrentUser
{
    public static uint EffectiveId => EffectiveUserId();

    [LibraryImport("libc", EntryPoint = "geteuid")]
    private static partial uint EffectiveUserId();
}
