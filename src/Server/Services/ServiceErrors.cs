using Cistern.RemoteProtocol.Errors;
using Cistern.Server.Mapping;
using Cistern.Server.Rpc;

namespace Cistern.Server.Services;

/// <summary>The failures that the services themselves answer, beside those of the storage driver.</summary>
internal static class ServiceErrors
{
    /// <summary>39/7: the request breaks the protocol's rules.</summary>
    public static RpcException Rpc(string detail) => New(ErrorNumber.Rpc, ErrorDomain.Rpc, detail);

    /// <summary>1/7.</summary>
    public static RpcException InternalRpc(string detail) => New(ErrorNumber.InternalError, ErrorDomain.Rpc, detail);

    /// <summary>1/0.</summary>
    public static RpcException Internal(string detail) => New(ErrorNumber.InternalError, ErrorDomain.None, detail);

    /// <summary>5/0.</summary>
    public static RpcException NoDriver(string uri) => New(ErrorNumber.NoConnect, ErrorDomain.None, uri);

    /// <summary>3: the connection's driver has no such function.</summary>
    public static RpcException NotSupported(string function, ErrorDomain domain) => New(ErrorNumber.NoSupport, domain, function);

    /// <summary>8/0.</summary>
    public static RpcException InvalidArgument(string detail) => New(ErrorNumber.InvalidArg, ErrorDomain.None, detail);

    /// <summary>8/7.</summary>
    public static RpcException InvalidRpcArgument(string detail) => New(ErrorNumber.InvalidArg, ErrorDomain.Rpc, detail);

    /// <summary>8/10.</summary>
    public static RpcException InvalidHypervisorArgument(string detail) => New(ErrorNumber.InvalidArg, ErrorDomain.Qemu, detail);

    /// <summary>8 with a text that stands alone, as libvirt's plain checks of arguments have it.</summary>
    public static RpcException BadArgument(string message, string argument, ErrorDomain domain = ErrorDomain.None) =>
        new(new RemoteError((int)ErrorNumber.InvalidArg, (int)domain, message, "%s", argument));

    /// <summary>8 for bits that mean nothing.</summary>
    public static RpcException UnsupportedFlags(uint flags, string function, ErrorDomain domain) =>
        BadArgument($"unsupported flags (0x{flags:x}) in function {function}", "flags", domain);

    /// <summary>8/20: an argument of a connection call is out of its range.</summary>
    public static RpcException BadConnectArgument(string message, string argument) => BadArgument(message, argument, ErrorDomain.Domain);

    /// <summary>9/0.</summary>
    public static RpcException OperationFailed(string detail) => New(ErrorNumber.OperationFailed, ErrorDomain.None, detail);

    /// <summary>38/0.</summary>
    /// <param name="errno">The system's number, where it gave one.</param>
    public static RpcException SystemError(string detail, int errno = -1) =>
        new(ErrorTexts.Compose(ErrorNumber.SystemError, ErrorDomain.None, detail, errno));

    /// <summary>67/10.</summary>
    public static RpcException HypervisorUnsupported(string detail) => New(ErrorNumber.ConfigUnsupported, ErrorDomain.Qemu, detail);

    /// <summary>74/0.</summary>
    public static RpcException ArgumentUnsupported(string detail) => New(ErrorNumber.ArgumentUnsupported, ErrorDomain.None, detail);

    /// <summary>An object of a kind that this server has none of: <paramref name="code"/> is the kind's own "not found".</summary>
    public static RpcException NotFound(ErrorNumber code, ErrorDomain domain, string detail) => New(code, domain, detail);

    private static RpcException New(ErrorNumber code, ErrorDomain domain, string detail) => new(ErrorTexts.Compose(code, domain, detail));
}
