using Cistern.RemoteProtocol.Errors;
using Cistern.Server.Rpc;

namespace Cistern.Server.Mapping;

/// <summary>The texts that clients know for each error code: a fixed beginning, then the detail. Clients print them as they come.</summary>
public static class ErrorTexts
{
    /// <param name="errno">The system's error number for code 38, else -1.</param>
    public static RemoteError Compose(ErrorNumber code, ErrorDomain domain, string detail, int errno = -1)
    {
        var beginning = Beginning(code);
        return new((int)code, (int)domain, beginning + detail, beginning + "%s", detail, errno);
    }

    private static string Beginning(ErrorNumber code) => code switch
    {
        ErrorNumber.InternalError => "internal error: ",
        ErrorNumber.NoSupport => "this function is not supported by the connection driver: ",
        ErrorNumber.NoConnect => "no connection driver available for ",
        ErrorNumber.InvalidArg => "invalid argument: ",
        ErrorNumber.OperationFailed => "operation failed: ",
        ErrorNumber.XmlError => "XML error: ",
        ErrorNumber.OperationDenied => "operation forbidden: ",
        ErrorNumber.NoDomain => "Domain not found: ",
        ErrorNumber.NoNetwork => "Network not found: ",
        ErrorNumber.AuthFailed => "authentication failed: ",
        ErrorNumber.NoStoragePool => "Storage pool not found: ",
        ErrorNumber.NoStorageVol => "Storage volume not found: ",
        ErrorNumber.NoNodeDevice => "Node device not found: ",
        ErrorNumber.OperationInvalid => "Requested operation is not valid: ",
        ErrorNumber.NoInterface => "Interface not found: ",
        ErrorNumber.NoNwfilter => "Network filter not found: ",
        ErrorNumber.InvalidSecret => "Invalid secret: ",
        ErrorNumber.NoSecret => "Secret not found: ",
        ErrorNumber.ConfigUnsupported => "unsupported configuration: ",
        ErrorNumber.OperationTimeout => "Timed out during operation: ",
        ErrorNumber.ArgumentUnsupported => "argument unsupported: ",
        ErrorNumber.StorageProbeFailed => "Storage pool probe failed: ",
        ErrorNumber.StoragePoolBuilt => "Storage pool already built: ",
        ErrorNumber.OperationAborted => "operation aborted: ",
        ErrorNumber.AuthCancelled => "authentication cancelled: ",
        ErrorNumber.Overflow => "numerical overflow: ",
        ErrorNumber.OperationUnsupported => "Operation not supported: ",
        ErrorNumber.AccessDenied => "access denied: ",
        ErrorNumber.DbusService => "error from service: ",
        ErrorNumber.XmlInvalidSchema => "XML document failed to validate against schema: ",
        ErrorNumber.AuthUnavailable => "authentication unavailable: ",
        ErrorNumber.NoServer => "Server not found: ",
        ErrorNumber.NoClient => "Client not found: ",
        ErrorNumber.NoNwfilterBinding => "Network filter binding not found: ",

        // The detail stands alone: not well-formed documents, system errors, broken rules of the protocol, a volume that exists already.
        _ => "",
    };
}
