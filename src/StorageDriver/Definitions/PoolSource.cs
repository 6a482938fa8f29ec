using System.Collections.Immutable;

namespace Cistern.Storage.Definitions;

/// <summary>The <c>source</c> element of a pool.</summary>
public sealed record PoolSource
{
    public static PoolSource Empty { get; } = new();

    public ImmutableArray<SourceHost> Hosts { get; init; } = [];

    public ImmutableArray<SourceDevice> Devices { get; init; } = [];

    public string? Dir { get; init; }

    public SourceAdapter? Adapter { get; init; }

    public string? Name { get; init; }

    public string? InitiatorIqn { get; init; }

    /// <summary>A name of <c>PoolTypeInfo.SourceFormats</c>; null where the type has none.</summary>
    public string? Format { get; init; }

    public SourceAuth? Auth { get; init; }

    /// <summary><c>protocol@ver</c> of NFS.</summary>
    public string? ProtocolVersion { get; init; }

    public string? Vendor { get; init; }

    public string? Product { get; init; }
}

/// <summary>A server of the source; <paramref name="Port"/> 0 means the protocol's default. libvirt does not check its range.</summary>
public sealed record SourceHost(string Name, int Port = 0);

/// <summary>A device of the source.</summary>
/// <param name="PartSeparator">null when the document does not say.</param>
public sealed record SourceDevice(string Path, bool? PartSeparator = null)
{
    public ImmutableArray<FreeExtent> FreeExtents { get; init; } = [];
}

/// <summary>Unpartitioned space, in bytes from the start of the device.</summary>
public readonly record struct FreeExtent(ulong Start, ulong End);

/// <summary>Credentials of a source: where the secret is, never the secret.</summary>
/// <param name="Type"><c>chap</c> or <c>ceph</c>.</param>
/// <param name="SecretType">The <c>type</c> that the document's secret element carries; it has no meaning for pools but is kept.</param>
public sealed record SourceAuth(string Type, string Username, SecretReference Secret, string? SecretType = null);

/// <summary>A secret named by uuid or by usage; exactly one is set.</summary>
public sealed record SecretReference(Guid? Uuid, string? Usage);

/// <summary>The host bus adapter of a scsi pool.</summary>
public abstract record SourceAdapter;

/// <summary>A SCSI host by name (<c>scsi_host3</c>, or the legacy <c>host3</c>) or by its parent's PCI address.</summary>
public sealed record ScsiHostAdapter(string? Name, PciParent? Parent) : SourceAdapter;

/// <summary>A PCI address and the unique id that tells its SCSI hosts apart.</summary>
public sealed record PciParent(uint Domain, uint Bus, uint Slot, uint Function, uint UniqueId);

/// <summary>A Fibre Channel host, possibly a virtual port to be created.</summary>
public sealed record FcHostAdapter(
    string? Parent, string? ParentWwnn, string? ParentWwpn, string? ParentFabricWwn, bool? Managed, string Wwnn, string Wwpn) : SourceAdapter;
