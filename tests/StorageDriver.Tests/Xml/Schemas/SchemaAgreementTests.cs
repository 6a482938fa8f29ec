using Cistern.Storage.Errors;
using Cistern.Storage.Xml;
using Cistern.Storage.Xml.Schemas;

namespace Cistern.StorageDriver.Tests.Xml.Schemas;

/// <summary>Our schemas accept and refuse what libvirt's do: every document, and thousands that differ from it in one thing.</summary>
public class SchemaAgreementTests
{
    public static TheoryData<string> PoolNames => [.. ValidDocuments.Pools.Keys];

    public static TheoryData<string> VolumeNames => [.. ValidDocuments.Volumes.Keys];

    public static TheoryData<string> SecretNames => [.. ValidDocuments.Secrets.Keys];

    [XmllintTheory]
    [MemberData(nameof(PoolNames))]
    public void Pool_documents(string name) => AssertAgreement(ValidDocuments.Pools[name], "storagepool", "pool", PoolSchema.Pool);

    [XmllintTheory]
    [MemberData(nameof(VolumeNames))]
    public void Volume_documents(string name) => AssertAgreement(ValidDocuments.Volumes[name], "storagevol", "volume", VolumeSchema.Volume);

    [XmllintTheory]
    [MemberData(nameof(SecretNames))]
    public void Secret_documents(string name) => AssertAgreement(ValidDocuments.Secrets[name], "secret", "secret", SecretSchema.Secret);

    private static void AssertAgreement(string document, string libvirts, string root, Pattern ours)
    {
        string[] documents = [document, .. Mutations.Of(document).Distinct()];
        var expected = Xmllint.Validate(libvirts, documents);
        var actual = documents.Select(text => Accepts(text, root, ours)).ToList();

        Assert.True(expected[0], "the document itself is not valid");
        Assert.True(documents.Length > 100 && expected.Contains(false), "nothing was tried");
        Assert.Equal([], documents.Where((_, i) => expected[i] != actual[i]).Select(text => (Accepts(text, root, ours) ? "accepted: " : "refused: ") + text));
    }

    private static bool Accepts(string document, string root, Pattern schema)
    {
        try
        {
            PatternMatch.Check(DocumentReader.Read(document, root), schema);
            return true;
        }
        catch (StorageException invalid) when (invalid.Code is StorageErrorCode.XmlInvalidSchema or StorageErrorCode.XmlError)
        {
            return false;
        }
    }
}
