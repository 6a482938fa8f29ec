using System.Diagnostics;
using System.Globalization;

namespace Cistern.Fuzz;

/// <summary>The mutation loop as a command: <c>dotnet run --project tests/Fuzz -- TARGET|all [--seconds N] [--seed S]</c>.</summary>
internal static class Program
{
    private const string Usage = "usage: Fuzz TARGET|all [--seconds N (all targets together, 60)] [--seed S (1)]";

    private static int Main(string[] arguments)
    {
        var targets = FuzzTargets.All.Where(target => arguments is [var name, ..] && (name == "all" || name == target.Name)).ToList();
        if (targets.Count == 0 || !TryOption(arguments, "--seconds", 60, out var seconds) || !TryOption(arguments, "--seed", 1, out var seed))
        {
            Console.Error.WriteLine(Usage);
            Console.Error.WriteLine($"targets: {string.Join(' ', FuzzTargets.All)}");
            return 2;
        }

        var share = TimeSpan.FromSeconds((double)seconds / targets.Count);
        var failed = 0;
        foreach (var target in targets)
        {
            failed += Run(target, seed, share) ? 0 : 1;
        }

        return failed == 0 ? 0 : 1;
    }

    private static bool Run(FuzzTarget target, int seed, TimeSpan time)
    {
        var watch = Stopwatch.StartNew();
        var (finding, iterations) = FuzzLoop.Run(target, seed, _ => watch.Elapsed < time);
        if (finding is null)
        {
            Console.WriteLine($"{target}: {iterations} inputs in {watch.Elapsed.TotalSeconds:F1} s, seed {seed}: no defect");
            return true;
        }

        var path = Path.GetFullPath($"fuzz-{target}-seed-{seed}-input-{finding.Iteration}.bin");
        File.WriteAllBytes(path, finding.Input);
        Console.WriteLine($"{target}: input {finding.Iteration} of seed {seed} is a defect, kept in {path}");
        Console.WriteLine(finding.Error);
        return false;
    }

    private static bool TryOption(string[] arguments, string name, int standard, out int value)
    {
        value = standard;
        var at = Array.IndexOf(arguments, name);
        return at < 0 || (at + 1 < arguments.Length && int.TryParse(arguments[at + 1], NumberStyles.None, CultureInfo.InvariantCulture, out value));
    }
}
