namespace Cistern.Server.Rpc;

/// <summary>The calls of all clients of a server.</summary>
/// <param name="Running">Calls that have been begun and not answered.</param>
/// <param name="Waiting">Clients whose next call waits until one of their own is answered.</param>
public readonly record struct CallLoad(uint Running, uint Waiting);
