namespace Cistern.Server.Auth;

/// <summary>The server's next word in a SASL exchange.</summary>
/// <param name="IsComplete">The client has authenticated.</param>
/// <param name="Data">Null is no data, which is not the same as none of its bytes.</param>
public readonly record struct SaslReply(bool IsComplete, byte[]? Data);
