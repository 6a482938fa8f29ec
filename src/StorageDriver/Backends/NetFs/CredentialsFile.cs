using System.Text;
using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;
using Cistern.Storage.Secrets;

namespace Cistern.Storage.Backends.NetFs;

/// <summary>The file from which mount.cifs takes a user's name and password, so that they stand in no command line.</summary>
internal static class CredentialsFile
{
    /// <summary>Writes the file; null for a source without credentials.</summary>
    /// <exception cref="StorageException">67/18: credentials of another kind, or that the file cannot hold; 66/30 or 8/0: no value can be had; 38/18.</exception>
    public static async ValueTask<PrivateFile?> WriteAsync(HostContext host, SourceAuth? auth, CancellationToken cancellation)
    {
        if (auth is null)
        {
            return null;
        }

        if (auth.Type != "chap")
        {
            throw StorageErrors.ShareAuthNotSupported(auth.Type);
        }

        var password = await host.Secrets.GetValueAsync(auth.Secret, SecretUsageType.Iscsi, cancellation).ConfigureAwait(false);
        byte[] content = Format(auth.Username, password.Span);
        try
        {
            return PrivateFile.Write(host, "credentials", content);
        }
        finally
        {
            Array.Clear(content);
        }
    }

    /// <summary>One line each; a user may be named with the domain, <c>DOMAIN\USER</c>.</summary>
    internal static byte[] Format(string user, ReadOnlySpan<byte> password)
    {
        if (user.AsSpan().ContainsAny('\n', '\r', '\0') || password.ContainsAny("\n\r\0"u8))
        {
            throw StorageErrors.CredentialsNotOneLine(user.ReplaceLineEndings(" "));
        }

        int slash = user.IndexOf('\\', StringComparison.Ordinal);
        string domain = slash > 0 ? $"domain={user[..slash]}\n" : "";
        return [.. Encoding.UTF8.GetBytes($"username={user[(slash + 1)..]}\n{domain}password="), .. password, (byte)'\n'];
    }
}
