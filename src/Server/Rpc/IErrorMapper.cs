namespace Cistern.Server.Rpc;

/// <summary>Knows what clients are told about the exceptions of the services.</summary>
public interface IErrorMapper
{
    /// <returns>Null for an exception that nobody expected: it is logged whole and answered as an internal error.</returns>
    RemoteError? Map(Exception exception);
}
