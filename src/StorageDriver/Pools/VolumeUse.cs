namespace Cistern.Storage.Pools;

/// <summary>Who uses a volume at present.</summary>
internal sealed class VolumeUse
{
    /// <summary>The one job that changes the volume.</summary>
    public VolumeJob? Job { get; set; }

    /// <summary>Copies being made from the volume.</summary>
    public int Readers { get; set; }

    /// <summary>Open uploads and downloads.</summary>
    public HashSet<VolumeStream> Streams { get; } = [];

    /// <summary>True while the server itself changes the volume.</summary>
    public bool IsChanging => Job is not null || Streams.Any(stream => stream.IsUpload);

    public bool IsIdle => Job is null && Readers == 0 && Streams.Count == 0;

    /// <summary>True while the volume may not be changed: it is being wiped or copied.</summary>
    public bool InUse => Readers > 0 || Job is { Kind: VolumeJobKind.Wipe };
}
