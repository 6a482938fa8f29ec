using Cistern.RemoteProtocol.Errors;

namespace Cistern.Server.Rpc;

/// <summary>An expected failure that the RPC layer itself answers, or a service that has no module of its own. Made by its factories.</summary>
public sealed class RpcException : Exception
{
    public RpcException(RemoteError error)
        : base(error.Message) => Error = error;

    public RemoteError Error { get; }

    /// <summary>39/7; the text as it is, since clients compare it (<c>unknown procedure: N</c>).</summary>
    public static RpcException Protocol(string message) => new(new RemoteError((int)ErrorNumber.Rpc, (int)ErrorDomain.Rpc, message, "%s", message));

    /// <summary>1 in the given domain (7 unless told).</summary>
    public static RpcException Internal(string detail, ErrorDomain domain = ErrorDomain.Rpc) => Prefixed(ErrorNumber.InternalError, domain, "internal error", detail);

    /// <summary>8/38.</summary>
    public static RpcException InvalidStreamArgument(string detail) => Prefixed(ErrorNumber.InvalidArg, ErrorDomain.Streams, "invalid argument", detail);

    /// <summary>29: a read-only connection asked for a change.</summary>
    public static RpcException ReadOnly(string function, ErrorDomain domain) =>
        Prefixed(ErrorNumber.OperationDenied, domain, "operation forbidden", $"read only access prevents {function}");

    /// <summary>45/7; does not say why.</summary>
    public static RpcException AuthenticationFailed() => Prefixed(ErrorNumber.AuthFailed, ErrorDomain.Rpc, "authentication failed", "authentication failed");

    /// <summary>78/38: a stream was ended from this side.</summary>
    public static RpcException StreamAborted() => Prefixed(ErrorNumber.OperationAborted, ErrorDomain.Streams, "operation aborted", "the server ended the stream");

    private static RpcException Prefixed(ErrorNumber code, ErrorDomain domain, string prefix, string detail) =>
        new(new RemoteError((int)code, (int)domain, $"{prefix}: {detail}", prefix + ": %s", detail));
}
