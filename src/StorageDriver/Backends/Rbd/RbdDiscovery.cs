using System.Text;
using Cistern.Storage.Backends.Rbd.Native;
using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;

namespace Cistern.Storage.Backends.Rbd;

/// <summary>Finds the pools of a cluster that images can be in. Blocks.</summary>
internal static unsafe class RbdDiscovery
{
    private const string Application = "rbd";

    /// <summary>Pools meant for images, and those of which nobody said what they are for.</summary>
    /// <param name="source">How the cluster is reached.</param>
    /// <exception cref="StorageException">As <see cref="RbdConnection.Connect"/>.</exception>
    public static List<PoolSource> Find(PoolSource source, ReadOnlyMemory<byte>? key)
    {
        using RadosCluster cluster = RbdConnection.Connect(source, [], key);
        return [.. ListPools(cluster).Where(name => IsForImages(cluster, name)).Select(name => source with { Name = name })];
    }

    private static string[] ListPools(RadosCluster cluster)
    {
        byte[] names = [];
        while (true)
        {
            fixed (byte* start = names)
            {
                int needed = RadosCalls.ListPools(cluster, start, (nuint)names.Length);
                if (needed < 0)
                {
                    throw StorageErrors.System(-needed, "cannot list the pools of the cluster");
                }

                if (needed <= names.Length)
                {
                    return Split(names);
                }

                names = new byte[needed];
            }
        }
    }

    /// <summary>A pool that this client may not open is none for it.</summary>
    private static bool IsForImages(RadosCluster cluster, string name)
    {
        if (RadosPool.Open(cluster, name, out RadosPool pool) < 0)
        {
            return false;
        }

        using (pool)
        {
            const int Room = 4096;
            byte* names = stackalloc byte[Room];
            nuint size = Room;
            if (RadosCalls.ListApplications(pool, names, ref size) < 0)
            {
                return false;
            }

            string[] applications = Split(new ReadOnlySpan<byte>(names, (int)Math.Min(size, Room)));
            return applications.Length == 0 || applications.Contains(Application);
        }
    }

    private static string[] Split(ReadOnlySpan<byte> names) =>
        Encoding.UTF8.GetString(names).Split('\0', StringSplitOptions.RemoveEmptyEntries);
}
