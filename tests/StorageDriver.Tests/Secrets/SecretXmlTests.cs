using Cistern.Storage.Errors;
using Cistern.Storage.Secrets;

namespace Cistern.Storage.Tests.Secrets;

public sealed class SecretXmlTests
{
    [Fact]
    public void A_document_comes_back_in_libvirts_layout()
    {
        const string Text = """
            <secret ephemeral='no' private='yes'>
              <uuid>11111111-2222-3333-4444-555555555511</uuid>
              <description>a &amp; b</description>
              <usage type='volume'>
                <volume>/x/y</volume>
              </usage>
            </secret>

            """;
        Assert.Equal(Text, SecretXml.Format(SecretXml.Parse(Text, validate: true)));
    }

    [Theory]
    [InlineData("ceph", "name", SecretUsageType.Ceph)]
    [InlineData("iscsi", "target", SecretUsageType.Iscsi)]
    [InlineData("tls", "name", SecretUsageType.Tls)]
    [InlineData("vtpm", "name", SecretUsageType.VTpm)]
    public void Each_usage_has_its_own_element(string word, string element, SecretUsageType type)
    {
        var secret = SecretXml.Parse($"<secret><usage type='{word}'><{element}>id</{element}></usage></secret>", validate: true);
        Assert.Equal((type, "id"), (secret.UsageType, secret.UsageId));
        Assert.Contains($"<{element}>id</{element}>", SecretXml.Format(secret), StringComparison.Ordinal);
    }

    [Fact]
    public void The_shortest_document_is_a_secret_without_usage()
    {
        var secret = SecretXml.Parse("<secret/>", validate: true);
        Assert.Equal((SecretUsageType.None, "", false, false), (secret.UsageType, secret.UsageId, secret.IsEphemeral, secret.IsPrivate));
        Assert.NotEqual(Guid.Empty, secret.Uuid);
    }

    [Theory]
    [InlineData("<secret ephemeral='maybe'/>", 27)]
    [InlineData("<sekret/>", 27)]
    [InlineData("<secret", 35)]
    [InlineData("<!DOCTYPE x [<!ENTITY e 'v'>]><secret><description>&e;</description></secret>", 35)]
    [InlineData("<secret><uuid>zz</uuid></secret>", 1)]
    [InlineData("<secret><usage/></secret>", 27)]
    [InlineData("<secret><usage type='x'/></secret>", 67)]
    [InlineData("<secret><usage type='volume'/></secret>", 1)]
    [InlineData("<secret><usage type='volume'><volume></volume></usage></secret>", 1)]
    public void A_bad_document_answers_libvirts_code(string xml, int code) =>
        Assert.Equal((StorageErrorCode)code, Assert.Throws<StorageException>(() => SecretXml.Parse(xml, validate: false)).Code);

    [Fact]
    public void A_syntax_error_is_the_secret_modules() =>
        Assert.Equal(StorageErrorDomain.Secret, Assert.Throws<StorageException>(() => SecretXml.Parse("<secret", validate: false)).Domain);

    [Fact]
    public void Validation_names_what_the_schema_does_not_know()
    {
        const string Text = "<secret><bogus/></secret>";
        SecretXml.Parse(Text, validate: false);
        var error = Assert.Throws<StorageException>(() => SecretXml.Parse(Text, validate: true));
        Assert.Equal(StorageErrorCode.XmlInvalidSchema, error.Code);
        Assert.Contains("bogus", error.Message, StringComparison.Ordinal);
    }
}
