using System.Collections.Generic;
using System.Linq;
using Cistern.RemoteProtocol.Generator.Model;

namespace Cistern.RemoteProtocol.Generator.Emitters;

/// <summary>The program: its numbers, the facts about its procedures, and the table that calls the services.</summary>
internal static class ProgramEmitter
{
    public static void Emit(CodeWriter writer, FileModel file, ProgramModel program)
    {
        var calls = program.Procedures.Where(procedure => procedure.Service is not null).ToList();
        writer.Line();
        writer.Summary($"The program {program.Name}.");
        writer.Block($"public static class {file.Namespace}Program", () =>
        {
            writer.Line($"public const string Name = \"{program.Name}\";");
            writer.Line();
            writer.Line($"public const uint Number = 0x{program.Number:x8};");
            writer.Line();
            writer.Line($"public const uint Version = {program.Version};");
            writer.Line();
            writer.Summary("The procedures that clients call, by number.");
            writer.Block("public static ImmutableArray<ProcedureInfo> Procedures { get; } = ImmutableArray.Create(new ProcedureInfo[]", () =>
            {
                foreach (var procedure in calls)
                {
                    writer.Line($"{Info(procedure)},");
                }
            }, "});");
            writer.Line();
            EmitCreate(writer, program, calls);
        });
    }

    private static void EmitCreate(CodeWriter writer, ProgramModel program, List<ProcedureModel> calls)
    {
        var parameters = ServiceEmitter.Services(program).Select(service => $"I{service}Procedures<TContext> {Parameter(service)}");
        writer.Summary("The program as these services answer it.");
        writer.Line($"public static RpcProgram<TContext> Create<TContext>({string.Join(", ", parameters)})");
        writer.Block("    where TContext : ICallContext", () =>
        {
            writer.Block("return new RpcProgram<TContext>(Name, Number, Version, new Procedure<TContext>[]", () =>
            {
                for (var i = 0; i < calls.Count; i++)
                {
                    EmitEntry(writer, calls[i], i);
                }
            }, "});");
        });
    }

    private static void EmitEntry(CodeWriter writer, ProcedureModel procedure, int index)
    {
        writer.Block($"new(Procedures[{index}], (payload, context) =>", () =>
        {
            var arguments = string.Empty;
            if (procedure.Arguments is not null)
            {
                arguments = "args, ";
                writer.Line("var reader = new XdrReader(payload);");
                writer.Line($"var args = {procedure.Arguments}.Read(ref reader);");
            }

            var call = $"{Parameter(procedure.Service!)}.{procedure.CSharpName}Async({arguments}context, context.Aborted)";
            writer.Line($"return CallCompletion.{(procedure.Reply is null ? "ReplyVoid" : "ReplyWith")}({call}, context);");
        }, "}),");
    }

    private static string Info(ProcedureModel procedure)
    {
        var denied = procedure.ReadOnlyDenied is { } domain ? $"{domain}" : "null";
        var access = string.Join(", ", procedure.Access.Select(Rule));
        var filter = procedure.Filter is null ? "null" : Rule(procedure.Filter);
        var priority = procedure.HighPriority ? "High" : "Low";
        var early = Bool(procedure.BeforeAuthentication);
        var unopened = Bool(procedure.BeforeOpen);
        return $"new({procedure.Number}, \"{procedure.WireName}\", \"{procedure.Service}\", CallPriority.{priority}, {denied}, {early}, {unopened}, "
            + $"StreamDirection.{procedure.Stream}, [{access}], {filter})";
    }

    private static string Bool(bool value) => value ? "true" : "false";

    private static string Rule(AccessRuleModel rule)
    {
        var flag = rule.Flag is null ? string.Empty : $", \"{rule.Flag}\"";
        return $"new AccessRule(\"{rule.Object}\", \"{rule.Permission}\"{flag})";
    }

    private static string Parameter(string service) => char.ToLowerInvariant(service[0]) + service.Substring(1);
}
