using System.Globalization;
using System.Text;
using System.Xml;

namespace Cistern.Server.Services.Node;

/// <summary>Writer of the connection's <c>capabilities</c> document, in libvirt's layout.</summary>
public static class CapabilitiesXml
{
    /// <summary>The document of a storage connection: the pool types and nothing else.</summary>
    public static string FormatStorage(IEnumerable<string> poolTypes) => Format(xml => WritePools(xml, poolTypes));

    /// <summary>The document of a hypervisor connection: the host and the guests that an installed emulator could run.</summary>
    public static string FormatHost(HostDescription host, NodeMemory memory, Emulator? emulator) => Format(xml =>
    {
        WriteHost(xml, host, memory);
        if (emulator is not null)
        {
            WriteGuest(xml, host, emulator);
        }
    });

    private static string Format(Action<XmlWriter> content)
    {
        var text = new StringBuilder();
        using (var xml = XmlWriter.Create(text, new XmlWriterSettings { Indent = true, OmitXmlDeclaration = true, NewLineChars = "\n" }))
        {
            xml.WriteStartElement("capabilities");
            content(xml);
            xml.WriteEndElement();
        }

        return text.Append('\n').ToString();
    }

    private static void WriteHost(XmlWriter xml, HostDescription host, NodeMemory memory)
    {
        xml.WriteStartElement("host");
        xml.WriteElementString("uuid", host.Uuid.ToString());
        WriteCpu(xml, host, memory);
        xml.WriteStartElement("topology");
        xml.WriteStartElement("cells");
        xml.WriteAttributeString("num", Text(host.Topology.Cells.Count));
        foreach (var cell in host.Topology.Cells)
        {
            WriteCell(xml, cell, memory);
        }

        xml.WriteEndElement();
        xml.WriteEndElement();
        xml.WriteStartElement("secmodel");
        xml.WriteElementString("model", "none");
        xml.WriteElementString("doi", "0");
        xml.WriteEndElement();
        xml.WriteEndElement();
    }

    private static void WriteCpu(XmlWriter xml, HostDescription host, NodeMemory memory)
    {
        var cpus = host.Topology.Cells.SelectMany(cell => cell.Cpus).ToList();
        var dies = cpus.GroupBy(cpu => cpu.Socket).Max(socket => socket.Select(cpu => cpu.Die).Distinct().Count());
        xml.WriteStartElement("cpu");
        xml.WriteElementString("arch", HostDescription.NativeArchitecture);
        Empty(
            xml,
            "topology",
            ("sockets", Text(host.Topology.Shape.Sockets)),
            ("dies", Text(dies)),
            ("cores", Text(host.Topology.Shape.Cores / dies)),
            ("threads", Text(host.Topology.Shape.Threads)));
        foreach (var size in memory.PageSizes())
        {
            Empty(xml, "pages", ("unit", "KiB"), ("size", Text(size)));
        }

        xml.WriteEndElement();
    }

    private static void WriteCell(XmlWriter xml, NodeCell cell, NodeMemory memory)
    {
        xml.WriteStartElement("cell");
        xml.WriteAttributeString("id", Text(cell.Id));
        Measured(xml, "memory", ("unit", "KiB"), null, memory.OfCell(cell.Id).TotalKib);
        foreach (var size in memory.PageSizes())
        {
            Measured(xml, "pages", ("unit", "KiB"), ("size", Text(size)), memory.Pages(cell.Id, size)?.Total ?? 0);
        }

        xml.WriteStartElement("cpus");
        xml.WriteAttributeString("num", Text(cell.Cpus.Count));
        foreach (var cpu in cell.Cpus)
        {
            Empty(
                xml,
                "cpu",
                ("id", Text(cpu.Id)),
                ("socket_id", Text(cpu.Socket)),
                ("die_id", Text(cpu.Die)),
                ("core_id", Text(cpu.Core)),
                ("siblings", cpu.Siblings));
        }

        xml.WriteEndElement();
        xml.WriteEndElement();
    }

    private static void WriteGuest(XmlWriter xml, HostDescription host, Emulator emulator)
    {
        xml.WriteStartElement("guest");
        xml.WriteElementString("os_type", "hvm");
        xml.WriteStartElement("arch");
        xml.WriteAttributeString("name", HostDescription.NativeArchitecture);
        xml.WriteElementString("wordsize", Environment.Is64BitOperatingSystem ? "64" : "32");
        xml.WriteElementString("emulator", emulator.Path);
        Empty(xml, "domain", ("type", "qemu"));
        if (host.HasKvm)
        {
            Empty(xml, "domain", ("type", "kvm"));
        }

        xml.WriteEndElement();
        xml.WriteEndElement();
    }

    private static void WritePools(XmlWriter xml, IEnumerable<string> poolTypes)
    {
        xml.WriteStartElement("pool");
        xml.WriteStartElement("enum");
        xml.WriteAttributeString("name", "type");
        foreach (var type in poolTypes)
        {
            xml.WriteElementString("value", type);
        }

        xml.WriteEndElement();
        xml.WriteEndElement();
    }

    private static void Measured(XmlWriter xml, string name, (string Name, string Value) unit, (string Name, string Value)? size, ulong amount)
    {
        xml.WriteStartElement(name);
        xml.WriteAttributeString(unit.Name, unit.Value);
        if (size is { } given)
        {
            xml.WriteAttributeString(given.Name, given.Value);
        }

        xml.WriteString(amount.ToString(CultureInfo.InvariantCulture));
        xml.WriteEndElement();
    }

    private static void Empty(XmlWriter xml, string name, params ReadOnlySpan<(string Name, string Value)> attributes)
    {
        xml.WriteStartElement(name);
        foreach (var (attribute, value) in attributes)
        {
            xml.WriteAttributeString(attribute, value);
        }

        xml.WriteEndElement();
    }

    private static string Text(long value) => value.ToString(CultureInfo.InvariantCulture);
}
