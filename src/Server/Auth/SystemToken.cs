using System.Security.Cryptography;
using System.Text;

namespace Cistern.Server.Auth;

/// <summary>The secret that the daemons of a host share: a file that only root can read. Who knows it is one of them.</summary>
/// <param name="path">Its file; read each time, since another daemon may make it later.</param>
public sealed class SystemToken(string path)
{
    public async ValueTask<bool> IsAsync(string told, CancellationToken cancellation)
    {
        try
        {
            var token = await File.ReadAllBytesAsync(path, cancellation).ConfigureAwait(false);
            return token.Length > 0 && CryptographicOperations.FixedTimeEquals(token, Encoding.UTF8.GetBytes(told));
        }
        catch (Exception missing) when (missing is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
