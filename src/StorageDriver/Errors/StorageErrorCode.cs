namespace Cistern.Storage.Errors;

/// <summary>The <c>virErrorNumber</c> values that the storage and secret drivers answer.</summary>
public enum StorageErrorCode
{
    InternalError = 1,
    NoSupport = 3,
    InvalidArgument = 8,
    OperationFailed = 9,
    XmlError = 27,
    OperationDenied = 29,
    XmlNotWellFormed = 35,
    SystemError = 38,
    NoStoragePool = 49,
    NoStorageVolume = 50,
    OperationInvalid = 55,
    InvalidSecret = 65,
    NoSecret = 66,
    ConfigUnsupported = 67,
    OperationTimeout = 68,
    ArgumentUnsupported = 74,
    StorageProbeFailed = 75,
    StoragePoolBuilt = 76,
    OperationAborted = 78,
    Overflow = 82,
    OperationUnsupported = 84,
    AccessDenied = 88,
    StorageVolumeExists = 90,
    XmlInvalidSchema = 92,
}
