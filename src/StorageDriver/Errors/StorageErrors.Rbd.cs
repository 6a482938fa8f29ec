namespace Cistern.Storage.Errors;

public static partial class StorageErrors
{
    public static StorageException LibraryMissing(string library, string package) =>
        New(StorageErrorCode.InternalError, $"cannot load '{library}': package '{package}' is not installed");

    /// <summary>Its value is not told: it may be a key.</summary>
    public static StorageException RadosOption(string option) =>
        New(StorageErrorCode.InternalError, $"cannot set option '{option}' of the cluster's client");

    public static StorageException SourceHostMissing(string type) =>
        New(StorageErrorCode.InvalidArgument, $"sources of type '{type}' can be looked for only at a host: element 'host' is missing");

    public static StorageException ImageNameNotPossible(string name) =>
        New(StorageErrorCode.OperationInvalid, $"volume name '{name}' cannot be the name of an image: it has '/', '@' or control characters, or is reserved");

    public static StorageException RawOnly(string type) =>
        ConfigUnsupported($"storage pools of type '{type}' have volumes of format 'raw' only");

    public static StorageException CapacityRequired(string type) =>
        New(StorageErrorCode.NoSupport, $"a volume without capacity is not possible in a pool of type '{type}'");

    public static StorageException EncryptionNotSupported(string type) =>
        ConfigUnsupported($"storage pools of type '{type}' do not support encrypted volumes");

    public static StorageException OldImageFormat(string name) =>
        New(StorageErrorCode.OperationUnsupported, $"image '{name}' is of format 1, which cannot be cloned");
}
