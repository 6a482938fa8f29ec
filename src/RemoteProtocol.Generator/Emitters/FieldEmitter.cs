using Cistern.RemoteProtocol.Generator.Model;

namespace Cistern.RemoteProtocol.Generator.Emitters;

/// <summary>Statements that read a field into a local variable and write a field of <c>this</c>.</summary>
internal sealed class FieldEmitter(CodeWriter writer, string rootNamespace)
{
    /// <summary>The local variable of a field.</summary>
    public static string Local(FieldModel field) => char.ToLowerInvariant(field.CSharpName[0]) + field.CSharpName.Substring(1) + "Value";

    public void Read(FieldModel field)
    {
        var local = Local(field);
        switch (field.Type!)
        {
            case FixedOpaqueType { IsUuid: false, Length: var length }:
                writer.Line($"var {local} = new byte[{length}];");
                writer.Line($"reader.ReadFixedOpaque({local}, \"{field.WireName}\");");
                break;
            case FixedCharArrayType { Length: var length }:
                writer.Line($"var {local} = new byte[{length}];");
                writer.Line($"reader.ReadFixedCharArray({local}, \"{field.WireName}\");");
                break;
            case SequenceType sequence:
                var item = TypeExpressions.CSharp(sequence.Item, rootNamespace);
                var count = $"reader.ReadCount({sequence.Bound}, {sequence.Item.MinimumSize}, \"{field.WireName}\")";
                writer.Line(sequence.IsFixed
                    ? $"var {local} = new {item}[{sequence.Bound}];"
                    : $"var {local} = {count} is var {local}Count and > 0 ? new {item}[{local}Count] : [];");
                writer.Block($"for (var i = 0; i < {local}.Length; i++)", () =>
                    writer.Line($"{local}[i] = {TypeExpressions.Read(sequence.Item, field.WireName, rootNamespace)};"));
                break;
            default:
                writer.Line($"var {local} = {TypeExpressions.Read(field.Type!, field.WireName, rootNamespace)};");
                break;
        }
    }

    public void Write(FieldModel field)
    {
        var value = field.CSharpName;
        switch (field.Type!)
        {
            case OptionalType optional:
                var local = Local(field);
                writer.Block($"if ({value} is {{ }} {local})", () =>
                {
                    writer.Line("writer.WriteOptional(true);");
                    writer.Line(TypeExpressions.Write(optional.Item, local, field.WireName));
                });
                writer.Block("else", () => writer.Line("writer.WriteOptional(false);"));
                break;
            case SequenceType sequence:
                writer.Line(sequence.IsFixed
                    ? $"XdrWriter.RequireLength({value}.Length, {sequence.Bound}, \"{field.WireName}\");"
                    : $"writer.WriteCount({value}.Length, {sequence.Bound}, \"{field.WireName}\");");
                writer.Block($"foreach (var item in {value})", () => writer.Line(TypeExpressions.Write(sequence.Item, "item", field.WireName)));
                break;
            default:
                writer.Line(TypeExpressions.Write(field.Type!, value, field.WireName));
                break;
        }
    }
}
