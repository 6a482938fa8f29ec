namespace Cistern.Storage.Errors;

/// <summary>The only place where error texts are written. One factory a kind of failure; each names what was wrong.</summary>
public static partial class StorageErrors
{
    public static StorageException NoPoolWithUuid(Guid uuid, string name) =>
        New(StorageErrorCode.NoStoragePool, $"no storage pool with matching uuid '{uuid}' ({name})");

    public static StorageException NoPoolWithName(string name) =>
        New(StorageErrorCode.NoStoragePool, $"no storage pool with matching name '{name}'");

    public static StorageException NoVolume(string name) =>
        New(StorageErrorCode.NoStorageVolume, $"no storage vol with matching name '{name}'");

    public static StorageException PoolNotActive(string name) =>
        New(StorageErrorCode.OperationInvalid, $"storage pool '{name}' is not active");

    public static StorageException UnsupportedFlags(uint flags, string operation) =>
        New(StorageErrorCode.InvalidArgument, $"unsupported flags (0x{flags:x}) in {operation}");

    public static StorageException Xml(string detail) =>
        New(StorageErrorCode.XmlError, detail);

    public static StorageException System(int errno, string detail, StorageErrorDomain domain = StorageErrorDomain.Storage) =>
        new(StorageErrorCode.SystemError, domain, $"{detail}: {Describe(errno)}", errno);

    private static StorageException New(StorageErrorCode code, string detail, StorageErrorDomain domain = StorageErrorDomain.Storage) =>
        new(code, domain, detail);

    private static string Describe(int errno) => global::System.Runtime.InteropServices.Marshal.GetPInvokeErrorMessage(errno);
}
