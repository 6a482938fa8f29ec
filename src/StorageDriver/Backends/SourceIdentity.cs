namespace Cistern.Storage.Backends;

/// <summary>What makes two pools serve the same storage, so that the second of them is refused (9/18).</summary>
public enum SourceIdentity
{
    /// <summary>Nothing: any number of pools may have the same source.</summary>
    None,

    /// <summary>The same target path.</summary>
    TargetPath,

    /// <summary>A common source device, compared with all other types of this identity.</summary>
    Devices,

    /// <summary>A common device and the same initiator.</summary>
    DevicesAndInitiator,

    /// <summary>The same single host.</summary>
    Host,

    /// <summary>The same single host and directory.</summary>
    HostAndDir,

    /// <summary>The same single host, source name and directory.</summary>
    HostNameAndDir,

    /// <summary>The same source name.</summary>
    Name,

    /// <summary>The same host bus adapter.</summary>
    Adapter,

    /// <summary>The machine itself: there can be only one such pool.</summary>
    Machine,
}
