using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Cistern.Server.Auth;

namespace Cistern.Server.Transport.Tls;

/// <summary>Whether a certificate is good: signed by one of the CA file's, within its time, not revoked, made for its purpose, with a name that is let in.</summary>
internal sealed class CertificateCheck(X509Certificate2Collection authorities, RevocationLists? revoked, GlobPatterns? names, TimeProvider time)
{
    private const string KeyUsageAny = "2.5.29.37.0";

    /// <summary>Signatures over MD5 or SHA-1.</summary>
    private static readonly string[] WeakAlgorithms = ["1.2.840.113549.1.1.4", "1.2.840.113549.1.1.5", "1.2.840.10045.4.1"];

    /// <param name="certificate">Of a client or a server.</param>
    /// <param name="others">Those that came with it.</param>
    /// <param name="purpose">The key usage that it needs, should it be limited to some.</param>
    /// <returns>Null when it is good, else what is wrong.</returns>
    public string? FindFault(X509Certificate2 certificate, X509Certificate2Collection others, string purpose)
    {
        var now = time.GetUtcNow();
        if (now < certificate.NotBefore.ToUniversalTime())
        {
            return "it is not valid yet";
        }

        if (now > certificate.NotAfter.ToUniversalTime())
        {
            return "it has expired";
        }

        return FaultOfUse(certificate, purpose) ?? FaultOfChain(certificate, others, now)
            ?? (names?.Match(CertificateName.Of(certificate)) == false ? "its name is not on tls_allowed_dn_list" : null);
    }

    /// <summary>What is not critical is advice: libvirt only warns.</summary>
    private static string? FaultOfUse(X509Certificate2 certificate, string purpose)
    {
        foreach (var extension in certificate.Extensions)
        {
            switch (extension)
            {
                case X509BasicConstraintsExtension { CertificateAuthority: true }:
                    return "it is a CA's";
                case X509KeyUsageExtension { Critical: true } usage when !usage.KeyUsages.HasFlag(X509KeyUsageFlags.DigitalSignature):
                    return "its key may not sign";
                case X509EnhancedKeyUsageExtension { Critical: true } usage
                    when !usage.EnhancedKeyUsages.OfType<Oid>().Any(allowed => allowed.Value == purpose || allowed.Value == KeyUsageAny):
                    return "it is made for another purpose";
            }
        }

        return null;
    }

    private string? FaultOfChain(X509Certificate2 certificate, X509Certificate2Collection others, DateTimeOffset now)
    {
        using var chain = new X509Chain();
        var policy = chain.ChainPolicy;
        policy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        policy.CustomTrustStore.AddRange(authorities);
        policy.ExtraStore.AddRange(others);
        policy.RevocationMode = X509RevocationMode.NoCheck;
        policy.DisableCertificateDownloads = true;
        policy.VerificationTime = now.LocalDateTime;
        chain.Build(certificate);
        try
        {
            var signed = chain.ChainElements.Select(element => element.Certificate).ToList();
            return chain.ChainStatus.FirstOrDefault(status => !IsHarmless(status, signed)) is { Status: not X509ChainStatusFlags.NoError } fault
                    ? fault.Status is X509ChainStatusFlags.PartialChain or X509ChainStatusFlags.UntrustedRoot
                        ? "no CA that is trusted has signed it"
                        : $"its chain is bad ({fault.Status})"
                : signed.Any(link => revoked?.Contains(link) == true) ? "it has been revoked"
                : signed.Any(link => WeakAlgorithms.Contains(link.SignatureAlgorithm.Value) && !IsTrusted(link)) ? "it is signed with a weak algorithm"
                : null;
        }
        finally
        {
            foreach (var element in chain.ChainElements)
            {
                element.Certificate.Dispose();
            }
        }
    }

    /// <summary>A CA in the file is trusted even when it is not a root.</summary>
    private bool IsHarmless(X509ChainStatus status, List<X509Certificate2> signed) =>
        status.Status == X509ChainStatusFlags.NoError || (status.Status == X509ChainStatusFlags.PartialChain && IsTrusted(signed[^1]));

    private bool IsTrusted(X509Certificate2 certificate) => authorities.Any(authority => authority.RawDataMemory.Span.SequenceEqual(certificate.RawDataMemory.Span));
}
