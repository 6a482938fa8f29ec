using System.Collections.Frozen;
using System.Formats.Asn1;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Cistern.Server.Transport.Tls;

/// <summary>
/// Distinguished names as GnuTLS spells them, which is how <c>tls_allowed_dn_list</c> and <c>virt-pki-query-dn</c> have them:
/// in the order of the certificate, <c>C=GB,O=Red Hat,CN=host</c>.
/// </summary>
internal static class CertificateName
{
    private static readonly FrozenDictionary<string, string> Names = new Dictionary<string, string>
    {
        ["2.5.4.3"] = "CN",
        ["2.5.4.4"] = "surName",
        ["2.5.4.5"] = "serialNumber",
        ["2.5.4.6"] = "C",
        ["2.5.4.7"] = "L",
        ["2.5.4.8"] = "ST",
        ["2.5.4.9"] = "street",
        ["2.5.4.10"] = "O",
        ["2.5.4.11"] = "OU",
        ["2.5.4.12"] = "title",
        ["2.5.4.13"] = "description",
        ["2.5.4.15"] = "businessCategory",
        ["2.5.4.17"] = "postalCode",
        ["2.5.4.20"] = "telephoneNumber",
        ["2.5.4.41"] = "name",
        ["2.5.4.42"] = "givenName",
        ["2.5.4.43"] = "initials",
        ["2.5.4.44"] = "generationQualifier",
        ["2.5.4.46"] = "dnQualifier",
        ["2.5.4.65"] = "pseudonym",
        ["0.9.2342.19200300.100.1.1"] = "UID",
        ["0.9.2342.19200300.100.1.25"] = "DC",
        ["1.2.840.113549.1.9.1"] = "EMAIL",
        ["1.3.6.1.4.1.311.60.2.1.1"] = "jurisdictionOfIncorporationLocalityName",
        ["1.3.6.1.4.1.311.60.2.1.2"] = "jurisdictionOfIncorporationStateOrProvinceName",
        ["1.3.6.1.4.1.311.60.2.1.3"] = "jurisdictionOfIncorporationCountryName",
    }.ToFrozenDictionary();

    public static string Of(X509Certificate2 certificate) => Text(certificate.SubjectName);

    /// <exception cref="AsnContentException">It is no name.</exception>
    public static string Text(X500DistinguishedName name)
    {
        var parts = new AsnReader(name.RawData, AsnEncodingRules.DER).ReadSequence();
        var text = new StringBuilder();
        while (parts.HasData)
        {
            var separator = text.Length == 0 ? "" : ",";

            // A part with several attributes is a set; its order is that of the certificate.
            var attributes = parts.ReadSetOf(skipSortOrderValidation: true);
            while (attributes.HasData)
            {
                var attribute = attributes.ReadSequence();
                Append(text.Append(separator), attribute.ReadObjectIdentifier(), attribute);
                separator = "+";
            }
        }

        return text.ToString();
    }

    private static void Append(StringBuilder text, string type, AsnReader value)
    {
        var encoded = value.PeekEncodedValue();
        if (Names.TryGetValue(type, out var name) && StringIn(value, isInternational: name is not ("DC" or "EMAIL")) is { } known)
        {
            AppendEscaped(text.Append(name).Append('='), known);
            return;
        }

        text.Append(name ?? type).Append("=#").Append(Convert.ToHexStringLower(encoded.Span));
    }

    /// <returns>Null when it is no string of a kind that the attribute may have.</returns>
    private static string? StringIn(AsnReader value, bool isInternational)
    {
        if (value.PeekTag() is not { TagClass: TagClass.Universal, TagValue: var kind })
        {
            return null;
        }

        return (UniversalTagNumber)kind switch
        {
            UniversalTagNumber.UTF8String or UniversalTagNumber.PrintableString or UniversalTagNumber.T61String or UniversalTagNumber.BMPString =>
                value.ReadCharacterString((UniversalTagNumber)kind),
            UniversalTagNumber.IA5String when !isInternational => value.ReadCharacterString(UniversalTagNumber.IA5String),
            _ => null,
        };
    }

    private static void AppendEscaped(StringBuilder text, string value)
    {
        for (var index = 0; index < value.Length; index++)
        {
            var letter = value[index];
            var isAtEdge = (index == 0 && letter is ' ' or '#') || (index == value.Length - 1 && letter == ' ');
            if (isAtEdge || letter is ',' or '+' or '"' or '\\' or '<' or '>' or ';')
            {
                text.Append('\\');
            }

            text.Append(letter);
        }
    }
}
