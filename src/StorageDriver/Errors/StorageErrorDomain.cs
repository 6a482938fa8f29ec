namespace Cistern.Storage.Errors;

/// <summary>The <c>virErrorDomain</c> values of errors raised here: which module of libvirt a client believes them to come from.</summary>
public enum StorageErrorDomain
{
    None = 0,
    Xml = 5,
    Storage = 18,
    NodeDevice = 22,
    Secret = 30,
    Streams = 38,
}
