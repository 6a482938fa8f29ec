using System.Collections.Generic;
using System.IO;
using System.Linq;
using Cistern.RemoteProtocol.Generator.Diagnostics;
using Cistern.RemoteProtocol.Generator.Syntax;

namespace Cistern.RemoteProtocol.Generator.Model;

/// <summary>A file with what its first comment says about it.</summary>
internal sealed class FileScope
{
    public FileScope(DefinitionFile syntax, List<DiagnosticInfo> errors)
    {
        Syntax = syntax;
        Name = Path.GetFileNameWithoutExtension(syntax.Path);
        Prefix = syntax.Header.Find("prefix")?.Value ?? string.Empty;
        Namespace = syntax.Header.Find("namespace")?.Value ?? string.Empty;
        if (Namespace.Length == 0)
        {
            errors.Add(new(DefinitionErrors.MissingAnnotation, new SourcePlace(syntax.Path, 0, 0, 0, 0), new([Name, "namespace"])));
        }
    }

    public DefinitionFile Syntax { get; }

    public string Name { get; }

    public string Namespace { get; }

    /// <summary>Dropped from the names of types.</summary>
    public string Prefix { get; }

    /// <summary>Dropped from the names of constants: VIR_NET_ for virNet.</summary>
    public string ConstantPrefix =>
        string.Concat(Prefix.Select(letter => char.IsUpper(letter) ? "_" + letter : $"{letter}")).ToUpperInvariant().TrimEnd('_') + "_";

    /// <summary>The name that C# sees: as annotated, else Pascal case without the prefix.</summary>
    public string TypeName(Definition definition) =>
        definition.Notes.Find("name")?.Value ?? Names.Pascal(Names.WithoutPrefix(definition.Name.Text, Prefix));
}
