namespace Cistern.Fuzz;

public class CorpusTests
{
    public static TheoryData<string> Targets => [.. FuzzTargets.All.Select(target => target.Name)];

    [Theory]
    [MemberData(nameof(Targets))]
    public void Every_seed_is_survived(string name)
    {
        var target = Target(name);
        var corpus = target.ReadCorpus();
        Assert.NotEmpty(corpus);
        Assert.All(corpus, seed => target.Run(seed));
    }

    [Theory]
    [MemberData(nameof(Targets))]
    public void The_first_mutations_of_the_seeds_are_survived(string name)
    {
        var (finding, _) = FuzzLoop.Run(Target(name), seed: 1, iteration => iteration < 1000);
        Assert.True(finding is null, $"input {Convert.ToHexString(finding?.Input ?? [])}: {finding?.Error}");
    }

    [Fact]
    public void One_number_makes_the_same_inputs_twice()
    {
        var inputs = Inputs(7);
        Assert.Equal(inputs, Inputs(7));
        Assert.NotEqual(inputs, Inputs(8));
        Assert.True(inputs.Distinct().Count() > 25);

        static List<string> Inputs(int seed)
        {
            var mutator = new Mutator(seed, Target("frame"));
            return [.. Enumerable.Range(0, 50).Select(_ => Convert.ToHexString(mutator.Next()))];
        }
    }

    [Fact]
    public void A_defect_is_found_and_named()
    {
        var fragile = new FuzzTarget("frame", input => ArgumentOutOfRangeException.ThrowIfGreaterThan(input.Length, 100));
        var (finding, iterations) = FuzzLoop.Run(fragile, seed: 1, iteration => iteration < 10000);
        Assert.NotNull(finding);
        Assert.Equal(finding.Iteration + 1, iterations);
        Assert.True(finding.Input.Length > 100);
        Assert.IsType<ArgumentOutOfRangeException>(finding.Error);
    }

    private static FuzzTarget Target(string name) => FuzzTargets.All.Single(target => target.Name == name);
}
