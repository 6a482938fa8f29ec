namespace Cistern.Storage.Errors;

public static partial class StorageErrors
{
    public static StorageException GlusterNameInvalid(string name) =>
        Xml($"the name of gluster volume '{name}' must not be empty or contain '/'");

    public static StorageException GlusterFolderInvalid(string folder) =>
        Xml($"the folder '{folder}' of a gluster volume must begin with '/'");

    /// <param name="place">The volume's URI.</param>
    public static StorageException GlusterNotConnected(int errno, string place) => System(errno, $"cannot connect to '{place}'");

    public static StorageException FormatNotMade(string format, string type) =>
        ConfigUnsupported($"volumes of format '{format}' cannot be made in pools of type '{type}'");

    public static StorageException EncryptionNotMade(string type) =>
        ConfigUnsupported($"encrypted volumes cannot be made in pools of type '{type}'");

    public static StorageException BackingStoreElsewhere(string path) =>
        ConfigUnsupported($"backing store '{path}' is no volume of the same pool");

    /// <param name="why">Completes "cannot be resized: …".</param>
    public static StorageException ImageNotResized(string name, string why) =>
        ConfigUnsupported($"volume '{name}' cannot be resized: {why}");
}
