namespace Cistern.Server.Auth;

/// <summary>Whose a socket of this machine is.</summary>
/// <param name="UserId">The user that made it.</param>
/// <param name="Inode">Zero when no process has it open any more; the user is then not to be trusted.</param>
public readonly record struct SocketOwner(uint UserId, uint Inode);
