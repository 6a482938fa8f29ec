using System.Globalization;
using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;
using Cistern.Storage.Host;

namespace Cistern.Storage.Backends.Scsi;

/// <summary>The Fibre Channel hosts that the kernel knows, real ones and virtual ports (sysfs, <c>class/fc_host</c>).</summary>
internal static class FcHosts
{
    private const string Online = "Online";

    /// <summary>The host of a node and a port name; null when there is none.</summary>
    public static uint? Find(KernelRoots kernel, string wwnn, string wwpn) =>
        First(kernel, host => Has(kernel, host, "node_name", wwnn) && Has(kernel, host, "port_name", wwpn));

    public static bool Exists(KernelRoots kernel, uint host) => Directory.Exists(Folder(kernel, host));

    /// <summary>The host that a virtual port is of; null for a host that is real.</summary>
    public static uint? ParentOf(KernelRoots kernel, uint host)
    {
        string[] way = new FileInfo(Folder(kernel, host)).LinkTarget?.Split('/') ?? [];
        return way.Select(part => part.StartsWith("host", StringComparison.Ordinal) ? ScsiHosts.Number(part) : null)
            .LastOrDefault(number => number is not null && number != host);
    }

    /// <summary>The host on which a virtual port of the adapter is to be made.</summary>
    /// <exception cref="StorageException">27/22: there is no such host, or none that has room; 1/0: the parent's name is not that of a host.</exception>
    public static uint FindParent(KernelRoots kernel, FcHostAdapter adapter)
    {
        if (adapter.Parent is { } name)
        {
            uint parent = ScsiHosts.Number(name) ?? throw StorageErrors.InvalidAdapterName(name);
            return Exists(kernel, parent) ? parent : throw StorageErrors.NoFcParent($"'{name}'");
        }

        if (adapter is { ParentWwnn: { } wwnn, ParentWwpn: { } wwpn })
        {
            return Find(kernel, wwnn, wwpn) ?? throw StorageErrors.NoFcParent($"with wwnn '{wwnn}' and wwpn '{wwpn}'");
        }

        if (adapter.ParentFabricWwn is { } fabric)
        {
            return First(kernel, host => MakesPorts(kernel, host) && Has(kernel, host, "fabric_name", fabric))
                ?? throw StorageErrors.NoFcParent($"in the fabric with wwn '{fabric}'");
        }

        return First(kernel, host => HasRoom(kernel, host)) ?? throw StorageErrors.NoFcParent("that is online and has room for a virtual port");
    }

    /// <summary>Makes a virtual port, whose host then comes by itself.</summary>
    /// <exception cref="StorageException">55/0: the host cannot have any; 38/0: its driver refused.</exception>
    public static void MakePort(KernelRoots kernel, uint host, FcHostAdapter adapter) => Change(kernel, host, "vport_create", adapter);

    /// <inheritdoc cref="MakePort"/>
    public static void DeletePort(KernelRoots kernel, uint host, FcHostAdapter adapter) => Change(kernel, host, "vport_delete", adapter);

    private static void Change(KernelRoots kernel, uint host, string file, FcHostAdapter adapter)
    {
        string path = Array.Find(PortFiles(kernel, host, file), File.Exists) ?? throw StorageErrors.NoVirtualPorts($"host{host}", file);
        KernelFiles.Write(path, $"{Plain(adapter.Wwpn)}:{Plain(adapter.Wwnn)}");
    }

    private static uint? First(KernelRoots kernel, Func<uint, bool> matches) =>
        KernelFiles.Names($"{kernel.Sys}/class/fc_host").Select(ScsiHosts.Number).Order().FirstOrDefault(host => host is { } number && matches(number));

    private static bool HasRoom(KernelRoots kernel, uint host) =>
        Read(kernel, host, "port_state") == Online
        && Count(kernel, host, "max_npiv_vports") is { } most && Count(kernel, host, "npiv_vports_inuse") is { } used && used < most;

    private static bool MakesPorts(KernelRoots kernel, uint host) => PortFiles(kernel, host, "vport_create").Any(File.Exists);

    /// <summary>Drivers had the files at the SCSI host once.</summary>
    private static string[] PortFiles(KernelRoots kernel, uint host, string file) =>
        [$"{Folder(kernel, host)}/{file}", $"{kernel.Sys}/class/scsi_host/host{host}/{file}"];

    private static bool Has(KernelRoots kernel, uint host, string attribute, string name) =>
        Read(kernel, host, attribute) is { } found && Plain(found).Equals(Plain(name), StringComparison.OrdinalIgnoreCase);

    private static uint? Count(KernelRoots kernel, uint host, string attribute) =>
        uint.TryParse(Read(kernel, host, attribute), CultureInfo.InvariantCulture, out uint count) ? count : null;

    private static string? Read(KernelRoots kernel, uint host, string attribute) => KernelFiles.ReadText($"{Folder(kernel, host)}/{attribute}");

    /// <summary>The digits of a world wide name, which documents and the kernel may write behind <c>0x</c>.</summary>
    private static string Plain(string name) => name.StartsWith("0x", StringComparison.Ordinal) ? name[2..] : name;

    private static string Folder(KernelRoots kernel, uint host) => $"{kernel.Sys}/class/fc_host/host{host}";
}
