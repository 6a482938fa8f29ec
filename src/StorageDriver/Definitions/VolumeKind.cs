namespace Cistern.Storage.Definitions;

/// <summary>What a volume is to a guest; the numbers of <c>virStorageVolType</c>.</summary>
public enum VolumeKind
{
    File = 0,
    Block = 1,
    Dir = 2,
    Network = 3,
    NetDir = 4,
    Ploop = 5,
}
