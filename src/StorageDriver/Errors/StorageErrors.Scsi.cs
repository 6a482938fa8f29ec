namespace Cistern.Storage.Errors;

public static partial class StorageErrors
{
    public static StorageException InvalidAdapterName(string name) =>
        New(StorageErrorCode.InternalError, $"'{name}' is not the name of a SCSI host, such as scsi_host2", StorageErrorDomain.None);

    /// <param name="address">Domain, bus, slot and function.</param>
    public static StorageException NoScsiHostAt(string address, uint uniqueId) =>
        New(StorageErrorCode.XmlError, $"there is no SCSI host with unique id {uniqueId} at PCI address '{address}'", StorageErrorDomain.None);

    public static StorageException NoScsiHost(uint host) =>
        System(Host.Errno.NoEntry, $"cannot find SCSI host {host}");

    public static StorageException TargetWithoutDevices(string target, string devices) =>
        New(StorageErrorCode.InvalidArgument, $"target path '{target}' cannot hold devices: it is not below '{devices}'");

    public static StorageException NoFcHost(string wwnn, string wwpn) =>
        New(StorageErrorCode.XmlError, $"there is no Fibre Channel host with wwnn '{wwnn}' and wwpn '{wwpn}'");

    public static StorageException FcHostNotVirtual(string host) =>
        ConfigUnsupported($"wwnn and wwpn are those of {host}, which is no virtual port");

    public static StorageException FcParentMisnamed(string name) =>
        Xml($"'{name}' is not the name of a SCSI host, such as scsi_host2");

    public static StorageException NotAnFcHost(string name) =>
        ConfigUnsupported($"parent '{name}' is not a Fibre Channel host");

    public static StorageException OtherFcParent(string asked, string host, string parent) =>
        Xml($"parent '{asked}' is not that of {host}, which has wwnn and wwpn: it is of {parent}");

    /// <param name="which">Completes "there is no Fibre Channel host … to make a virtual port on".</param>
    public static StorageException NoFcParent(string which) =>
        New(StorageErrorCode.XmlError, $"there is no Fibre Channel host {which} to make a virtual port on", StorageErrorDomain.NodeDevice);

    public static StorageException NoVirtualPorts(string host, string operation) =>
        New(StorageErrorCode.OperationInvalid, $"{host} does not support '{operation}'", StorageErrorDomain.None);
}
