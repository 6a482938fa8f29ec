using System;
using System.Collections.Generic;
using System.Linq;
using Cistern.RemoteProtocol.Generator.Diagnostics;
using Cistern.RemoteProtocol.Generator.Syntax;

namespace Cistern.RemoteProtocol.Generator.Model;

/// <summary>Makes the model out of all parsed files.</summary>
internal sealed class Binder
{
    private static readonly string[] FileKeys = ["namespace", "prefix"];
    private static readonly string[] TypeKeys = ["name"];
    private static readonly string[] EnumKeys = ["name", "members"];
    private static readonly string[] ProcedureKeys = ["service", "priority", "readonly", "auth", "open", "readstream", "writestream", "acl", "aclfilter"];

    private readonly List<DiagnosticInfo> _errors = [];
    private readonly SymbolTable _symbols;
    private readonly TypeBinder _types;
    private readonly List<FileScope> _files;

    private Binder(IEnumerable<DefinitionFile> files)
    {
        var ordered = files.OrderBy(file => file.Path, StringComparer.Ordinal).ToList();
        _errors.AddRange(ordered.SelectMany(file => file.Errors));
        _files = ordered.ConvertAll(file => new FileScope(file, _errors));
        _symbols = new SymbolTable(_files, _errors);
        _types = new TypeBinder(_symbols, _errors);
    }

    public static ProtocolModel Bind(IEnumerable<DefinitionFile> files) => new Binder(files).Bind();

    private ProtocolModel Bind()
    {
        var files = _files.ConvertAll(BindFile);
        return new ProtocolModel(new(files), new(_errors.Distinct()));
    }

    private FileModel BindFile(FileScope file)
    {
        CheckAnnotations(file);
        var definitions = file.Syntax.Definitions;
        var enums = definitions.OfType<EnumDefinition>().ToList();
        var procedures = enums.FirstOrDefault(ProgramBinder.IsProcedures);
        return new FileModel(
            file.Name,
            file.Namespace,
            new(definitions.OfType<ConstDefinition>().Select(definition => BindConstant(file, definition))),
            new(enums.Select(definition => BindEnum(file, definition))),
            new(definitions.Where(IsComposite).Select(definition => _types.Bind(definition, file))),
            procedures is null ? null : new ProgramBinder(_symbols, _errors).Bind(procedures));
    }

    private static bool IsComposite(Definition definition) => definition is StructDefinition or UnionDefinition;

    private ConstantModel BindConstant(FileScope file, ConstDefinition definition)
    {
        var name = Names.WithoutPrefix(definition.Name.Text, file.ConstantPrefix);
        return new ConstantModel(definition.Name.Text, Names.Pascal(name), _symbols.Resolve(definition.Value) ?? 0, definition.Notes.Prose);
    }

    private EnumModel BindEnum(FileScope file, EnumDefinition definition)
    {
        var isProcedures = ProgramBinder.IsProcedures(definition);
        var name = isProcedures ? file.Namespace + "Procedure" : file.TypeName(definition);
        var prefixes = isProcedures
            ? [ProgramBinder.MemberPrefix(definition)]
            : definition.Notes.Find("members")?.Value.Split([' '], StringSplitOptions.RemoveEmptyEntries) ?? [];
        if (prefixes.Length == 0)
        {
            _errors.Add(new(DefinitionErrors.MissingAnnotation, definition.Name.Place, new([definition.Name.Text, "members"])));
        }

        var members = definition.Members.Select(member => BindMember(member, prefixes));
        return new EnumModel(definition.Name.Text, name, new(members), definition.Notes.Prose);
    }

    private ConstantModel BindMember(EnumMember member, string[] prefixes)
    {
        var prefix = prefixes.FirstOrDefault(candidate => member.Name.Text.StartsWith(candidate, StringComparison.Ordinal));
        if (prefix is null && prefixes.Length > 0)
        {
            _errors.Add(new(DefinitionErrors.MissingPrefix, member.Name.Place, new([member.Name.Text, string.Join(" or ", prefixes)])));
        }

        var value = _symbols.Resolve(member.Value) ?? 0;
        if (value is < int.MinValue or > int.MaxValue)
        {
            _errors.Add(new(DefinitionErrors.BadNumber, member.Value.Place, new([member.Value.Text])));
        }

        var name = Names.Pascal(Names.WithoutPrefix(member.Name.Text, prefix ?? string.Empty));
        return new ConstantModel(member.Name.Text, name, value, member.Notes.Prose);
    }

    private void CheckAnnotations(FileScope file)
    {
        CheckAnnotations(file.Syntax.Header, FileKeys);
        foreach (var definition in file.Syntax.Definitions)
        {
            CheckAnnotations(definition.Notes, definition is EnumDefinition ? EnumKeys : IsComposite(definition) ? TypeKeys : []);
            var members = definition switch
            {
                StructDefinition structure => structure.Members.Select(member => member.Notes),
                UnionDefinition union => union.Arms.Select(arm => arm.Member.Notes),
                _ => [],
            };
            foreach (var member in members)
            {
                CheckAnnotations(member, TypeKeys);
            }

            if (definition is EnumDefinition enumeration)
            {
                foreach (var member in enumeration.Members)
                {
                    CheckAnnotations(member.Notes, ProgramBinder.IsProcedures(enumeration) ? ProcedureKeys : []);
                }
            }
        }
    }

    private void CheckAnnotations(Notes notes, string[] allowed)
    {
        foreach (var annotation in notes.Annotations.Where(annotation => !allowed.Contains(annotation.Key)))
        {
            _errors.Add(new(DefinitionErrors.BadAnnotation, annotation.Place, new([annotation.Key, annotation.Value])));
        }
    }
}
