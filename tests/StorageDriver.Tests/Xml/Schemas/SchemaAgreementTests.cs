using System.Xml.Linq;
using Cistern.Storage.Errors;
using Cistern.Storage.Xml;
using Cistern.Storage.Xml.Schemas;

namespace Cistern.StorageDriver.Tests.Xml.Schemas;

/// <summary>Our schemas accept and refuse what libvirt's do: every document, and thousands that differ from it in one thing.</summary>
public class SchemaAgreementTests
{
    /// <summary>libxml2 itself errs: it takes five digits for four in an IPv6 address.</summary>
    private const string Mistaken = "name=\"12345::\"";

    public static TheoryData<string> PoolNames => [.. ValidDocuments.Pools.Keys];

    public static TheoryData<string> VolumeNames => [.. ValidDocuments.Volumes.Keys];

    public static TheoryData<string> SecretNames => [.. ValidDocuments.Secrets.Keys];

    [XmllintTheory]
    [MemberData(nameof(PoolNames))]
    public void Pool_documents(string name) =>
        AssertAgreement(ValidDocuments.Pools[name], "storagepool", "pool", PoolSchema.Pool, element => name == "dir" || IsOfType(element));

    [XmllintTheory]
    [MemberData(nameof(VolumeNames))]
    public void Volume_documents(string name) =>
        AssertAgreement(ValidDocuments.Volumes[name], "storagevol", "volume", VolumeSchema.Volume, _ => true);

    [XmllintTheory]
    [MemberData(nameof(SecretNames))]
    public void Secret_documents(string name) =>
        AssertAgreement(ValidDocuments.Secrets[name], "secret", "secret", SecretSchema.Secret, _ => true);

    /// <summary>It differs between pool types; all else is tried with the first of them.</summary>
    private static bool IsOfType(XElement element) => element.AncestorsAndSelf("source").Any() || element.Name.Namespace != XNamespace.None || element.Parent?.Name == "refresh";

    private static void AssertAgreement(string document, string libvirts, string root, Pattern ours, Func<XElement, bool> isNew)
    {
        string[] documents = [document, .. Mutations.Of(document, isNew).Distinct()];
        var expected = Xmllint.Validate(libvirts, documents);

        Assert.True(expected[0], "the document itself is not valid");
        Assert.True(documents.Length > 100 && expected.Contains(false), "nothing was tried");
        var disagreements = documents.Zip(expected).Where(each => !each.First.Contains(Mistaken, StringComparison.Ordinal) && Accepts(each.First, root, ours) != each.Second).Select(each => $"{(each.Second ? "valid" : "not valid")} for libvirt: {each.First.Replace('\n', ' ')}");
        Assert.True(!disagreements.Any(), string.Join('\n', disagreements));
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
