using System.Runtime.InteropServices;

namespace Cistern.Storage.Backends.Rbd.Native;

/// <summary>A connection to a cluster. What is open through it keeps it.</summary>
internal sealed class RadosCluster() : SafeHandle(0, ownsHandle: true)
{
    public override bool IsInvalid => handle == 0;

    /// <param name="user">The client's name; null: the default.</param>
    /// <returns>A negated error number, with no cluster.</returns>
    public static int Create(string? user, out RadosCluster cluster)
    {
        cluster = new RadosCluster();
        int result = RadosCalls.Create(out nint made, user);
        if (result >= 0)
        {
            cluster.SetHandle(made);
        }

        return result;
    }

    protected override bool ReleaseHandle()
    {
        RadosCalls.Shutdown(handle);
        return true;
    }
}
