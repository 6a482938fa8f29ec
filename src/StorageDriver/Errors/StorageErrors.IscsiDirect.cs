namespace Cistern.Storage.Errors;

public static partial class StorageErrors
{
    /// <summary>A library that only some pool types need.</summary>
    /// <param name="package">Debian's, which holds it.</param>
    public static StorageException LibraryMissing(string library, string package) =>
        New(StorageErrorCode.InternalError, $"cannot load '{library}': package '{package}' is not installed");

    public static StorageException DiscoveryInitiatorMissing() =>
        ConfigUnsupported("the initiator's iqn is missing");

    public static StorageException AuthTypeNotSupported(string type, string auth, string expected) =>
        Xml($"storage pools of type '{type}' take authentication of type '{expected}', not '{auth}'");

    /// <param name="what">Completes "cannot …".</param>
    /// <param name="reason">The library's or the target's.</param>
    public static StorageException IscsiFailed(string portal, string what, string reason) =>
        New(StorageErrorCode.InternalError, $"cannot {what} at iSCSI portal '{portal}': {reason}");

    public static StorageException NotAUnit(string volume) =>
        New(StorageErrorCode.InternalError, $"volume '{volume}' is no logical unit: its name is not 'unit:0:0:' and a number");
}
