using System.Collections.Generic;
using System.Linq;
using Cistern.RemoteProtocol.Generator.Model;

namespace Cistern.RemoteProtocol.Generator.Emitters;

/// <summary>A struct as a record struct that reads and writes itself.</summary>
internal static class StructEmitter
{
    public static void Emit(CodeWriter writer, CompositeModel model, string rootNamespace)
    {
        var fields = new FieldEmitter(writer, rootNamespace);
        writer.Line();
        writer.Summary(model.Prose.Length > 0 ? model.Prose : $"{model.WireName}");
        foreach (var field in model.Fields.Where(field => field.Prose.Length > 0))
        {
            writer.Line($"/// <param name=\"{field.CSharpName}\">{CodeWriter.Escape(field.Prose)}</param>");
        }

        var parameters = model.Fields.Select(field => $"{TypeExpressions.CSharp(field.Type!, rootNamespace)} {field.CSharpName}");
        writer.Block($"public readonly record struct {model.CSharpName}({string.Join(", ", parameters)}) : IXdrCodec<{model.CSharpName}>", () =>
        {
            writer.Line("/// <inheritdoc/>");
            writer.Line($"public int XdrSize => {SizeOf(model)};");
            writer.Line();
            writer.Line("/// <inheritdoc/>");
            writer.Block($"public static {model.CSharpName} Read(ref XdrReader reader)", () =>
            {
                foreach (var field in model.Fields)
                {
                    fields.Read(field);
                }

                writer.Line($"return new {model.CSharpName}({string.Join(", ", model.Fields.Select(FieldEmitter.Local))});");
            });
            writer.Line();
            writer.Line("/// <inheritdoc/>");
            writer.Block("public void Write(ref XdrWriter writer)", () =>
            {
                foreach (var field in model.Fields)
                {
                    fields.Write(field);
                }
            });
        });
    }

    private static string SizeOf(CompositeModel model)
    {
        if (model.Type.FixedSize is { } size)
        {
            return $"{size}";
        }

        var known = model.Fields.Sum(field => field.Type!.FixedSize ?? 0);
        var parts = new List<string>(known == 0 ? [] : [$"{known}"]);
        parts.AddRange(model.Fields
            .Where(field => field.Type!.FixedSize is null)
            .Select(field => TypeExpressions.Size(field.Type!, field.CSharpName, FieldEmitter.Local(field))));
        return $"checked({string.Join(" + ", parts)})";
    }
}
