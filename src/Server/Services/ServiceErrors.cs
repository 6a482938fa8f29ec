using Cistern.Server.Mapping;
using Cistern.Server.Rpc;

namespace Cistern.Server.Services;

/// <summary>The failures that the services themselves answer, beside those of the storage driver. Numbers are virErrorNumber and virErrorDomain.</summary>
internal static class ServiceErrors
{
    private const int RpcDomain = 7;
    private const int HypervisorDomain = 10;
    private const int ConnectDomain = 20;

    /// <summary>39/7: the request breaks the protocol's rules.</summary>
    public static RpcException Rpc(string detail) => New(39, RpcDomain, detail);

    /// <summary>1/7.</summary>
    public static RpcException InternalRpc(string detail) => New(1, RpcDomain, detail);

    /// <summary>1/0.</summary>
    public static RpcException Internal(string detail) => New(1, 0, detail);

    /// <summary>5/0.</summary>
    public static RpcException NoDriver(string uri) => New(5, 0, uri);

    /// <summary>3: the connection's driver has no such function.</summary>
    public static RpcException NotSupported(string function, int domain) => New(3, domain, function);

    /// <summary>8/0.</summary>
    public static RpcException InvalidArgument(string detail) => New(8, 0, detail);

    /// <summary>8/10.</summary>
    public static RpcException InvalidHypervisorArgument(string detail) => New(8, HypervisorDomain, detail);

    /// <summary>8 with a text that stands alone, as libvirt's plain checks of arguments have it.</summary>
    public static RpcException BadArgument(string message, string argument, int domain = 0) => new(new RemoteError(8, domain, message, "%s", argument));

    /// <summary>8 for bits that mean nothing.</summary>
    public static RpcException UnsupportedFlags(uint flags, string function, int domain) =>
        BadArgument($"unsupported flags (0x{flags:x}) in function {function}", "flags", domain);

    /// <summary>8/20: an argument of a connection call is out of its range.</summary>
    public static RpcException BadConnectArgument(string message, string argument) => BadArgument(message, argument, ConnectDomain);

    /// <summary>9/0.</summary>
    public static RpcException OperationFailed(string detail) => New(9, 0, detail);

    /// <summary>38/0.</summary>
    public static RpcException SystemError(string detail) => New(38, 0, detail);

    /// <summary>67/10.</summary>
    public static RpcException HypervisorUnsupported(string detail) => New(67, HypervisorDomain, detail);

    /// <summary>74/0.</summary>
    public static RpcException ArgumentUnsupported(string detail) => New(74, 0, detail);

    /// <summary>An object of a kind that this server has none of: <paramref name="code"/> is the kind's own "not found".</summary>
    public static RpcException NotFound(int code, int domain, string detail) => New(code, domain, detail);

    private static RpcException New(int code, int domain, string detail) => new(ErrorTexts.Compose(code, domain, detail));
}
