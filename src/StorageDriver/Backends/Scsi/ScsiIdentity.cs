using Cistern.Storage.Host;

namespace Cistern.Storage.Backends.Scsi;

/// <summary>How a logical unit names itself, by the pages of its vital product data that the kernel has read (SPC-5).</summary>
/// <param name="Serial">What scsi_id(8) tells with <c>--replace-whitespace</c>; null when it says nothing of itself.</param>
/// <param name="PortGroup">The group of the target port through which it is seen, in hexadecimal; null when it does not say.</param>
internal sealed record ScsiIdentity(string? Serial, string? PortGroup)
{
    /// <summary>Names the path to the unit too, for virtual ports, which may see one unit twice; null when it does not say.</summary>
    public string? SerialAtPort => Serial is not null && PortGroup is not null ? $"{Serial}_PORT{PortGroup}" : null;

    /// <param name="folder">The unit's folder in sysfs.</param>
    public static ScsiIdentity Read(string folder)
    {
        ScsiDesignators designators = new(KernelFiles.Read($"{folder}/vpd_pg83"));
        string maker = KernelFiles.ReadText($"{folder}/vendor") + KernelFiles.ReadText($"{folder}/model");
        return new ScsiIdentity(designators.Serial(maker) ?? ScsiSerialPage.Serial(KernelFiles.Read($"{folder}/vpd_pg80"), maker), designators.PortGroup);
    }
}
