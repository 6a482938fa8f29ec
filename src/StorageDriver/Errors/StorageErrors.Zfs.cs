namespace Cistern.Storage.Errors;

public static partial class StorageErrors
{
    public static StorageException DatasetNameInvalid(string name) =>
        New(StorageErrorCode.InvalidArgument, $"'{name}' cannot be the name of a dataset or device of ZFS");

    public static StorageException ZfsOutputNotUnderstood(string property, string value) =>
        New(StorageErrorCode.InternalError, $"the tools of ZFS tell '{value}' of property '{property}'");

    public static StorageException SourceDevicesMissing(string pool) =>
        ConfigUnsupported($"storage pool '{pool}' has no source devices to be made of");
}
