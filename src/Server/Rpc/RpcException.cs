namespace Cistern.Server.Rpc;

/// <summary>An expected failure that the RPC layer itself answers, or a service that has no module of its own. Made by its factories.</summary>
public sealed class RpcException : Exception
{
    private const int InternalError = 1;
    private const int InvalidArgument = 8;
    private const int OperationDenied = 29;
    private const int Rpc = 39;
    private const int AuthenticationFailed = 45;
    private const int OperationAborted = 78;
    private const int RpcDomain = 7;
    private const int StreamsDomain = 38;

    public RpcException(RemoteError error)
        : base(error.Message) => Error = error;

    public RemoteError Error { get; }

    /// <summary>39/7; the text as it is, since clients compare it (<c>unknown procedure: N</c>).</summary>
    public static RpcException Protocol(string message) => new(new RemoteError(Rpc, RpcDomain, message, "%s", message));

    /// <summary>1 in the given domain (7 unless told).</summary>
    public static RpcException Internal(string detail, int domain = RpcDomain) => Prefixed(InternalError, domain, "internal error", detail);

    /// <summary>8/38.</summary>
    public static RpcException InvalidStreamArgument(string detail) => Prefixed(InvalidArgument, StreamsDomain, "invalid argument", detail);

    /// <summary>29: a read-only connection asked for a change.</summary>
    public static RpcException ReadOnly(string function, int domain) =>
        Prefixed(OperationDenied, domain, "operation forbidden", $"read only access prevents {function}");

    /// <summary>45/7.</summary>
    public static RpcException AuthenticationRefused(string detail) => Prefixed(AuthenticationFailed, RpcDomain, "authentication failed", detail);

    /// <summary>78/38: a stream was ended from this side.</summary>
    public static RpcException StreamAborted() => Prefixed(OperationAborted, StreamsDomain, "operation aborted", "the server ended the stream");

    private static RpcException Prefixed(int code, int domain, string prefix, string detail) =>
        new(new RemoteError(code, domain, $"{prefix}: {detail}", prefix + ": %s", detail));
}
