using Cistern.Benchmarks.SideBySide.Daemons;
using Cistern.Benchmarks.SideBySide.Report;
using Cistern.RemoteProtocol.Remote;

namespace Cistern.Benchmarks.SideBySide.Workloads;

/// <summary>A volume's allocated gibibyte overwritten with zeros.</summary>
internal sealed class Wiping(Daemon daemon, string parent) : IMeasurement
{
    private const long GiB = 1L << 30;

    private readonly DirectoryPool _pool = new(daemon, parent, ImageFiles.Data(1, GiB, GiB));

    public static IEnumerable<Workload> Workloads(bool quick)
    {
        yield return Of("wipe-tmpfs", "wipe 1 GiB, tmpfs", daemon => daemon.Memory);
        if (!quick)
        {
            yield return Of("wipe-disk", "wipe 1 GiB, disk", daemon => daemon.Disk);
        }

        Workload Of(string name, string title, Func<Daemon, string> parent) => new(name, quick ? 1 : 3, true,
            [new(title, Unit.Milliseconds, 1, Near: 1.1), new($"{title}, server CPU", Unit.Milliseconds, 1, Near: 1.1)],
            daemon => new Wiping(daemon, parent(daemon)));
    }

    public double[] Measure()
    {
        var request = new StorageVolWipeArgs(_pool.Volume("volume-0"), 0);
        return ServerWork.Measure(daemon, () => _pool.Client.Call(RemoteProcedure.StorageVolWipe, request));
    }

    public void Dispose() => _pool.Dispose();
}
