using Cistern.Fuzz.Protocol;

namespace Cistern.Fuzz;

/// <summary>Every target; a new one is a line here and a folder of seeds.</summary>
public static class FuzzTargets
{
    public static IReadOnlyList<FuzzTarget> All { get; } =
    [
        new("frame", ProtocolTargets.Frame),
        new("header", ProtocolTargets.Header),
        new("arguments", ProtocolTargets.Arguments),
    ];
}
