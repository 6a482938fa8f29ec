namespace Cistern.RemoteProtocol.Programs;

/// <summary>Decodes the arguments, calls the service and replies. Exceptions, also about the arguments, are the caller's to answer.</summary>
/// <param name="payload">The arguments' bytes, read before the call returns.</param>
/// <param name="context">The call.</param>
/// <returns>Already complete when the service answered without waiting.</returns>
public delegate ValueTask ProcedureHandler<in TContext>(ReadOnlySpan<byte> payload, TContext context);
