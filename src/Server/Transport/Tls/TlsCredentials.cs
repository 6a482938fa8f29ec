using System.Formats.Asn1;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Cistern.Server.Auth;

namespace Cistern.Server.Transport.Tls;

/// <summary>What the files held when they were read.</summary>
/// <param name="Own">What the server shows.</param>
/// <param name="Clients">What it asks of clients.</param>
internal sealed record TlsCredentials(SslStreamCertificateContext Own, CertificateCheck Clients)
{
    public const string ServerPurpose = "1.3.6.1.5.5.7.3.1";
    public const string ClientPurpose = "1.3.6.1.5.5.7.3.2";

    /// <exception cref="IOException">Names the file that is missing or bad, and what is wrong.</exception>
    public static TlsCredentials Load(TlsOptions options, TimeProvider time)
    {
        var authorities = Read(options.CaFile, path =>
        {
            var certificates = new X509Certificate2Collection();
            certificates.ImportFromPemFile(path);
            return certificates.Count > 0 ? certificates : throw new CryptographicException("it holds no certificate");
        });
        var own = Read(options.CertificateFile, _ => X509Certificate2.CreateFromPem(File.ReadAllText(options.CertificateFile), ReadKey(options.KeyFile)));
        var others = new X509Certificate2Collection();
        others.ImportFromPemFile(options.CertificateFile);
        var revocationFile = options.RevocationFile ?? (File.Exists(options.DefaultRevocationFile) ? options.DefaultRevocationFile : null);
        var revoked = revocationFile is null ? null : Read(revocationFile, path => RevocationLists.Parse(File.ReadAllText(path)));
        if (options.VerifiesItself && new CertificateCheck(authorities, revoked, names: null, time).FindFault(own, others, ServerPurpose) is { } fault)
        {
            throw new IOException($"the server's certificate {options.CertificateFile} cannot be used: {fault}");
        }

        var names = options.AllowedNames is { } allowed ? new GlobPatterns(allowed) : null;
        return new(SslStreamCertificateContext.Create(own, others, offline: true), new CertificateCheck(authorities, revoked, names, time));
    }

    private static string ReadKey(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new IOException($"the TLS key file {path} cannot be read: {exception.Message}", exception);
        }
    }

    private static T Read<T>(string path, Func<string, T> read)
    {
        try
        {
            return read(path);
        }
        catch (Exception exception) when (exception is UnauthorizedAccessException or CryptographicException or AsnContentException or FormatException
            or ArgumentException or FileNotFoundException or DirectoryNotFoundException)
        {
            throw new IOException($"the TLS file {path} cannot be used: {exception.Message}", exception);
        }
    }
}
