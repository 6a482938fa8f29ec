using Cistern.Storage.Host;

namespace Cistern.Storage.Errors;

public static partial class StorageErrors
{
    public static StorageException IscsiTargetInvalid(string target) =>
        New(StorageErrorCode.InvalidArgument, $"'{target}' cannot be the name of an iSCSI target");

    public static StorageException SourceDeviceMissing(string pool) =>
        New(StorageErrorCode.InternalError, $"the source of pool '{pool}' must have one device, the name of the target");

    public static StorageException NoIscsiInterface(string iqn) =>
        New(StorageErrorCode.OperationFailed, $"no iSCSI interface has the initiator's name '{iqn}'", StorageErrorDomain.None);

    public static StorageException NoIscsiSession(string target) =>
        New(StorageErrorCode.InternalError, $"this host is not logged in at iSCSI target '{target}'");

    public static StorageException IscsiSessionDown(string target, string? state) =>
        System(Errno.NotConnected, $"iSCSI target '{target}' cannot be reached: the session is '{state}'");

    public static StorageException NoIscsiRecord(string target) =>
        New(StorageErrorCode.InternalError, $"'iscsiadm' keeps its record of target '{target}' in no known place");

    public static StorageException IscsiRecordNotWritten(string file, Exception cause) =>
        new(StorageErrorCode.SystemError, StorageErrorDomain.Storage, $"cannot change '{file}': {cause.Message}", InputOutput, cause);

    public static StorageException OnlyChap(string type) => Xml($"iSCSI pools can authenticate by 'chap', not by '{type}'");

    public static StorageException ChapPasswordUnusable(string user) =>
        New(StorageErrorCode.InvalidArgument, $"the secret of iSCSI user '{user}' cannot be a password: it is empty, has line breaks, or blanks at an end");
}
