namespace Cistern.Server.Rpc;

/// <summary>How many clients a server lets in at one time, and has now.</summary>
/// <param name="Max">Clients at one time; over it, connections wait.</param>
/// <param name="Current">Clients now.</param>
/// <param name="MaxUnauthenticated">Clients at one time that have not authenticated yet; 0: as many as there may be clients.</param>
/// <param name="CurrentUnauthenticated">Those now.</param>
public readonly record struct ClientLimits(uint Max, uint Current, uint MaxUnauthenticated, uint CurrentUnauthenticated);
