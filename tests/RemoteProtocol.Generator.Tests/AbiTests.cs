using System.Text;
using Cistern.RemoteProtocol.Generator.Model;

namespace Cistern.RemoteProtocol.Generator.Tests;

public class AbiTests
{
    [Fact]
    public void The_definitions_have_no_errors() => Assert.Empty(RepositoryFiles.Model.Errors);

    [Fact]
    public void The_wire_interface_is_as_reviewed()
    {
        var text = new StringBuilder();
        foreach (var file in RepositoryFiles.Model.Files)
        {
            text.Append($"# {file.Name}.x, {file.Namespace}\n\n");
            Dump(text, file);
        }

        RepositoryFiles.AssertGolden("wire-interface.txt", text.ToString());
    }

    private static void Dump(StringBuilder text, FileModel file)
    {
        foreach (var constant in file.Constants)
        {
            text.Append($"const {constant.WireName} = {constant.Value}\n");
        }

        foreach (var enumeration in file.Enums.Where(enumeration => enumeration.CSharpName != file.Namespace + "Procedure"))
        {
            text.Append($"\nenum {enumeration.WireName} = {enumeration.CSharpName}\n");
            foreach (var member in enumeration.Members)
            {
                text.Append($"  {member.Value} {member.WireName} = {member.CSharpName}\n");
            }
        }

        foreach (var composite in file.Composites)
        {
            text.Append($"\n{(composite.Discriminant is null ? "struct" : "union")} {composite.WireName} = {composite.CSharpName}");
            text.Append(composite.Type.FixedSize is { } size ? $", {size} bytes\n" : $", at least {composite.Type.MinimumSize} bytes\n");
            foreach (var field in composite.Fields)
            {
                text.Append($"  {(field.Case is { } label ? $"case {label}: " : "")}{field.WireName}: {Describe(field.Type)}\n");
            }
        }

        if (file.Program is { } program)
        {
            text.Append($"\nprogram {program.Name} 0x{program.Number:x8} version {program.Version}\n");
            foreach (var procedure in program.Procedures)
            {
                text.Append($"  {procedure.Number} {procedure.WireName} {Describe(procedure)}\n");
            }
        }

        text.Append('\n');
    }

    private static string Describe(ProcedureModel procedure)
    {
        string?[] parts =
        [
            procedure.Service is null
                ? $"message {procedure.Message ?? "void"}"
                : $"{procedure.Service}: {procedure.Arguments ?? "void"} -> {procedure.Reply ?? "void"}",
            procedure.HighPriority ? "high" : null,
            procedure.BeforeAuthentication ? "before authentication" : null,
            procedure.BeforeOpen ? "before opening" : null,
            procedure.ReadOnlyDenied is { } domain ? $"denied to read-only ({domain})" : null,
            procedure.Stream == "None" ? null : $"{procedure.Stream.ToLowerInvariant()} stream",
            .. procedure.Access.Select(rule => "needs " + Describe(rule)),
            procedure.Filter is null ? null : "filtered by " + Describe(procedure.Filter),
        ];
        return string.Join("; ", parts.OfType<string>());
    }

    private static string Describe(AccessRuleModel rule) => string.Join(":", new[] { rule.Object, rule.Permission, rule.Flag }.OfType<string>());

    private static string Describe(XdrType? type) => type switch
    {
        null => "void",
        ScalarType scalar => scalar.Kind.ToString(),
        TextType text => $"string<{text.Max}>",
        OpaqueType opaque => $"opaque<{opaque.Max}>",
        FixedOpaqueType opaque => opaque.IsUuid ? "uuid" : $"opaque[{opaque.Length}]",
        CharArrayType array => $"char<{array.Max}>",
        FixedCharArrayType array => $"char[{array.Length}]",
        EnumerationType enumeration => enumeration.CSharpName,
        CompositeType composite => composite.CSharpName,
        SequenceType sequence => Describe(sequence.Item) + (sequence.IsFixed ? $"[{sequence.Bound}]" : $"<{sequence.Bound}>"),
        OptionalType optional => Describe(optional.Item) + "?",
        _ => throw new ArgumentOutOfRangeException(nameof(type)),
    };
}
