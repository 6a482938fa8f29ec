using Microsoft.CodeAnalysis;

namespace Cistern.RemoteProtocol.Generator.Tests;

public class IncrementalityTests
{
    private const string First = "/* @namespace: A */ struct a { int x; };";
    private const string Second = "/* @namespace: B */ struct b { int x; };";

    private readonly GeneratorRun _run = new(("a.x", First), ("b.x", Second));

    [Fact]
    public void Unchanged_definitions_are_neither_parsed_nor_emitted_again()
    {
        _run.Again();
        Assert.All(Reasons(ProtocolGenerator.ParseStep), reason => Assert.Equal(IncrementalStepRunReason.Cached, reason));
        Assert.Equal([IncrementalStepRunReason.Cached], Reasons(ProtocolGenerator.BindStep));
        Assert.All(
            _run.Result.TrackedOutputSteps.SelectMany(step => step.Value).SelectMany(step => step.Outputs),
            output => Assert.Equal(IncrementalStepRunReason.Cached, output.Reason));
    }

    [Fact]
    public void A_changed_file_is_parsed_alone()
    {
        _run.Again("b.x", Second.Replace("int x", "hyper x", StringComparison.Ordinal));
        Assert.Equal(
            [IncrementalStepRunReason.Cached, IncrementalStepRunReason.Modified],
            Reasons(ProtocolGenerator.ParseStep));
        Assert.Contains("long X", _run.Source("b.Types.g.cs"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_read_again_with_the_same_text_changes_nothing_behind_the_parser()
    {
        _run.Again("b.x", Second);
        Assert.DoesNotContain(IncrementalStepRunReason.Modified, Reasons(ProtocolGenerator.ParseStep));
        Assert.Equal([IncrementalStepRunReason.Cached], Reasons(ProtocolGenerator.BindStep));
    }

    private List<IncrementalStepRunReason> Reasons(string step) =>
        [.. _run.Result.TrackedSteps[step].SelectMany(run => run.Outputs).Select(output => output.Reason)];
}
