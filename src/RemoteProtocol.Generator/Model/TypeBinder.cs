using System.Collections.Generic;
using System.Linq;
using Cistern.RemoteProtocol.Generator.Diagnostics;
using Cistern.RemoteProtocol.Generator.Syntax;

namespace Cistern.RemoteProtocol.Generator.Model;

/// <summary>Resolves type names, typedefs and bounds, and computes sizes.</summary>
internal sealed class TypeBinder(SymbolTable symbols, List<DiagnosticInfo> errors)
{
    private static readonly Dictionary<string, ScalarKind> Scalars = new()
    {
        ["int"] = ScalarKind.Int32,
        ["unsigned int"] = ScalarKind.UInt32,
        ["hyper"] = ScalarKind.Int64,
        ["unsigned hyper"] = ScalarKind.UInt64,
        ["double"] = ScalarKind.Double,
        ["bool"] = ScalarKind.Bool,
        ["char"] = ScalarKind.Char,
        ["unsigned char"] = ScalarKind.UnsignedChar,
    };

    /// <summary>What stands in for a type that could not be resolved.</summary>
    private static readonly XdrType Unknown = new ScalarType(ScalarKind.Int32);

    private readonly Dictionary<string, CompositeModel> _composites = [];
    private readonly HashSet<string> _inProgress = [];

    public CompositeModel Bind(Definition definition, FileScope file)
    {
        if (_composites.TryGetValue(definition.Name.Text, out var bound))
        {
            return bound;
        }

        _inProgress.Add(definition.Name.Text);
        bound = definition is UnionDefinition union ? BindUnion(union, file) : BindStruct((StructDefinition)definition, file);
        _inProgress.Remove(definition.Name.Text);
        _composites.Add(definition.Name.Text, bound);
        return bound;
    }

    private CompositeModel BindStruct(StructDefinition definition, FileScope file)
    {
        var name = file.TypeName(definition);
        var fields = definition.Members.Select(member => BindField(member, null)).ToList();
        ReportDuplicates(definition.Members);
        int? size = fields.All(field => field.Type!.FixedSize is not null) ? fields.Sum(field => field.Type!.FixedSize!.Value) : null;
        var type = new CompositeType(name, size, fields.Sum(field => field.Type!.MinimumSize));
        return new CompositeModel(definition.Name.Text, name, null, new(fields), type, definition.Notes.Prose);
    }

    private CompositeModel BindUnion(UnionDefinition definition, FileScope file)
    {
        var name = file.TypeName(definition);
        var discriminant = BindField(definition.Discriminant, null);
        if (discriminant.Type is not ScalarType { Kind: ScalarKind.Int32 })
        {
            ReportUnsupported(definition.Discriminant.Type, $"a union over '{definition.Discriminant.Type.Text}'");
        }

        ReportDuplicates(definition.Arms.Select(arm => arm.Member));
        var arms = definition.Arms.Select(arm => BindField(arm.Member, symbols.Resolve(arm.Label) ?? 0)).ToList();
        var minimum = arms.Count == 0 ? 0 : arms.Min(arm => arm.Type?.MinimumSize ?? 0);
        var type = new CompositeType(name, null, 4 + minimum);
        return new CompositeModel(definition.Name.Text, name, discriminant, new(arms), type, definition.Notes.Prose);
    }

    private FieldModel BindField(Declaration declaration, long? label)
    {
        var isEmptyArm = declaration.Type.Text == "void" && label is not null;
        var name = declaration.Notes.Find("name")?.Value ?? Names.Pascal(declaration.Name.Text);
        return new FieldModel(declaration.Name.Text, name, isEmptyArm ? null : Bind(declaration), label, declaration.Notes.Prose);
    }

    private XdrType Bind(Declaration declaration)
    {
        switch (declaration.Type.Text, declaration.Shape)
        {
            case ("string", DeclarationShape.Variable or DeclarationShape.Plain):
                return new TextType(BoundOf(declaration));
            case ("opaque", DeclarationShape.Variable):
                return new OpaqueType(BoundOf(declaration));
            case ("opaque", DeclarationShape.Fixed):
                return new FixedOpaqueType(BoundOf(declaration));
            case ("char" or "unsigned char", DeclarationShape.Variable):
                return new CharArrayType(BoundOf(declaration));
            case ("char" or "unsigned char", DeclarationShape.Fixed):
                return new FixedCharArrayType(BoundOf(declaration));
        }

        var type = BindName(declaration.Type);
        if (declaration.Shape == DeclarationShape.Plain)
        {
            return type;
        }

        if (!IsItem(type) || (declaration.Shape != DeclarationShape.Optional && type is OpaqueType or CharArrayType))
        {
            ReportUnsupported(declaration.Name, $"{declaration.Shape.ToString().ToLowerInvariant()} '{declaration.Type.Text}'");
            return Unknown;
        }

        return declaration.Shape == DeclarationShape.Optional
            ? new OptionalType(type)
            : new SequenceType(type, BoundOf(declaration), declaration.Shape == DeclarationShape.Fixed);
    }

    private XdrType BindName(Identifier name)
    {
        if (Scalars.TryGetValue(name.Text, out var scalar))
        {
            return new ScalarType(scalar);
        }

        if (name.Text is "float" or "quadruple" or "short" or "unsigned short" or "opaque" or "void")
        {
            ReportUnsupported(name, $"'{name.Text}'");
            return Unknown;
        }

        if (symbols.FindType(name.Text) is not var (definition, file))
        {
            errors.Add(new(DefinitionErrors.UnknownType, name.Place, new([name.Text])));
            return Unknown;
        }

        if (_inProgress.Contains(name.Text))
        {
            errors.Add(new(DefinitionErrors.RecursiveType, name.Place, new([name.Text])));
            return Unknown;
        }

        return definition switch
        {
            TypedefDefinition alias => BindAlias(alias),
            EnumDefinition => new EnumerationType(Qualified(definition, file)),
            _ => Bind(definition, file).Type with { CSharpName = Qualified(definition, file) },
        };
    }

    private XdrType BindAlias(TypedefDefinition alias)
    {
        _inProgress.Add(alias.Name.Text);
        var type = Bind(alias.Declaration);
        _inProgress.Remove(alias.Name.Text);
        return type;
    }

    private static string Qualified(Definition definition, FileScope file) => $"{file.Namespace}.{file.TypeName(definition)}";

    private static bool IsItem(XdrType type) => type switch
    {
        ScalarType or TextType or OpaqueType or CharArrayType or EnumerationType or CompositeType => true,
        FixedOpaqueType opaque => opaque.IsUuid,
        _ => false,
    };

    private int BoundOf(Declaration declaration)
    {
        if (declaration.Bound is null)
        {
            return int.MaxValue;
        }

        var value = symbols.Resolve(declaration.Bound) ?? 0;
        if (value is < 0 or > int.MaxValue)
        {
            errors.Add(new(DefinitionErrors.BadNumber, declaration.Bound.Place, new([declaration.Bound.Text])));
            return 0;
        }

        return (int)value;
    }

    private void ReportDuplicates(IEnumerable<Declaration> members)
    {
        var seen = new HashSet<string>();
        foreach (var member in members.Where(member => member.Type.Text != "void" && !seen.Add(member.Name.Text)))
        {
            errors.Add(new(DefinitionErrors.DuplicateName, member.Name.Place, new([member.Name.Text])));
        }
    }

    private void ReportUnsupported(Identifier where, string what) => errors.Add(new(DefinitionErrors.Unsupported, where.Place, new([what])));
}
