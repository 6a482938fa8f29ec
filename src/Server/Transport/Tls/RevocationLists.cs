using System.Formats.Asn1;
using System.Numerics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Cistern.Server.Transport.Tls;

/// <summary>Serial numbers that issuers have revoked (RFC 5280, section 5). The file lies beside the CA's and is trusted as that is: signatures are not checked, as GnuTLS does not check them.</summary>
internal sealed class RevocationLists
{
    private const string Label = "X509 CRL";

    private readonly HashSet<(string Issuer, BigInteger Serial)> _revoked = [];

    /// <param name="pem">Any number of lists.</param>
    /// <exception cref="CryptographicException">There is none in it.</exception>
    /// <exception cref="AsnContentException">One is damaged.</exception>
    public static RevocationLists Parse(string pem)
    {
        var lists = new RevocationLists();
        var rest = pem.AsSpan();
        var count = 0;
        while (PemEncoding.TryFind(rest, out var fields))
        {
            if (rest[fields.Label] is Label)
            {
                lists.Add(Convert.FromBase64String(rest[fields.Base64Data].ToString()));
                count++;
            }

            rest = rest[fields.Location.End..];
        }

        return count > 0 ? lists : throw new CryptographicException("it holds no certificate revocation list");
    }

    public bool Contains(X509Certificate2 certificate) =>
        _revoked.Contains((Key(certificate.IssuerName.RawData), new BigInteger(certificate.SerialNumberBytes.Span, isBigEndian: true)));

    private void Add(byte[] encoded)
    {
        var list = new AsnReader(encoded, AsnEncodingRules.DER).ReadSequence().ReadSequence();
        if (list.PeekTag().HasSameClassAndValue(Asn1Tag.Integer))
        {
            // The version.
            list.ReadInteger();
        }

        // The algorithm of the signature.
        list.ReadSequence();
        var issuer = Key(list.ReadEncodedValue().Span);
        ReadTime(list);
        if (list.HasData && IsTime(list))
        {
            ReadTime(list);
        }

        if (!list.HasData || !list.PeekTag().HasSameClassAndValue(Asn1Tag.Sequence))
        {
            return;
        }

        var entries = list.ReadSequence();
        while (entries.HasData)
        {
            _revoked.Add((issuer, entries.ReadSequence().ReadInteger()));
        }
    }

    private static string Key(ReadOnlySpan<byte> name) => Convert.ToHexString(name);

    private static bool IsTime(AsnReader reader) =>
        reader.PeekTag().HasSameClassAndValue(Asn1Tag.UtcTime) || reader.PeekTag().HasSameClassAndValue(Asn1Tag.GeneralizedTime);

    private static void ReadTime(AsnReader reader) => reader.ReadEncodedValue();
}
