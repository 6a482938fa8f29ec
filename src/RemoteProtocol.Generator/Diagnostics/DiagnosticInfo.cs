using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Text;

namespace Cistern.RemoteProtocol.Generator.Diagnostics;

/// <summary>A place in a definition file.</summary>
/// <param name="Path">The file.</param>
/// <param name="Start">Offset in characters.</param>
/// <param name="Length">Characters.</param>
/// <param name="Line">Line from 0.</param>
/// <param name="Column">Column from 0.</param>
internal sealed record SourcePlace(string Path, int Start, int Length, int Line, int Column)
{
    public Location ToLocation() => Location.Create(
        Path,
        new TextSpan(Start, Length),
        new LinePositionSpan(new LinePosition(Line, Column), new LinePosition(Line, Column + Length)));
}

/// <summary>An error found in a definition file, as a value.</summary>
internal sealed record DiagnosticInfo(DiagnosticDescriptor Kind, SourcePlace Place, EquatableArray<string> Arguments)
{
    public Diagnostic ToDiagnostic() => Diagnostic.Create(Kind, Place.ToLocation(), [.. Arguments]);
}
