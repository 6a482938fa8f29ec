using Cistern.RemoteProtocol.Generator.Diagnostics;

namespace Cistern.RemoteProtocol.Generator.Model;

/// <summary>All definition files, names resolved.</summary>
internal sealed record ProtocolModel(EquatableArray<FileModel> Files, EquatableArray<DiagnosticInfo> Errors);

/// <param name="Name">The file's name without folder and ending.</param>
/// <param name="Namespace">Below the project's root namespace; also the first part of the names made for the whole file.</param>
/// <param name="Constants">What <c>const</c> defines.</param>
/// <param name="Enums">Enumerations, that of the procedures included.</param>
/// <param name="Composites">Structs and unions.</param>
/// <param name="Program">The program, when the file has an enumeration of procedures.</param>
internal sealed record FileModel(
    string Name,
    string Namespace,
    EquatableArray<ConstantModel> Constants,
    EquatableArray<EnumModel> Enums,
    EquatableArray<CompositeModel> Composites,
    ProgramModel? Program);

internal sealed record ConstantModel(string WireName, string CSharpName, long Value, string Prose);

internal sealed record EnumModel(string WireName, string CSharpName, EquatableArray<ConstantModel> Members, string Prose);

/// <summary>A struct, or a union when it has a <see cref="Discriminant"/>.</summary>
internal sealed record CompositeModel(
    string WireName, string CSharpName, FieldModel? Discriminant, EquatableArray<FieldModel> Fields, CompositeType Type, string Prose);

/// <param name="WireName">The name in the definition.</param>
/// <param name="CSharpName">The property.</param>
/// <param name="Type">Null for the empty arm of a union.</param>
/// <param name="Case">The discriminant's value in front of a union's arm.</param>
/// <param name="Prose">The comment.</param>
internal sealed record FieldModel(string WireName, string CSharpName, XdrType? Type, long? Case, string Prose);

/// <param name="Name">As in <c>NAME_PROGRAM</c>, lower case.</param>
/// <param name="Number">Its number on the wire.</param>
/// <param name="Version">Its version.</param>
/// <param name="Procedures">By number.</param>
internal sealed record ProgramModel(string Name, uint Number, uint Version, EquatableArray<ProcedureModel> Procedures);

/// <param name="Number">Its number on the wire.</param>
/// <param name="WireName">Without the program's prefix.</param>
/// <param name="CSharpName">Pascal case of the same.</param>
/// <param name="Service">The service that answers it; null for a message of the server.</param>
/// <param name="Arguments">C# name of the arguments, null for none.</param>
/// <param name="Reply">C# name of the reply, null for none.</param>
/// <param name="Message">C# name of what a message carries, null for a call.</param>
/// <param name="HighPriority">Whether the call may overtake others.</param>
/// <param name="ReadOnlyDenied">Error domain in which read-only connections are refused.</param>
/// <param name="BeforeAuthentication">Whether anybody may call it.</param>
/// <param name="BeforeOpen">Whether it may be called on a connection that is not open.</param>
/// <param name="Stream"><c>None</c>, <c>Read</c> or <c>Write</c>.</param>
/// <param name="Access">Permissions that it needs.</param>
/// <param name="Filter">The permission that its results need.</param>
/// <param name="Prose">The comment.</param>
internal sealed record ProcedureModel(
    int Number,
    string WireName,
    string CSharpName,
    string? Service,
    string? Arguments,
    string? Reply,
    string? Message,
    bool HighPriority,
    int? ReadOnlyDenied,
    bool BeforeAuthentication,
    bool BeforeOpen,
    string Stream,
    EquatableArray<AccessRuleModel> Access,
    AccessRuleModel? Filter,
    string Prose);

internal sealed record AccessRuleModel(string Object, string Permission, string? Flag);
