using System.Security.Cryptography;
using System.Text;

namespace Cistern.Server.Auth;

/// <summary>The secret that the daemons of a host share: a file that only root can read. Who knows it is one of them.</summary>
/// <param name="path">Its file; read each time, since another daemon may make it later.</param>
public sealed class SystemToken(string path)
{
    public async ValueTask<bool> IsAsync(string told, CancellationToken cancellation) =>
        await ReadAsync(cancellation).ConfigureAwait(false) is { } token
        && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(token), Encoding.UTF8.GetBytes(told));

    /// <summary>The token; null when no daemon has made one, or it is hidden from this user.</summary>
    public async ValueTask<string?> ReadAsync(CancellationToken cancellation)
    {
        try
        {
            return await File.ReadAllTextAsync(path, cancellation).ConfigureAwait(false) is { Length: > 0 } token ? token : null;
        }
        catch (Exception missing) when (missing is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
