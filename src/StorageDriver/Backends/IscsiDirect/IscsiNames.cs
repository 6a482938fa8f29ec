using System.Globalization;
using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;

namespace Cistern.Storage.Backends.IscsiDirect;

/// <summary>How portals and units are called.</summary>
internal static class IscsiNames
{
    private const int DefaultPort = 3260;
    private const string UnitPrefix = "unit:0:0:";

    /// <summary>Host and port as libiscsi takes them; an IPv6 address in brackets.</summary>
    public static string Portal(SourceHost host)
    {
        string name = host.Name.Contains(':', StringComparison.Ordinal) && !host.Name.StartsWith('[') ? $"[{host.Name}]" : host.Name;
        return string.Create(CultureInfo.InvariantCulture, $"{name}:{(host.Port == 0 ? DefaultPort : host.Port)}");
    }

    public static string Volume(int unit) => string.Create(CultureInfo.InvariantCulture, $"{UnitPrefix}{unit}");

    /// <summary>The unit's number; -1 for what is no unit's name.</summary>
    public static int Find(string volume) =>
        volume.StartsWith(UnitPrefix, StringComparison.Ordinal)
        && int.TryParse(volume.AsSpan(UnitPrefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out int unit)
        && Volume(unit) == volume
            ? unit
            : -1;

    /// <exception cref="StorageException">1/18.</exception>
    public static int Unit(VolumeDefinition volume) => Find(volume.Name) is >= 0 and var unit ? unit : throw StorageErrors.NotAUnit(volume.Name);

    /// <summary>The path is the key too.</summary>
    public static string Path(string portal, string target, int unit) =>
        string.Create(CultureInfo.InvariantCulture, $"ip-{portal}-iscsi-{target}-lun-{unit}");
}
