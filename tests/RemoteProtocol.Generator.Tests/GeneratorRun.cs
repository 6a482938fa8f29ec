using System.Diagnostics.CodeAnalysis;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Text;

namespace Cistern.RemoteProtocol.Generator.Tests;

/// <summary>Runs the generator as the compiler does, over definition files given as text.</summary>
internal sealed class GeneratorRun
{
    private readonly List<AdditionalText> _texts;
    private GeneratorDriver _driver;

    public GeneratorRun(params (string Path, string Text)[] files)
    {
        var options = new GeneratorDriverOptions(IncrementalGeneratorOutputKind.None, trackIncrementalGeneratorSteps: true);
        _texts = [.. files.Select(file => new MemoryText(file.Path, file.Text))];
        _driver = CSharpGeneratorDriver.Create(
            [new ProtocolGenerator().AsSourceGenerator()],
            _texts,
            optionsProvider: new ProjectOptions(),
            driverOptions: options);
        Run();
    }

    public GeneratorRunResult Result => _driver.GetRunResult().Results.Single();

    public IReadOnlyList<Diagnostic> Diagnostics => Result.Diagnostics;

    public string Source(string hintName) => Result.GeneratedSources.Single(source => source.HintName == hintName).SourceText.ToString();

    /// <summary>Runs again with a new compilation and, where given, one file's new text.</summary>
    public void Again(string? path = null, string text = "")
    {
        if (path is not null)
        {
            var old = _texts.Single(candidate => candidate.Path == path);
            _driver = _driver.ReplaceAdditionalText(old, new MemoryText(path, text));
        }

        Run();
    }

    private void Run() => _driver = _driver.RunGenerators(CSharpCompilation.Create("Empty"));

    private sealed class MemoryText(string path, string text) : AdditionalText
    {
        public override string Path { get; } = path;

        public override SourceText GetText(CancellationToken cancellationToken = default) => SourceText.From(text);
    }

    /// <summary>The project's root namespace, and nothing else.</summary>
    private sealed class ProjectOptions : AnalyzerConfigOptionsProvider
    {
        public override AnalyzerConfigOptions GlobalOptions { get; } = new Options();

        public override AnalyzerConfigOptions GetOptions(SyntaxTree tree) => GlobalOptions;

        public override AnalyzerConfigOptions GetOptions(AdditionalText textFile) => GlobalOptions;

        private sealed class Options : AnalyzerConfigOptions
        {
            public override bool TryGetValue(string key, [NotNullWhen(true)] out string? value)
            {
                value = key == "build_property.RootNamespace" ? "Cistern.RemoteProtocol" : null;
                return value is not null;
            }
        }
    }
}
