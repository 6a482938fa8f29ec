namespace Cistern.Storage.Errors;

public static partial class StorageErrors
{
    /// <summary>Its value is not told: it may be a key.</summary>
    public static StorageException RadosOption(string option) =>
        New(StorageErrorCode.InternalError, $"cannot set option '{option}' of the cluster's client");

    public static StorageException ImageNameNotPossible(string name) =>
        New(StorageErrorCode.OperationInvalid, $"volume name '{name}' cannot be the name of an image: it has '/', '@' or control characters, or is reserved");

    public static StorageException RawOnly(string type) =>
        ConfigUnsupported($"storage pools of type '{type}' have volumes of format 'raw' only");

    public static StorageException EncryptionNotSupported(string type) =>
        ConfigUnsupported($"storage pools of type '{type}' do not support encrypted volumes");

    public static StorageException OldImageFormat(string name) =>
        New(StorageErrorCode.OperationUnsupported, $"image '{name}' is of format 1, which cannot be cloned");
}
