using Cistern.Storage.Backends.Mounts;
using Cistern.Storage.Definitions;
using Cistern.Storage.Host;

namespace Cistern.Storage.Backends.NetFs;

/// <summary>A folder that a server shares.</summary>
internal sealed record ShareSource(PoolSource Source) : IMountSource
{
    private const string Cifs = "cifs";
    private const string Gluster = "glusterfs";

    public string Name => NameOf(Source);

    /// <param name="source">With one host and a folder.</param>
    public static string NameOf(PoolSource source) =>
        source.Format == Cifs ? $"//{source.Hosts[0].Name}/{source.Dir?.TrimStart('/')}" : $"{source.Hosts[0].Name}:{source.Dir}";

    /// <summary>The kernel tells what the command line said, but for slashes that mean nothing.</summary>
    public bool Is(KernelRoots kernel, Mount mount) => Plain(mount.Source) == Plain(Name);

    private string Plain(string name) => Source.Format switch
    {
        Cifs => string.Join('/', name.Split('/', StringSplitOptions.RemoveEmptyEntries)),
        Gluster => name.Replace(":/", ":", StringComparison.Ordinal),
        _ => name.TrimEnd('/'),
    };
}
