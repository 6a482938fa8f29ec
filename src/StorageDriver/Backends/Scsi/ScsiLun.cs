namespace Cistern.Storage.Backends.Scsi;

/// <summary>A disk or CD-ROM of a SCSI host.</summary>
/// <param name="Number">The LUN in the kernel's flat numbering.</param>
/// <param name="Device">The kernel's name of its block device, for example <c>sda</c>; null when there is none, or not yet.</param>
/// <param name="Identity">Who it says that it is.</param>
internal sealed record ScsiLun(uint Bus, uint Target, ulong Number, string? Device, ScsiIdentity Identity)
{
    /// <summary>Leaves out the host, whose number changes from boot to boot.</summary>
    public string VolumeName => $"unit:{Bus}:{Target}:{Number}";
}
