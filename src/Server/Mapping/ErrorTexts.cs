using Cistern.Server.Rpc;

namespace Cistern.Server.Mapping;

/// <summary>The texts that clients know for each error code: a fixed beginning, then the detail. Clients print them as they come.</summary>
public static class ErrorTexts
{
    /// <param name="code">virErrorNumber.</param>
    /// <param name="domain">virErrorDomain.</param>
    /// <param name="errno">The system's error number for code 38, else -1.</param>
    public static RemoteError Compose(int code, int domain, string detail, int errno = -1)
    {
        var beginning = Beginning(code);
        return new(code, domain, beginning + detail, beginning + "%s", detail, errno);
    }

    private static string Beginning(int code) => code switch
    {
        1 => "internal error: ",
        3 => "this function is not supported by the connection driver: ",
        5 => "no connection driver available for ",
        8 => "invalid argument: ",
        9 => "operation failed: ",
        27 => "XML error: ",
        29 => "operation forbidden: ",
        42 => "Domain not found: ",
        43 => "Network not found: ",
        45 => "authentication failed: ",
        49 => "Storage pool not found: ",
        50 => "Storage volume not found: ",
        53 => "Node device not found: ",
        55 => "Requested operation is not valid: ",
        57 => "Interface not found: ",
        62 => "Network filter not found: ",
        65 => "Invalid secret: ",
        66 => "Secret not found: ",
        67 => "unsupported configuration: ",
        68 => "Timed out during operation: ",
        74 => "argument unsupported: ",
        75 => "Storage pool probe failed: ",
        76 => "Storage pool already built: ",
        78 => "operation aborted: ",
        82 => "numerical overflow: ",
        84 => "Operation not supported: ",
        88 => "access denied: ",
        92 => "XML document failed to validate against schema: ",
        101 => "Network filter binding not found: ",

        // The detail stands alone: 35 (not well-formed), 38 (system error), 39 (RPC), 90 (volume exists).
        _ => "",
    };
}
