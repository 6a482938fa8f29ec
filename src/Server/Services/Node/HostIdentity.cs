namespace Cistern.Server.Services.Node;

/// <summary>Where the host's uuid comes from.</summary>
/// <param name="Uuid"><c>host_uuid</c>; null: the system's.</param>
/// <param name="IsMachineId"><c>host_uuid_source</c> is <c>machine-id</c> rather than the firmware.</param>
public sealed record HostIdentity(Guid? Uuid = null, bool IsMachineId = false)
{
    /// <summary>The firmware's id is for root only; the machine id (machine-id(5)) is there for everybody and as stable.</summary>
    internal Guid Read(KernelFiles files) =>
        Uuid is { } set ? set
        : !IsMachineId && Guid.TryParse(files.Line("/sys/class/dmi/id/product_uuid"), out var firmware) && firmware != Guid.Empty ? firmware
        : Guid.TryParse(files.Line("/etc/machine-id"), out var machine) ? machine
        : Guid.NewGuid();
}
