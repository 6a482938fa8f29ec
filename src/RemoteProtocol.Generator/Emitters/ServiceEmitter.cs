using System.Collections.Generic;
using System.Linq;
using Cistern.RemoteProtocol.Generator.Model;

namespace Cistern.RemoteProtocol.Generator.Emitters;

/// <summary>One interface for each service, with one method for each procedure: what is missing does not compile.</summary>
internal static class ServiceEmitter
{
    /// <summary>The program's services in the order of their first procedures.</summary>
    public static List<string> Services(ProgramModel program) =>
        [.. program.Procedures.Select(procedure => procedure.Service).OfType<string>().Distinct()];

    public static void Emit(CodeWriter writer, ProgramModel program)
    {
        foreach (var service in Services(program))
        {
            writer.Line();
            writer.Summary($"The procedures of the service {service}.");
            writer.Block($"public interface I{service}Procedures<in TContext>", () =>
            {
                foreach (var procedure in program.Procedures.Where(procedure => procedure.Service == service))
                {
                    writer.Summary($"Procedure {procedure.Number}. {procedure.Prose}".Trim());
                    var result = procedure.Reply is null ? "ValueTask" : $"ValueTask<{procedure.Reply}>";
                    var arguments = procedure.Arguments is null ? string.Empty : $"{procedure.Arguments} args, ";
                    writer.Line($"{result} {procedure.CSharpName}Async({arguments}TContext context, CancellationToken cancellation);");
                }
            });
        }
    }
}
