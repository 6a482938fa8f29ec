namespace Cistern.Storage.Errors;

public static partial class StorageErrors
{
    /// <summary>Nothing says where to look for sources.</summary>
    public static StorageException SourceHostMissing(string type) =>
        New(StorageErrorCode.InvalidArgument, $"a host must be given to find sources for pools of type '{type}'");

    public static StorageException SourceHostCount(int count) =>
        ConfigUnsupported($"the source must have exactly one host, not {count}");

    public static StorageException SourceHostInvalid(string name) =>
        New(StorageErrorCode.InvalidArgument, $"'{name}' cannot be the name of a source's host");

    /// <param name="failure">What the tool said.</param>
    public static StorageException NoSharesFound(string host, string failure) =>
        New(StorageErrorCode.OperationFailed, $"no storage pools were found on host '{host}': {failure}");

    public static StorageException ShareAuthNotSupported(string type) =>
        ConfigUnsupported($"authentication of type '{type}' is not supported for a share, only 'chap'");

    public static StorageException CredentialsNotOneLine(string user) =>
        ConfigUnsupported($"user name or password of '{user}' has a line break or null character in it");
}
