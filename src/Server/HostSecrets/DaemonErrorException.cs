namespace Cistern.Server.HostSecrets;

/// <summary>The error that another daemon answers a call with.</summary>
/// <param name="code">virErrorNumber.</param>
internal sealed class DaemonErrorException(int code, string message) : Exception(message)
{
    public int Code => code;
}
