namespace Cistern.Storage.Errors;

public static partial class StorageErrors
{
    private const int ShownOutput = 200;

    public static StorageException HostNotFound(string host, string reason) =>
        New(StorageErrorCode.OperationFailed, $"cannot find host '{host}': {reason}");

    public static StorageException ClusterVolumeNameInvalid(string name) =>
        New(StorageErrorCode.OperationInvalid, $"volume name '{name}' is empty, too long, begins with '-' or has a '/' or line break in it");

    /// <param name="kind"><c>user</c> or <c>group</c>.</param>
    public static StorageException AccountUnknown(string kind, uint id) =>
        New(StorageErrorCode.SystemError, $"there is no {kind} with number {id} on this host");

    public static StorageException OutputNotUnderstood(string command, string output) =>
        New(StorageErrorCode.InternalError, $"'{command}' printed what is not understood: {(output.Length > ShownOutput ? output[..ShownOutput] : output).Trim()}");
}
