namespace Cistern.Server.Auth.Sasl;

/// <summary>What libsasl2 says against it; for the log, never for the client.</summary>
public sealed class SaslException(string message) : Exception(message);
