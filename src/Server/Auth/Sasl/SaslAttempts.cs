namespace Cistern.Server.Auth.Sasl;

/// <summary>What is kept for a client until it has authenticated.</summary>
internal sealed class SaslAttempts : IDisposable
{
    /// <summary>The exchange that is under way; null: none.</summary>
    public SaslSession? Session { get; set; }

    public int Failures { get; set; }

    public void Dispose() => Session?.Dispose();
}
