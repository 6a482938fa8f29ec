namespace Cistern.Storage.Errors;

public static partial class StorageErrors
{
    public static StorageException InvalidAdapterName(string name) =>
        New(StorageErrorCode.InternalError, $"'{name}' is not the name of a SCSI host, such as scsi_host2", StorageErrorDomain.None);

    /// <param name="address">Domain, bus, slot and function.</param>
    public static StorageException NoScsiHostAt(string address, uint uniqueId) =>
        New(StorageErrorCode.XmlError, $"there is no SCSI host with unique id {uniqueId} at PCI address '{address}'", StorageErrorDomain.None);
}
