using System.Diagnostics;
using Cistern.Benchmarks.SideBySide.Daemons;

namespace Cistern.Benchmarks.SideBySide.Workloads;

/// <summary>One call that takes long.</summary>
internal static class ServerWork
{
    /// <summary>Milliseconds that the call takes, and of the daemon's processor time.</summary>
    public static double[] Measure(Daemon daemon, Action call)
    {
        var cpu = ProcessMeter.CpuSeconds(daemon.Pid);
        var watch = Stopwatch.StartNew();
        call();
        var wall = watch.Elapsed.TotalMilliseconds;
        return [wall, (ProcessMeter.CpuSeconds(daemon.Pid) - cpu) * 1e3];
    }
}
