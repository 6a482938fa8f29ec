using System.Linq;
using Cistern.RemoteProtocol.Generator.Model;

namespace Cistern.RemoteProtocol.Generator.Emitters;

/// <summary>A union as a record struct with the discriminant, one property for each arm, and one factory for each arm.</summary>
internal static class UnionEmitter
{
    public static void Emit(CodeWriter writer, CompositeModel model, string rootNamespace)
    {
        var discriminant = model.Discriminant!;
        var arms = model.Fields.Where(arm => arm.Type is not null).ToList();
        writer.Line();
        writer.Summary(model.Prose.Length > 0 ? model.Prose : $"{model.WireName}: {discriminant.CSharpName} selects the property.");
        writer.Block($"public readonly record struct {model.CSharpName} : IXdrCodec<{model.CSharpName}>", () =>
        {
            writer.Line($"public int {discriminant.CSharpName} {{ get; private init; }}");
            foreach (var arm in arms)
            {
                writer.Line();
                writer.Summary(arm.Prose);
                writer.Line($"public {TypeExpressions.CSharp(arm.Type!, rootNamespace)}{Null(arm)} {arm.CSharpName} {{ get; private init; }}");
            }

            writer.Line();
            writer.Line("/// <inheritdoc/>");
            writer.Block($"public int XdrSize => {discriminant.CSharpName} switch", () =>
            {
                foreach (var arm in model.Fields)
                {
                    var size = arm.Type is null ? "4" : $"checked(4 + {TypeExpressions.Size(arm.Type, Value(arm), FieldEmitter.Local(arm))})";
                    writer.Line($"{arm.Case} => {size},");
                }

                writer.Line("_ => 4,");
            }, "};");

            foreach (var arm in model.Fields)
            {
                writer.Line();
                EmitFactory(writer, model, arm, rootNamespace);
            }

            writer.Line();
            EmitRead(writer, model, rootNamespace);
            writer.Line();
            EmitWrite(writer, model, rootNamespace);
        });
    }

    private static void EmitFactory(CodeWriter writer, CompositeModel model, FieldModel arm, string rootNamespace)
    {
        var selected = $"{model.Discriminant!.CSharpName} = {arm.Case}";
        if (arm.Type is null)
        {
            writer.Line($"public static {model.CSharpName} Of{arm.Case}() => new() {{ {selected} }};");
            return;
        }

        var type = TypeExpressions.CSharp(arm.Type, rootNamespace);
        writer.Line($"public static {model.CSharpName} Of{arm.CSharpName}({type} value) => new() {{ {selected}, {arm.CSharpName} = value }};");
    }

    private static void EmitRead(CodeWriter writer, CompositeModel model, string rootNamespace)
    {
        var discriminant = model.Discriminant!;
        var fields = new FieldEmitter(writer, rootNamespace);
        writer.Line("/// <inheritdoc/>");
        writer.Block($"public static {model.CSharpName} Read(ref XdrReader reader)", () =>
        {
            writer.Line($"var discriminant = reader.ReadInt32(\"{discriminant.WireName}\");");
            writer.Block("switch (discriminant)", () =>
            {
                foreach (var arm in model.Fields)
                {
                    writer.Block($"case {arm.Case}:", () =>
                    {
                        if (arm.Type is not null)
                        {
                            fields.Read(arm);
                        }

                        writer.Line(arm.Type is null ? $"return Of{arm.Case}();" : $"return Of{arm.CSharpName}({FieldEmitter.Local(arm)});");
                    });
                }

                writer.Line("default:");
                writer.Line($"    throw new XdrFormatException(\"{discriminant.WireName}\", $\"{{discriminant}} selects nothing\");");
            });
        });
    }

    private static void EmitWrite(CodeWriter writer, CompositeModel model, string rootNamespace)
    {
        var discriminant = model.Discriminant!;
        var fields = new FieldEmitter(writer, rootNamespace);
        writer.Line("/// <inheritdoc/>");
        writer.Block("public void Write(ref XdrWriter writer)", () =>
        {
            writer.Line($"writer.WriteInt32({discriminant.CSharpName});");
            writer.Block($"switch ({discriminant.CSharpName})", () =>
            {
                foreach (var arm in model.Fields)
                {
                    writer.Block($"case {arm.Case}:", () =>
                    {
                        if (arm.Type is not null)
                        {
                            fields.Write(arm with { CSharpName = Value(arm) });
                        }

                        writer.Line("break;");
                    });
                }

                writer.Line("default:");
                writer.Line($"    throw new XdrFormatException(\"{discriminant.WireName}\", $\"{{{discriminant.CSharpName}}} selects nothing\");");
            });
        });
    }

    /// <summary>The property of an arm, which is there when its discriminant is.</summary>
    private static string Value(FieldModel arm) => arm.CSharpName + (Null(arm).Length > 0 ? "!" : string.Empty);

    private static string Null(FieldModel arm) => TypeExpressions.IsReference(arm.Type!) ? "?" : string.Empty;
}
