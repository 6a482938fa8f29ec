namespace Cistern.Benchmarks.SideBySide.Workloads;

/// <summary>A round without a daemon.</summary>
/// <param name="measure">The round.</param>
/// <param name="needed">Cleared away afterwards.</param>
internal sealed class ToolWork(Func<double[]> measure, IDisposable? needed = null) : IMeasurement
{
    public double[] Measure() => measure();

    public void Dispose() => needed?.Dispose();
}
