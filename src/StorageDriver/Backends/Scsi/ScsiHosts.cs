using System.Globalization;
using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;
using Cistern.Storage.Host;

namespace Cistern.Storage.Backends.Scsi;

/// <summary>The SCSI hosts that the kernel knows (sysfs, <c>class/scsi_host</c>).</summary>
internal static class ScsiHosts
{
    private static readonly string[] Prefixes = ["scsi_host", "fc_host", "host"];

    /// <summary>The N of <c>scsi_hostN</c>, <c>fc_hostN</c> or <c>hostN</c>; null for any other name.</summary>
    public static uint? Number(string? name)
    {
        string? prefix = name is null ? null : Array.Find(Prefixes, prefix => name.StartsWith(prefix, StringComparison.Ordinal));
        return prefix is not null && uint.TryParse(name.AsSpan(prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out uint number)
            ? number
            : null;
    }

    /// <exception cref="StorageException">1/0: the name is not that of a SCSI host; 27/0: there is no host at the PCI address.</exception>
    public static uint Find(KernelRoots kernel, ScsiHostAdapter adapter)
    {
        if (adapter.Parent is { } parent)
        {
            return FindAt(kernel, parent) ?? throw StorageErrors.NoScsiHostAt(Address(parent), parent.UniqueId);
        }

        return Number(adapter.Name) ?? throw StorageErrors.InvalidAdapterName(adapter.Name!);
    }

    public static bool Exists(KernelRoots kernel, uint host) => Directory.Exists(Folder(kernel, host));

    /// <summary>Has the host look for units that came; it takes as long as its ports take.</summary>
    /// <exception cref="StorageException">38/18: there is no such host, or its driver failed.</exception>
    public static void Rescan(KernelRoots kernel, uint host) => KernelFiles.Write($"{Folder(kernel, host)}/scan", "- - -");

    /// <summary>The host of a PCI device that has the unique id; null when there is none.</summary>
    public static uint? FindAt(KernelRoots kernel, PciParent parent)
    {
        string address = Address(parent);
        string folder = $"{kernel.Sys}/class/scsi_host";
        foreach (string name in KernelFiles.Names(folder).Order(StringComparer.Ordinal))
        {
            // The link leads through the devices on the way to the host.
            if (new FileInfo($"{folder}/{name}").LinkTarget is { } target && target.Split('/').Contains(address)
                && uint.TryParse(KernelFiles.ReadText($"{folder}/{name}/unique_id"), CultureInfo.InvariantCulture, out uint unique)
                && unique == parent.UniqueId)
            {
                return Number(name);
            }
        }

        return null;
    }

    private static string Folder(KernelRoots kernel, uint host) => $"{kernel.Sys}/class/scsi_host/host{host}";

    private static string Address(PciParent parent) =>
        string.Create(CultureInfo.InvariantCulture, $"{parent.Domain:x4}:{parent.Bus:x2}:{parent.Slot:x2}.{parent.Function:x}");
}
