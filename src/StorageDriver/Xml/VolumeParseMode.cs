namespace Cistern.Storage.Xml;

/// <summary>What a volume document is read for.</summary>
public enum VolumeParseMode
{
    /// <summary>A new volume: capacity is required unless there is a backing store.</summary>
    Create,

    /// <summary>A copy: capacity may be left out.</summary>
    CreateFrom,
}
