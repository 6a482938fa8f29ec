using System.Diagnostics;
using Cistern.Benchmarks.SideBySide.Daemons;
using Cistern.Benchmarks.SideBySide.Report;
using Cistern.Benchmarks.SideBySide.Wire;
using Cistern.RemoteProtocol.Remote;

namespace Cistern.Benchmarks.SideBySide.Workloads;

/// <summary>Volume data over the wire, from and to tmpfs.</summary>
internal static class Transfers
{
    private const long GiB = 1L << 30;
    private const long MiB = 1L << 20;
    private const string Volume = "volume-0";

    public static IEnumerable<Workload> Workloads(bool quick)
    {
        var size = quick ? GiB / 4 : GiB;
        yield return Of("download-unix", "download unix raw", daemon => daemon.Unix, Download, 3, 0.2);
        yield return Of("download-tcp", "download tcp raw", daemon => daemon.Tcp, Download, 1.5, 0.5);
        yield return Of("upload-unix", "upload unix raw", daemon => daemon.Unix, Upload, 1.4, 0.65);
        yield return Of("upload-tcp", "upload tcp raw", daemon => daemon.Tcp, Upload, 1.5, 0.6);
        yield return new("download-sparse", 3, true, [new("sparse download 10 GiB with 100 MiB data, unix raw", Unit.Milliseconds, 0.5)],
            daemon => new SparseDownload(daemon));
        yield return Beside("beside-downloads", "4 downloads", Download, 3);
        yield return Beside("beside-uploads", "4 uploads", Upload, null);

        Workload Of(string name, string title, Func<Daemon, Endpoint> endpoint, Transfer transfer, double rate, double cpu) => new(name, quick ? 1 : 3, true,
            [
                new(title, Unit.MegaBytesPerSecond, rate, Near: 1.3),
                new($"{title}, server CPU per GiB", Unit.Milliseconds, cpu),
            ],
            daemon => new Single(daemon, endpoint(daemon), transfer, size));

        Workload Beside(string name, string title, Transfer transfer, double? rate) => new(name, quick ? 1 : 3, true,
            [
                new($"{title} together", Unit.MegaBytesPerSecond, rate),
                new($"GetInfo beside {title}, p50", Unit.Microseconds, 0.4),
                new($"GetInfo beside {title}, p99", Unit.Microseconds, 0.5),
            ],
            daemon => new Several(daemon, transfer, size / 2));
    }

    private delegate void Transfer(RawClient client, NonnullStorageVol volume, long length);

    /// <summary>Megabytes per second of a transfer of that many bytes.</summary>
    public static double Rate(long length, Action transfer) => length / Changes.Microseconds(transfer);

    public static void Download(RawClient client, NonnullStorageVol volume, long length)
    {
        var received = VolumeStream.Download(client, volume);
        if (received != length)
        {
            throw new IOException($"the download gave {received} bytes of {length}");
        }
    }

    public static void Upload(RawClient client, NonnullStorageVol volume, long length) => VolumeStream.Upload(client, volume, length);

    private sealed class Single(Daemon daemon, Endpoint endpoint, Transfer transfer, long length) : IMeasurement
    {
        private readonly DirectoryPool _pool = new(daemon, daemon.Memory, ImageFiles.Data(1, length, length));
        private readonly RawClient _client = RawClient.Open(endpoint);

        public double[] Measure()
        {
            var volume = _pool.Volume(Volume);
            var cpu = ProcessMeter.CpuSeconds(daemon.Pid);
            var watch = Stopwatch.StartNew();
            transfer(_client, volume, length);
            var seconds = watch.Elapsed.TotalSeconds;
            cpu = ProcessMeter.CpuSeconds(daemon.Pid) - cpu;
            return [length / seconds / 1e6, cpu * GiB / length * 1e3];
        }

        public void Dispose()
        {
            _client.Dispose();
            _pool.Dispose();
        }
    }

    private sealed class SparseDownload(Daemon daemon) : IMeasurement
    {
        private readonly DirectoryPool _pool = new(daemon, daemon.Memory, ImageFiles.Data(1, 10 * GiB, 100 * MiB));

        public double[] Measure()
        {
            var volume = _pool.Volume(Volume);
            var watch = Stopwatch.StartNew();
            var received = VolumeStream.Download(_pool.Client, volume, sparse: true);
            return received == 100 * MiB
                ? [watch.Elapsed.TotalMilliseconds]
                : throw new IOException($"the sparse download gave {received} bytes of data");
        }

        public void Dispose() => _pool.Dispose();
    }

    /// <summary>Four transfers at once, each of its own volume over its own connection, and a client that asks meanwhile.</summary>
    private sealed class Several(Daemon daemon, Transfer transfer, long length) : IMeasurement
    {
        private const int Transfers = 4;

        private readonly DirectoryPool _pool = new(daemon, daemon.Memory, ImageFiles.Data(Transfers, length, length));

        public double[] Measure()
        {
            var volumes = new Queue<NonnullStorageVol>(Enumerable.Range(0, Transfers).Select(i => _pool.Volume($"volume-{i}")));
            var latencies = new List<double>();
            var watch = Stopwatch.StartNew();
            using var workers = new Workers(Transfers, () =>
            {
                using var client = RawClient.Open(daemon.Unix);
                NonnullStorageVol volume;
                lock (volumes)
                {
                    volume = volumes.Dequeue();
                }

                transfer(client, volume, length);
            });
            while (workers.AreRunning)
            {
                latencies.AddRange(RoundTrip.Latencies(_pool.Client, _pool.GetInfo, 10));
            }

            var seconds = watch.Elapsed.TotalSeconds;
            workers.Join();
            var values = Statistics.AtAnyTime(latencies);
            return [Transfers * length / seconds / 1e6, Statistics.Median(values), Statistics.Percentile(values, 0.99)];
        }

        public void Dispose() => _pool.Dispose();
    }
}
