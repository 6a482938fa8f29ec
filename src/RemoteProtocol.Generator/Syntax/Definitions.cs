using Cistern.RemoteProtocol.Generator.Diagnostics;

namespace Cistern.RemoteProtocol.Generator.Syntax;

internal sealed record Identifier(string Text, SourcePlace Place);

/// <summary>A number, or the name of a constant: <see cref="Literal"/> is null then.</summary>
internal sealed record Value(string Text, long? Literal, SourcePlace Place);

internal enum DeclarationShape
{
    Plain,
    Optional,
    Fixed,
    Variable,
}

/// <summary>A member, typedef or union arm: <c>type name</c>, <c>type *name</c>, <c>type name[bound]</c> or <c>type name&lt;bound&gt;</c>.</summary>
/// <param name="Type">The type's name; <c>void</c> has no <paramref name="Name"/>.</param>
/// <param name="Name">The member's name.</param>
/// <param name="Shape">The marks around the name.</param>
/// <param name="Bound">The number in the brackets; null in <c>&lt;&gt;</c>.</param>
/// <param name="Notes">Its comments.</param>
internal sealed record Declaration(Identifier Type, Identifier Name, DeclarationShape Shape, Value? Bound, Notes Notes);

internal abstract record Definition(Identifier Name, Notes Notes);

internal sealed record ConstDefinition(Identifier Name, Value Value, Notes Notes) : Definition(Name, Notes);

internal sealed record TypedefDefinition(Declaration Declaration, Notes Notes) : Definition(Declaration.Name, Notes);

internal sealed record EnumMember(Identifier Name, Value Value, Notes Notes);

internal sealed record EnumDefinition(Identifier Name, EquatableArray<EnumMember> Members, Notes Notes) : Definition(Name, Notes);

internal sealed record StructDefinition(Identifier Name, EquatableArray<Declaration> Members, Notes Notes) : Definition(Name, Notes);

internal sealed record UnionArm(Value Label, Declaration Member);

internal sealed record UnionDefinition(Identifier Name, Declaration Discriminant, EquatableArray<UnionArm> Arms, Notes Notes)
    : Definition(Name, Notes);

/// <summary>One parsed file. Its first comment is about the file.</summary>
internal sealed record DefinitionFile(string Path, Notes Header, EquatableArray<Definition> Definitions, EquatableArray<DiagnosticInfo> Errors);
