using Cistern.Fuzz.Images;
using Cistern.Fuzz.Protocol;
using Cistern.Fuzz.Xml;

namespace Cistern.Fuzz;

/// <summary>Every target; a new one is a line here and a folder of seeds.</summary>
public static class FuzzTargets
{
    public static IReadOnlyList<FuzzTarget> All { get; } =
    [
        new("frame", ProtocolTargets.Frame),
        new("header", ProtocolTargets.Header),
        new("arguments", ProtocolTargets.Arguments),
        new("pool-xml", XmlTargets.Pool, XmlTargets.Words),
        new("volume-xml", XmlTargets.Volume, XmlTargets.Words),
        new("source-xml", XmlTargets.Source, XmlTargets.Words),
        new("image", ImageTargets.Image, ImageTargets.Words),
    ];
}
