using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Cistern.Server.Auth;
using Cistern.Server.Transport.Tls;

namespace Cistern.Server.Tests.Transport.Tls;

public sealed class CertificateCheckTests : IDisposable
{
    private static readonly DateTimeOffset Start = DateTimeOffset.UtcNow.AddDays(-1);
    private static readonly DateTimeOffset End = DateTimeOffset.UtcNow.AddDays(1);

    private readonly List<IDisposable> _made = [];
    private readonly X509Certificate2 _authority;

    public CertificateCheckTests() => _authority = Issue("CN=CA", issuer: null, isAuthority: true);

    [Fact]
    public void A_certificate_of_the_ca_is_good() => Assert.Null(Check(Issue("CN=client", _authority)));

    [Fact]
    public void One_of_another_ca_is_not_even_if_the_ca_has_the_same_name()
    {
        Assert.Contains("no CA that is trusted", Check(Issue("CN=client", Issue("CN=other CA", null, isAuthority: true))), StringComparison.Ordinal);
        Assert.NotNull(Check(Issue("CN=client", Issue("CN=CA", null, isAuthority: true))));
    }

    [Fact]
    public void One_that_has_signed_itself_is_not() =>
        Assert.Contains("no CA that is trusted", Check(Issue("CN=client", issuer: null)), StringComparison.Ordinal);

    [Fact]
    public void A_ca_between_may_come_with_it_or_be_the_one_that_is_trusted()
    {
        var between = Issue("CN=between", _authority, isAuthority: true);
        var client = Issue("CN=client", between);
        Assert.NotNull(Check(client));
        Assert.Null(Check(client, others: [between]));
        Assert.Null(new CertificateCheck([between], null, null, TimeProvider.System).FindFault(client, [], TlsCredentials.ClientPurpose));
    }

    [Fact]
    public void Whoever_is_no_ca_signs_for_nobody()
    {
        var client = Issue("CN=client", _authority);
        Assert.NotNull(Check(Issue("CN=other", client), others: [client]));
    }

    [Fact]
    public void Its_time_counts()
    {
        var client = Issue("CN=client", _authority);
        Assert.Equal("it has expired", Check(client, at: End.AddMinutes(1)));
        Assert.Equal("it is not valid yet", Check(client, at: Start.AddMinutes(-1)));
    }

    [Fact]
    public void Only_the_serial_numbers_of_its_own_issuer_are_revoked()
    {
        var (client, other) = (Issue("CN=client", _authority), Issue("CN=other", _authority));
        Assert.Equal("it has been revoked", Check(client, revoked: Revoke(_authority, client)));
        Assert.Null(Check(other, revoked: Revoke(_authority, client)));
        Assert.Null(Check(client, revoked: Revoke(Issue("CN=other CA", null, isAuthority: true), client)));
        Assert.Null(Check(client, revoked: Revoke(_authority)));
    }

    [Fact]
    public void A_ca_between_that_is_revoked_takes_its_certificates_with_it()
    {
        var between = Issue("CN=between", _authority, isAuthority: true);
        Assert.Equal("it has been revoked", Check(Issue("CN=client", between), others: [between], revoked: Revoke(_authority, between)));
    }

    [Fact]
    public void A_file_without_a_list_is_no_revocation_list() =>
        Assert.Throws<CryptographicException>(() => RevocationLists.Parse(_authority.ExportCertificatePem()));

    [Fact]
    public void A_purpose_counts_when_it_is_critical()
    {
        Assert.Null(Check(Issue("CN=client", _authority, extension: Purpose(TlsCredentials.ServerPurpose, critical: false))));
        Assert.Null(Check(Issue("CN=client", _authority, extension: Purpose(TlsCredentials.ClientPurpose, critical: true))));
        Assert.Equal("it is made for another purpose", Check(Issue("CN=client", _authority, extension: Purpose(TlsCredentials.ServerPurpose, critical: true))));
        Assert.Equal("its key may not sign", Check(Issue("CN=client", _authority, extension: new X509KeyUsageExtension(X509KeyUsageFlags.KeyEncipherment, critical: true))));
        Assert.Equal("it is a CA's", Check(Issue("CN=client", _authority, isAuthority: true)));
    }

    [Fact]
    public void Signatures_over_sha1_are_not_believed() =>
        Assert.Equal("it is signed with a weak algorithm", Check(Issue("CN=client", _authority, signature: key => new Sha1Signature(key))));

    [Fact]
    public void The_list_of_names_lets_in()
    {
        var client = Issue("CN=client, O=Red Hat, C=GB", _authority);
        Assert.Null(Check(client, names: new GlobPatterns(["C=GB,O=Red Hat,CN=*"])));
        Assert.Contains("tls_allowed_dn_list", Check(client, names: new GlobPatterns(["CN=*"])), StringComparison.Ordinal);
    }

    public void Dispose() => _made.ForEach(made => made.Dispose());

    private static X509EnhancedKeyUsageExtension Purpose(string purpose, bool critical) => new([new Oid(purpose)], critical);

    private static RevocationLists Revoke(X509Certificate2 issuer, params X509Certificate2[] revoked)
    {
        var list = new CertificateRevocationListBuilder();
        foreach (var certificate in revoked)
        {
            list.AddEntry(certificate);
        }

        return RevocationLists.Parse(PemEncoding.WriteString("X509 CRL", list.Build(issuer, 1, End, HashAlgorithmName.SHA256)));
    }

    private string? Check(
        X509Certificate2 certificate, X509Certificate2Collection? others = null, RevocationLists? revoked = null, GlobPatterns? names = null, DateTimeOffset? at = null) =>
        new CertificateCheck([_authority], revoked, names, new FixedTime(at ?? DateTimeOffset.UtcNow)).FindFault(certificate, others ?? [], TlsCredentials.ClientPurpose);

    private X509Certificate2 Issue(
        string subject, X509Certificate2? issuer, bool isAuthority = false, X509Extension? extension = null,
        Func<ECDsa, X509SignatureGenerator>? signature = null)
    {
        var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        _made.Add(key);
        var request = new CertificateRequest(subject, key, HashAlgorithmName.SHA256);
        if (isAuthority)
        {
            request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
            request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true));
            request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        }

        if (extension is not null)
        {
            request.CertificateExtensions.Add(extension);
        }

        using var issuerKey = issuer?.GetECDsaPrivateKey();
        var signer = (signature ?? X509SignatureGenerator.CreateForECDsa)(issuerKey ?? key);
        using var unkeyed = request.Create(issuer?.SubjectName ?? request.SubjectName, signer, Start, End, RandomNumberGenerator.GetBytes(16));
        var certificate = unkeyed.CopyWithPrivateKey(key);
        _made.Add(certificate);
        return certificate;
    }

    private sealed class Sha1Signature(ECDsa key) : X509SignatureGenerator
    {
        public override byte[] GetSignatureAlgorithmIdentifier(HashAlgorithmName hashAlgorithm) => Convert.FromHexString("300906072a8648ce3d0401");

        public override byte[] SignData(byte[] data, HashAlgorithmName hashAlgorithm) =>
            key.SignData(data, HashAlgorithmName.SHA1, DSASignatureFormat.Rfc3279DerSequence);

        protected override PublicKey BuildPublicKey() => CreateForECDsa(key).PublicKey;
    }

    private sealed class FixedTime(DateTimeOffset now) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => now;
    }
}
