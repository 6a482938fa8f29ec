using System.Collections.Generic;
using Cistern.RemoteProtocol.Generator.Diagnostics;
using Cistern.RemoteProtocol.Generator.Syntax;

namespace Cistern.RemoteProtocol.Generator.Model;

/// <summary>Types and constants of all files by name.</summary>
internal sealed class SymbolTable
{
    private readonly Dictionary<string, (Definition Definition, FileScope File)> _types = [];
    private readonly Dictionary<string, long> _constants = [];
    private readonly List<DiagnosticInfo> _errors;

    public SymbolTable(IEnumerable<FileScope> files, List<DiagnosticInfo> errors)
    {
        _errors = errors;
        var aliases = new List<ConstDefinition>();
        foreach (var file in files)
        {
            foreach (var definition in file.Syntax.Definitions)
            {
                Add(file, definition, aliases);
            }
        }

        foreach (var alias in aliases)
        {
            Add(alias.Name, Resolve(alias.Value) ?? 0);
        }
    }

    public (Definition Definition, FileScope File)? FindType(string name) => _types.TryGetValue(name, out var found) ? found : null;

    /// <summary>The value, or null when its constant does not exist (which is reported).</summary>
    public long? Resolve(Value value)
    {
        if (value.Literal is { } literal)
        {
            return literal;
        }

        if (_constants.TryGetValue(value.Text, out var constant))
        {
            return constant;
        }

        _errors.Add(new(DefinitionErrors.UnknownConstant, value.Place, new([value.Text])));
        return null;
    }

    private void Add(FileScope file, Definition definition, List<ConstDefinition> aliases)
    {
        switch (definition)
        {
            case ConstDefinition { Value.Literal: { } literal }:
                Add(definition.Name, literal);
                break;
            case ConstDefinition alias:
                aliases.Add(alias);
                break;
            default:
                AddType(file, definition);
                break;
        }
    }

    private void AddType(FileScope file, Definition definition)
    {
        if (_types.ContainsKey(definition.Name.Text))
        {
            _errors.Add(new(DefinitionErrors.DuplicateName, definition.Name.Place, new([definition.Name.Text])));
            return;
        }

        _types.Add(definition.Name.Text, (definition, file));
        if (definition is EnumDefinition enumeration)
        {
            foreach (var member in enumeration.Members)
            {
                Add(member.Name, Resolve(member.Value) ?? 0);
            }
        }
    }

    private void Add(Identifier name, long value)
    {
        if (_constants.ContainsKey(name.Text))
        {
            _errors.Add(new(DefinitionErrors.DuplicateName, name.Place, new([name.Text])));
            return;
        }

        _constants.Add(name.Text, value);
    }
}
