using Cistern.RemoteProtocol.Generator.Model;

namespace Cistern.RemoteProtocol.Generator.Emitters;

/// <summary>Constants of a file in one static class, and its enumerations.</summary>
internal static class ConstantsEmitter
{
    public static void Emit(CodeWriter writer, FileModel file)
    {
        if (file.Constants.Count > 0)
        {
            writer.Line();
            writer.Summary($"Constants of {file.Name}.x.");
            writer.Block($"public static class {file.Namespace}Constants", () =>
            {
                foreach (var constant in file.Constants)
                {
                    writer.Summary(constant.Prose.Length > 0 ? constant.Prose : constant.WireName);
                    var type = constant.Value is >= int.MinValue and <= int.MaxValue ? "int" : "long";
                    writer.Line($"public const {type} {constant.CSharpName} = {constant.Value};");
                }
            });
        }

        foreach (var enumeration in file.Enums)
        {
            writer.Line();
            writer.Summary(enumeration.Prose.Length > 0 ? enumeration.Prose : enumeration.WireName);
            writer.Block($"public enum {enumeration.CSharpName}", () =>
            {
                foreach (var member in enumeration.Members)
                {
                    writer.Summary(member.Prose);
                    writer.Line($"{member.CSharpName} = {member.Value},");
                }
            });
        }
    }
}
