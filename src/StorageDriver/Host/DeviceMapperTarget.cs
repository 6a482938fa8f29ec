namespace Cistern.Storage.Host;

/// <summary>The first target of a device-mapper device.</summary>
/// <param name="Type">For example <c>multipath</c>.</param>
/// <param name="Status">As <c>dmsetup status</c> shows it, behind the type.</param>
internal sealed record DeviceMapperTarget(string Type, string Status);
