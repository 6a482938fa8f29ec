using Cistern.Storage.Errors;
using Cistern.Storage.Host;

namespace Cistern.Storage.Backends.Blocks;

/// <summary>Whether a device may be overwritten without anything being lost.</summary>
internal static class DeviceProbe
{
    /// <exception cref="StorageException">76/18: there is something on the device; 75/18: that cannot be found out; 1/18: libblkid is missing.</exception>
    public static void RequireEmpty(string device)
    {
        try
        {
            using BlkidProbe probe = BlkidCalls.Open(device) ?? throw StorageErrors.DeviceNotProbed(device, "it cannot be read");
            switch (BlkidCalls.Probe(probe))
            {
                case BlkidCalls.Nothing:
                    return;
                case BlkidCalls.Found:
                    string? content = BlkidCalls.Value(probe, "TYPE") ?? BlkidCalls.Value(probe, "PTTYPE");
                    throw content is null ? StorageErrors.DeviceNotProbed(device, "it has unknown content") : StorageErrors.DeviceNotEmpty(device, content);
                case BlkidCalls.Ambiguous:
                    throw StorageErrors.DeviceNotEmpty(device, "content of several kinds");
                default:
                    throw StorageErrors.DeviceNotProbed(device, "reading it failed");
            }
        }
        catch (DllNotFoundException)
        {
            throw StorageErrors.ToolMissing(BlkidCalls.Library, "the system's library folders");
        }
    }
}
