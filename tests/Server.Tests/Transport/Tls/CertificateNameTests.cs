using System.Formats.Asn1;
using System.Security.Cryptography.X509Certificates;
using Cistern.Server.Transport.Tls;

namespace Cistern.Server.Tests.Transport.Tls;

/// <summary>Goldens are what virt-pki-query-dn (libvirt 9.0, GnuTLS 3.7.9) prints of certificates with these subjects.</summary>
public sealed class CertificateNameTests
{
    public static TheoryData<string[][], string> Subjects { get; } = new()
    {
        { [["2.5.4.6=GB"], ["2.5.4.8=London"], ["2.5.4.7=Lon, don"], ["2.5.4.10=Red Hat"], ["2.5.4.3=äclient"]], @"C=GB,ST=London,L=Lon\, don,O=Red Hat,CN=äclient" },
        { [["2.5.4.11=a+b q <x>"], ["2.5.4.5=42"]], @"OU=a\+b q \<x\>,serialNumber=42" },
        { [["2.5.4.3=#lead"], ["2.5.4.11=  sp  "]], @"CN=\#lead,OU=\  sp \ " },
        { [["2.5.4.10=y", "2.5.4.11=x", @"2.5.4.3=a\b;c=d/e"]], @"O=y+OU=x+CN=a\\b\;c=d/e" },
        {
            [["2.5.4.12=Dr"], ["2.5.4.4=Sur"], ["2.5.4.42=Giv"], ["2.5.4.9=x"], ["0.9.2342.19200300.100.1.1=joe"], ["2.5.4.65=ps"]],
            "title=Dr,surName=Sur,givenName=Giv,street=x,UID=joe,pseudonym=ps"
        },
        { [["2.5.4.97=oi"], ["2.5.4.3=a"]], "2.5.4.97=#0c026f69,CN=a" },
    };

    [Theory]
    [MemberData(nameof(Subjects))]
    public void Names_are_spelled_as_gnutls_spells_them(string[][] parts, string expected)
    {
        var name = new AsnWriter(AsnEncodingRules.DER);
        using (name.PushSequence())
        {
            foreach (var part in parts)
            {
                using (name.PushSetOf())
                {
                    foreach (var attribute in part)
                    {
                        var equals = attribute.IndexOf('=', StringComparison.Ordinal);
                        using (name.PushSequence())
                        {
                            name.WriteObjectIdentifier(attribute[..equals]);
                            name.WriteCharacterString(UniversalTagNumber.UTF8String, attribute[(equals + 1)..]);
                        }
                    }
                }
            }
        }

        Assert.Equal(expected, CertificateName.Text(new X500DistinguishedName(name.Encode())));
    }

    [Fact]
    public void Mail_and_domain_are_ascii_and_a_wrong_kind_of_string_is_shown_as_it_is()
    {
        var name = new X500DistinguishedNameBuilder();
        name.AddEmailAddress("a@b.c");
        name.AddDomainComponent("example");

        // The builder writes the last first.
        Assert.Equal("DC=example,EMAIL=a@b.c", CertificateName.Text(name.Build()));
        Assert.Equal("CN=#1603616263", CertificateName.Text(new X500DistinguishedName(Convert.FromHexString("300e310c300a06035504031603616263"))));
    }

    [Fact]
    public void A_name_without_parts_is_empty() => Assert.Equal("", CertificateName.Text(new X500DistinguishedName(Convert.FromHexString("3000"))));
}
