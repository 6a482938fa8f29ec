namespace Cistern.RemoteProtocol.Programs;

/// <summary>The stream that a successful call opens, from the client's view.</summary>
public enum StreamDirection
{
    None,

    /// <summary>Server to client.</summary>
    Read,

    /// <summary>Client to server.</summary>
    Write,
}
