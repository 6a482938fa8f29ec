using System.Globalization;
using Cistern.Storage.Host;

namespace Cistern.Storage.Backends.Scsi;

/// <summary>The logical units that the kernel knows (sysfs, <c>bus/scsi/devices/HOST:BUS:TARGET:LUN</c>).</summary>
internal static class ScsiLuns
{
    /// <summary>SCSI peripheral device types.</summary>
    private const string Disk = "0";
    private const string CdRom = "5";

    /// <summary>Disks and CD-ROMs of a host by bus, target and LUN; none when there is no such host.</summary>
    public static IReadOnlyList<ScsiLun> Find(KernelRoots kernel, uint host)
    {
        string folder = $"{kernel.Sys}/bus/scsi/devices";
        List<ScsiLun> found = [];
        foreach (string name in KernelFiles.Names(folder))
        {
            if (TryParse(name, host, out uint bus, out uint target, out ulong number)
                && KernelFiles.ReadText($"{folder}/{name}/type") is Disk or CdRom)
            {
                string? device = KernelFiles.Names($"{folder}/{name}/block").FirstOrDefault();
                found.Add(new ScsiLun(bus, target, number, device, ScsiIdentity.Read($"{folder}/{name}")));
            }
        }

        return [.. found.OrderBy(lun => (lun.Bus, lun.Target, lun.Number))];
    }

    private static bool TryParse(string name, uint host, out uint bus, out uint target, out ulong number)
    {
        (bus, target, number) = (0, 0, 0);
        return name.Split(':') is [var first, var second, var third, var fourth]
            && uint.TryParse(first, NumberStyles.None, CultureInfo.InvariantCulture, out uint of) && of == host
            && uint.TryParse(second, NumberStyles.None, CultureInfo.InvariantCulture, out bus)
            && uint.TryParse(third, NumberStyles.None, CultureInfo.InvariantCulture, out target)
            && ulong.TryParse(fourth, NumberStyles.None, CultureInfo.InvariantCulture, out number);
    }
}
