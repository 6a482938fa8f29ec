namespace Cistern.Benchmarks.SideBySide.Workloads;

/// <summary>A workload set up on one daemon: the constructor prepares, each measure is one round, disposing clears away.</summary>
internal interface IMeasurement : IDisposable
{
    /// <summary>One round; a value for each of the workload's metrics, in their order.</summary>
    double[] Measure();

    void IDisposable.Dispose()
    {
    }
}
