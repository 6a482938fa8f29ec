using Cistern.Storage.Backends.Mounts;
using Cistern.Storage.Host;

namespace Cistern.Storage.Backends.VStorage;

/// <summary>A Virtuozzo storage cluster.</summary>
internal sealed record ClusterSource(string Cluster) : IMountSource
{
    public string Name => $"vstorage://{Cluster}";

    public bool Is(KernelRoots kernel, Mount mount) => mount.Source == Name;
}
