using System.Xml.Linq;

namespace Cistern.StorageDriver.Tests.Xml.Schemas;

/// <summary>Every document that differs in one thing from a given one.</summary>
internal static class Mutations
{
    private static readonly string[] Values =
    [
        "", " ", "x", "0", "00", "1", "-1", "-2", "+5", "+0", " 5 ", "\n5\n", " -1 ", "1.5", "1.", ".5", "1.1234567890", "1e3", "7", "8", "08", "255", "256", "65535", "65536",
        "2147483647", "2147483648", "4294967295", "4294967296", "04294967295", "9223372036854775808", "18446744073709551615", "18446744073709551616",
        "0x1", "0X1", "0x", "0x1f", "1f", "0x20", "0x7", "0x8", "0xff", "0x100", "0x12345678", "0x123456789", "f", "FF", "31", "32",
        "/", "/a", "//", "/a b", " /a", "/a\nb", "/a\tb", "a/b", "./a", "C:\\", "C:\\x", "C:x", ".", "..", " . ", "a\nb", "a\tb", "a b", " a", "a_b", "a-b", "a+b", "é", "€/",
        "yes", " yes ", "YES", "on", "off", "K", "kb", "KiB", "kIb", "byte", "BYTES", "bite", " KiB", "iB", "Z", "zib",
        "3e3fce454f534fa7bb3211f34168b82b", "3E3FCE45-4F53-4FA7-BB32-11F34168B82B", "{3e3fce45-4f53-4fa7-bb32-11f34168b82b}",
        " 3e3fce45-4f53-4fa7-bb32-11f34168b82b", "3e3fce454f534fa7bb3211f34168b82b0", "3e3fce45-4f534fa7-bb32-11f34168b82b",
        "host.example", "host_name", "-", "10.0.0.1", "10.0.0.256", "::", "::1", "1::", "1::2", "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "::1.2.3.4",
        "1:2:3:4:5:6:1.2.3.4", "[::1]", "fe80::1%eth0", "12345::", "::g",
        "iqn.2013-06.com.example", "iqn.2013-06.com.example:", "iqn.2013-06.com.example:x y", "iqn.2013-13.com.example", "IQN.2013-06.com", "eui.0123456789abcdef",
        "5001a4ace3b4ee8", "5001A4ACE3B4EE86", "0x5001a4ace3b4ee86", "0X5001a4ace3b4ee86", "5001a4ace3b4eeg6",
        "http://a/b", "http://a/b c", "http://a/%zz", "http://a/%20", "a:b", ":a", "1a:b", "#a", "#a#b", "?a#b", "a%b", "<", "[", "a[b]", "http://[::1]/", "http://[x]/", "nfs:", "é:b",
        "raw", "dir", "qcow2", "luks", "luks2", "none", "unknown", "auto", "nfs", "cifs", "glusterfs", "ext4", "dos", "gpt", "lvm2", "linux", "vhdx", " raw", "file", "block",
        "network", "netdir", "ploop", "scsi_host", "fc_host", "chap", "ceph", "iscsi", "default", "capacity", "qemu", "librbd", "passphrase", "volume", "tls", "vtpm", "rbd",
    ];

    /// <param name="isNew">Whether values are tried for an element; else only its place is.</param>
    public static IEnumerable<string> Of(string document, Func<XElement, bool> isNew)
    {
        var root = XDocument.Parse(document, LoadOptions.PreserveWhitespace).Root!;
        for (var i = 0; i < root.DescendantsAndSelf().Count(); i++)
        {
            foreach (var change in Changes(root.DescendantsAndSelf().ElementAt(i), isNew))
            {
                var copy = new XDocument(root);
                change(copy.Root!.DescendantsAndSelf().ElementAt(i));
                if (copy.Root is not null)
                {
                    yield return copy.ToString(SaveOptions.DisableFormatting);
                }
            }
        }
    }

    private static IEnumerable<Action<XElement>> Changes(XElement original, Func<XElement, bool> isNew)
    {
        var values = isNew(original) ? Values : [];
        yield return element => element.Add(new XElement("nosuch"));
        yield return element => element.AddFirst(new XElement("nosuch", "text"));
        yield return element => element.SetAttributeValue("nosuch", "x");
        yield return element => element.SetAttributeValue(XNamespace.Get("urn:x") + "type", "x");
        yield return element => element.Add(new XComment(" a comment "));
        yield return element => element.RemoveNodes();
        yield return element => element.ReplaceAttributes();
        yield return element => element.Name = element.Name.Namespace + "nosuch";
        yield return element => element.Name = XNamespace.Get("urn:x") + element.Name.LocalName;
        foreach (var attribute in original.Attributes().Where(attribute => !attribute.IsNamespaceDeclaration).Select(attribute => attribute.Name))
        {
            yield return element => element.SetAttributeValue(attribute, null);
            foreach (var value in values)
            {
                yield return element => element.SetAttributeValue(attribute, value);
            }
        }

        if (!original.HasElements)
        {
            foreach (var value in values)
            {
                yield return element => element.Value = value;
            }
        }

        foreach (var change in original.Parent is null ? [] : Moves)
        {
            yield return change;
        }
    }

    private static IEnumerable<Action<XElement>> Moves =>
    [
        element => element.Remove(),
        element => element.AddAfterSelf(new XElement(element)),
        element => element.Parent!.Add(new XElement(element)),
        element => element.AddAfterSelf(new XText("text")),
        element => Move(element, element.Parent!.Add),
        element => Move(element, element.Parent!.AddFirst),
        element => element.ReplaceWith(element.Nodes()),
        element => element.Parent!.Parent?.Add(new XElement(element)),
    ];

    private static void Move(XElement element, Action<object> to)
    {
        var copy = new XElement(element);
        to(copy);
        element.Remove();
    }
}
