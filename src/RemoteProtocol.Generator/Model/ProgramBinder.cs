using System;
using System.Collections.Generic;
using System.Linq;
using Cistern.RemoteProtocol.Generator.Diagnostics;
using Cistern.RemoteProtocol.Generator.Syntax;

namespace Cistern.RemoteProtocol.Generator.Model;

/// <summary>
/// Reads the enumeration <c>x_procedure</c> as the procedures of the program x: <c>X_PROGRAM</c> and <c>X_PROTOCOL_VERSION</c> are its numbers,
/// the procedure <c>X_PROC_SOME_CALL</c> takes <c>x_some_call_args</c> and returns <c>x_some_call_ret</c>, a message carries <c>x_some_call_msg</c>.
/// </summary>
internal sealed class ProgramBinder(SymbolTable symbols, List<DiagnosticInfo> errors)
{
    private const string Suffix = "_procedure";

    public static bool IsProcedures(EnumDefinition definition) => definition.Name.Text.EndsWith(Suffix, StringComparison.Ordinal);

    /// <summary>What every procedure's name begins with.</summary>
    public static string MemberPrefix(EnumDefinition definition) => ProgramName(definition).ToUpperInvariant() + "_PROC_";

    public ProgramModel Bind(EnumDefinition definition)
    {
        var name = ProgramName(definition);
        var procedures = new SortedDictionary<int, ProcedureModel>();
        foreach (var member in definition.Members)
        {
            var procedure = Bind(name, MemberPrefix(definition), member);
            if (procedures.TryGetValue(procedure.Number, out var other))
            {
                errors.Add(new(DefinitionErrors.DuplicateNumber, member.Name.Place, new([$"{procedure.Number}", other.WireName])));
                continue;
            }

            procedures.Add(procedure.Number, procedure);
        }

        return new ProgramModel(name, Constant(definition, "_PROGRAM"), Constant(definition, "_PROTOCOL_VERSION"), new(procedures.Values));
    }

    private static string ProgramName(EnumDefinition definition) =>
        definition.Name.Text.Substring(0, definition.Name.Text.Length - Suffix.Length);

    private uint Constant(EnumDefinition definition, string suffix) =>
        unchecked((uint)(symbols.Resolve(new Value(ProgramName(definition).ToUpperInvariant() + suffix, null, definition.Name.Place)) ?? 0));

    private ProcedureModel Bind(string program, string prefix, EnumMember member)
    {
        var wireName = Names.WithoutPrefix(member.Name.Text, prefix);
        var service = member.Notes.Find("service");
        var arguments = FindStruct(program, wireName, "args");
        var reply = FindStruct(program, wireName, "ret");
        if (service is null && (arguments ?? reply) is not null)
        {
            errors.Add(new(DefinitionErrors.MissingAnnotation, member.Name.Place, new([member.Name.Text, "service"])));
        }

        return new ProcedureModel(
            (int)(symbols.Resolve(member.Value) ?? 0),
            wireName,
            Names.Pascal(wireName),
            service?.Value,
            arguments,
            reply,
            FindStruct(program, wireName, "msg"),
            IsSet(member, "priority", "high"),
            ReadOnlyDenied(member),
            IsSet(member, "auth", "none"),
            IsSet(member, "open", "none"),
            Stream(member),
            new(member.Notes.FindAll("acl").Where(rule => rule.Value != "none").Select(AccessRule)),
            member.Notes.Find("aclfilter") is { } filter ? AccessRule(filter) : null,
            member.Notes.Prose);
    }

    private string? FindStruct(string program, string procedure, string suffix) =>
        symbols.FindType($"{program}_{procedure.ToLowerInvariant()}_{suffix}") is var (definition, file) ? file.TypeName(definition) : null;

    private bool IsSet(EnumMember member, string key, string value)
    {
        if (member.Notes.Find(key) is not { } annotation)
        {
            return false;
        }

        if (annotation.Value != value)
        {
            ReportBad(annotation);
        }

        return true;
    }

    private int? ReadOnlyDenied(EnumMember member)
    {
        const string Denied = "denied ";
        if (member.Notes.Find("readonly") is not { } annotation)
        {
            return null;
        }

        if (!annotation.Value.StartsWith(Denied, StringComparison.Ordinal))
        {
            ReportBad(annotation);
            return null;
        }

        var domain = annotation.Value.Substring(Denied.Length).Trim();
        return (int?)symbols.Resolve(new Value(domain, int.TryParse(domain, out var number) ? number : null, annotation.Place));
    }

    private string Stream(EnumMember member)
    {
        var read = member.Notes.Find("readstream");
        var write = member.Notes.Find("writestream");
        if ((read ?? write) is { } stream && (!int.TryParse(stream.Value, out _) || (read is not null && write is not null)))
        {
            ReportBad(stream);
        }

        return read is not null ? "Read" : write is not null ? "Write" : "None";
    }

    private AccessRuleModel AccessRule(Annotation annotation)
    {
        var parts = annotation.Value.Split(':');
        if (parts.Length is < 2 or > 3 || parts.Any(part => part.Length == 0))
        {
            ReportBad(annotation);
            return new AccessRuleModel(string.Empty, string.Empty, null);
        }

        return new AccessRuleModel(parts[0], parts[1], parts.Length == 3 ? parts[2] : null);
    }

    private void ReportBad(Annotation annotation) =>
        errors.Add(new(DefinitionErrors.BadAnnotation, annotation.Place, new([annotation.Key, annotation.Value])));
}
