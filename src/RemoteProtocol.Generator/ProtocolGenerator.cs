using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using Cistern.RemoteProtocol.Generator.Emitters;
using Cistern.RemoteProtocol.Generator.Model;
using Cistern.RemoteProtocol.Generator.Syntax;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Text;

namespace Cistern.RemoteProtocol.Generator;

/// <summary>Turns the project's <c>.x</c> files into types, codecs, service interfaces and procedure tables.</summary>
[Generator]
public sealed class ProtocolGenerator : IIncrementalGenerator
{
    internal const string ParseStep = "Parse";
    internal const string BindStep = "Bind";

    /// <inheritdoc/>
    public void Initialize(IncrementalGeneratorInitializationContext context)
    {
        var files = context.AdditionalTextsProvider
            .Where(text => text.Path.EndsWith(".x", StringComparison.Ordinal))
            .Select((text, cancellation) => Parser.Parse(text.Path, text.GetText(cancellation)?.ToString() ?? string.Empty))
            .WithTrackingName(ParseStep);
        var model = files.Collect()
            .Select((parsed, _) => Binder.Bind(parsed))
            .WithTrackingName(BindStep);
        var rootNamespace = context.AnalyzerConfigOptionsProvider
            .Select((options, _) => options.GlobalOptions.TryGetValue("build_property.RootNamespace", out var name) ? name : "Protocol");
        context.RegisterSourceOutput(model.Combine(rootNamespace), (output, input) => Emit(output, input.Left, input.Right));
    }

    /// <summary>All generated files by name.</summary>
    internal static IEnumerable<(string HintName, string Source)> Emit(ProtocolModel model, string rootNamespace) =>
        model.Files.SelectMany(file => Emit(file, rootNamespace));

    private static void Emit(SourceProductionContext output, ProtocolModel model, string rootNamespace)
    {
        foreach (var error in model.Errors)
        {
            output.ReportDiagnostic(error.ToDiagnostic());
        }

        if (model.Errors.Count > 0)
        {
            return;
        }

        foreach (var (hintName, source) in Emit(model, rootNamespace))
        {
            output.AddSource(hintName, SourceText.From(source, Encoding.UTF8));
        }
    }

    private static IEnumerable<(string HintName, string Source)> Emit(FileModel file, string rootNamespace)
    {
        yield return Source("Constants", writer => ConstantsEmitter.Emit(writer, file));
        if (file.Composites.Count > 0)
        {
            yield return Source("Types", writer => EmitTypes(writer, file, rootNamespace));
        }

        if (file.Program is { } program && ServiceEmitter.Services(program).Count > 0)
        {
            yield return Source("Services", writer => ServiceEmitter.Emit(writer, program));
            yield return Source("Program", writer => ProgramEmitter.Emit(writer, file, program));
        }

        (string, string) Source(string part, Action<CodeWriter> emit)
        {
            var writer = CodeWriter.File(rootNamespace, file.Namespace);
            emit(writer);
            return ($"{file.Name}.{part}.g.cs", writer.ToString());
        }
    }

    private static void EmitTypes(CodeWriter writer, FileModel file, string rootNamespace)
    {
        foreach (var composite in file.Composites)
        {
            if (composite.Discriminant is null)
            {
                StructEmitter.Emit(writer, composite, rootNamespace);
            }
            else
            {
                UnionEmitter.Emit(writer, composite, rootNamespace);
            }
        }
    }
}
