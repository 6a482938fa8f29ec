namespace Cistern.Storage.Errors;

public static partial class StorageErrors
{
    public static StorageException VolumeNameNotAFileName(string name) =>
        New(StorageErrorCode.OperationInvalid, $"volume name '{name}' cannot be the name of a file: it has '/' or control characters, is '.' or '..', or is reserved");

    public static StorageException VolumePathExists(string path) =>
        New(StorageErrorCode.OperationInvalid, $"volume target path '{path}' already exists");

    public static StorageException BackingStoreNotSupported(string format) =>
        New(StorageErrorCode.NoSupport, $"backing storage is not supported for volumes of format '{format}'");

    public static StorageException BackingStoreNotAFile(string path) =>
        ConfigUnsupported($"backing store '{path}' is neither a file nor a block device");

    public static StorageException BackingChainLoops(string image, string again) =>
        New(StorageErrorCode.InternalError, $"the backing chain of '{image}' is a loop: it comes back to '{again}'");

    public static StorageException BackingChainTooLong(string image, int limit) =>
        New(StorageErrorCode.InternalError, $"the backing chain of '{image}' has more than {limit} images");

    public static StorageException BackingFormatNotStated(string image) =>
        New(StorageErrorCode.ConfigUnsupported, $"image '{image}' has a backing file, but nothing says that it may: the image above it does not state its format");

    public static StorageException RawEncryptionNotSupported(string format) =>
        New(StorageErrorCode.InternalError, $"raw volumes can be encrypted only with format 'luks', not '{format}'");

    /// <summary>What the resize of an encrypted volume answers when its passphrase is not known.</summary>
    public static StorageException VolumeWithoutSecret(string name) =>
        Xml($"no secret is known for the encryption of volume '{name}'");

    public static StorageException CopyNotSupported(string format) =>
        New(StorageErrorCode.InternalError, $"cannot copy to or from a volume of format '{format}'");

    public static StorageException RemovalNotSupported(string path) =>
        New(StorageErrorCode.NoSupport, $"removing block or network volumes is not supported: {path}");

    /// <summary>Space can be allocated only where the file's bytes are the volume's.</summary>
    public static StorageException AllocationNotSupported(string format) =>
        New(StorageErrorCode.OperationUnsupported, $"allocation is not supported when a volume of format '{format}' is resized, only for raw volumes");

    public static StorageException TrimNotSupported() =>
        New(StorageErrorCode.ArgumentUnsupported, "algorithm 'trim' is not supported");

    public static StorageException ExclusiveFlags(uint flags, string operation) =>
        New(StorageErrorCode.InvalidArgument, $"flags 0x{flags:x} exclude each other in {operation}");

    public static StorageException NoDeviceToFormat(string pool) =>
        New(StorageErrorCode.OperationInvalid, $"no source device is given to be formatted for pool '{pool}'");

    public static StorageException PathNotAbsolute(string path) =>
        New(StorageErrorCode.InvalidArgument, $"path '{path}' is not absolute");
}
