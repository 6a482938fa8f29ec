namespace Cistern.Fuzz;

/// <summary>An input that a target did not survive.</summary>
public sealed record FuzzFinding(byte[] Input, long Iteration, Exception Error);

/// <summary>Tries mutated seeds until the first defect, the deadline or the last iteration.</summary>
public static class FuzzLoop
{
    /// <returns>The defect, if any, and how many inputs were tried.</returns>
    public static (FuzzFinding? Finding, long Iterations) Run(FuzzTarget target, int seed, Func<long, bool> goesOn)
    {
        var mutator = new Mutator(seed, target);
        for (long iteration = 0; ; iteration++)
        {
            if (!goesOn(iteration))
            {
                return (null, iteration);
            }

            var input = mutator.Next();
            try
            {
                target.Run(input);
            }
            catch (Exception error)
            {
                return (new FuzzFinding(input, iteration, error), iteration + 1);
            }
        }
    }
}
