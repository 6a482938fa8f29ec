using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using Cistern.Benchmarks.SideBySide.Daemons;
using Cistern.Benchmarks.SideBySide.Report;

namespace Cistern.Benchmarks.SideBySide.Workloads;

/// <summary>The same through libvirt's own client library: <c>libclient.py</c> measures, over the unix socket.</summary>
internal sealed class LibraryClient(Daemon daemon, string action, Contents contents) : IMeasurement
{
    private const long GiB = 1L << 30;
    private const long MiB = 1L << 20;

    private readonly DirectoryPool _pool = new(daemon, daemon.Memory, contents);

    public static IEnumerable<Workload> Workloads(bool quick)
    {
        var size = quick ? GiB / 4 : GiB;
        yield return Of("getinfo", ImageFiles.Raw(1), new Metric("pool GetInfo, libvirt.so, p50", Unit.Microseconds, 0.4));
        yield return Of("volgetinfo", ImageFiles.Raw(1), new Metric("VolGetInfo, libvirt.so, p50", Unit.Microseconds, 0.4));
        yield return Of("list", ImageFiles.Raw(10_000), new Metric("ListAllVolumes of 10,000, libvirt.so", Unit.Milliseconds, 0.35));
        yield return Of("details", ImageFiles.Raw(1_000), new Metric("path and info of each volume, libvirt.so, per volume", Unit.Microseconds, 0.45));
        yield return Of("download", ImageFiles.Data(1, size, size), new Metric("download unix, libvirt.so", Unit.MegaBytesPerSecond, 2.5, 1.3), cpu: 0.2);
        yield return Of("upload", ImageFiles.Data(1, size, size), new Metric("upload unix, libvirt.so", Unit.MegaBytesPerSecond, 1.4, 1.3), cpu: 0.65);
        yield return Of("sparse-download", ImageFiles.Data(1, 10 * GiB, 100 * MiB),
            new Metric("sparse download 10 GiB with 100 MiB data, libvirt.so", Unit.Milliseconds, 0.6));
        yield return Of("sparse-upload", ImageFiles.Data(1, 10 * GiB, 100 * MiB),
            new Metric("sparse upload 10 GiB with 100 MiB data, libvirt.so", Unit.Milliseconds, 0.85), cpu: 0.7);

        // The processor time includes the client's connecting.
        Workload Of(string action, Contents contents, Metric metric, double? cpu = null) =>
            new($"lib-{action}", quick ? 1 : 3, true,
                cpu is null ? [metric] : [metric, new Metric($"{metric.Title}, server CPU", Unit.Milliseconds, cpu)],
                daemon => new LibraryClient(daemon, action, contents));
    }

    public double[] Measure()
    {
        var uri = new Uri(daemon.Unix.Uri);
        var socket = ((UnixDomainSocketEndPoint)daemon.Unix.Address).ToString();
        var start = new ProcessStartInfo(Tool.Python) { RedirectStandardOutput = true, RedirectStandardError = true };
        string[] arguments =
            [Path.Combine(AppContext.BaseDirectory, "libclient.py"), $"{uri.Scheme}+unix://{uri.AbsolutePath}?socket={socket}", _pool.Handle.Name, action];
        Array.ForEach(arguments, start.ArgumentList.Add);
        try
        {
            var cpu = ProcessMeter.CpuSeconds(daemon.Pid);
            using var process = Process.Start(start)!;
            var output = process.StandardOutput.ReadToEnd();
            var errors = process.StandardError.ReadToEnd();
            process.WaitForExit();
            cpu = ProcessMeter.CpuSeconds(daemon.Pid) - cpu;
            return process.ExitCode == 0
                ? [double.Parse(output, CultureInfo.InvariantCulture), cpu * 1e3]
                : throw new InvalidOperationException($"libclient.py failed: {errors.TrimEnd().Split('\n')[^1]}");
        }
        catch (Win32Exception missing)
        {
            throw new InvalidOperationException($"{Tool.Python}: {missing.Message}", missing);
        }
    }

    public void Dispose() => _pool.Dispose();
}
