namespace Cistern.Storage.Errors;

public static partial class StorageErrors
{
    private const int InputOutput = 5;

    public static StorageException NoPoolWithTargetPath(string path) =>
        New(StorageErrorCode.NoStoragePool, $"no storage pool with matching target path '{path}'");

    public static StorageException PoolAlreadyActive(string name) =>
        New(StorageErrorCode.OperationInvalid, $"storage pool '{name}' is already active");

    public static StorageException PoolStarting(string name) =>
        New(StorageErrorCode.OperationInvalid, $"storage pool '{name}' is starting up");

    public static StorageException PoolStopping(string name) =>
        New(StorageErrorCode.OperationInvalid, $"storage pool '{name}' is being stopped");

    public static StorageException PoolHasJobs(string name) =>
        New(StorageErrorCode.InternalError, $"storage pool '{name}' has jobs running on its volumes");

    public static StorageException PoolNotPersistent(string name) =>
        New(StorageErrorCode.InternalError, $"storage pool '{name}' has no configuration file: it is transient");

    public static StorageException PoolUuidTaken(Guid uuid, string name) =>
        New(StorageErrorCode.OperationFailed, $"storage pool '{name}' is already defined with uuid {uuid}");

    public static StorageException PoolNameTaken(string name, Guid uuid) =>
        New(StorageErrorCode.OperationFailed, $"storage pool '{name}' already exists with uuid {uuid}");

    public static StorageException PoolSourceConflict(string other) =>
        New(StorageErrorCode.OperationFailed, $"storage source conflicts with that of pool '{other}'");

    public static StorageException UnknownPoolType(string type) =>
        New(StorageErrorCode.InternalError, $"unknown storage pool type '{type}'");

    public static StorageException NoBackend(string type) =>
        New(StorageErrorCode.InternalError, $"storage pools of type '{type}' are not supported by this server");

    /// <param name="what">Completes "storage pools of type X do not support …".</param>
    public static StorageException NotSupported(string type, string what) =>
        New(StorageErrorCode.NoSupport, $"storage pools of type '{type}' do not support {what}");

    /// <summary>The pool is active but its target, mount or cluster is gone.</summary>
    public static StorageException PoolInaccessible(string name, StorageException cause) =>
        new(StorageErrorCode.SystemError, StorageErrorDomain.Storage, $"storage pool '{name}' is inaccessible: {cause.Message}", cause.Errno, cause);

    public static StorageException StorageNotResponding(string pool) =>
        New(StorageErrorCode.OperationTimeout, $"the storage of pool '{pool}' does not respond");

    public static StorageException PoolNameNotAFileName(string name) =>
        Xml($"storage pool name '{name}' cannot be the name of a configuration file");

    public static StorageException PoolFileMisnamed(string path, string name) =>
        Xml($"file '{path}' does not carry the name of its storage pool '{name}'");

    public static StorageException PoolFileNotWritten(string path, Exception cause) =>
        new(StorageErrorCode.SystemError, StorageErrorDomain.Storage, $"cannot change '{path}': {cause.Message}", InputOutput, cause);

    public static StorageException RunDirectoryLocked(string path, Exception cause) =>
        new(StorageErrorCode.InternalError, StorageErrorDomain.Storage, $"another server holds '{path}': {cause.Message}", inner: cause);
}
