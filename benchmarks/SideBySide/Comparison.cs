using System.Net.Sockets;
using Cistern.Benchmarks.SideBySide.Daemons;
using Cistern.Benchmarks.SideBySide.Report;
using Cistern.Benchmarks.SideBySide.Wire;
using Cistern.Benchmarks.SideBySide.Workloads;

namespace Cistern.Benchmarks.SideBySide;

/// <summary>Runs workloads on two sides alternately, so that what else the machine does hits both.</summary>
internal sealed class Comparison(Daemon reference, Daemon candidate, TextWriter notes)
{
    public IEnumerable<Row> Run(Workload workload)
    {
        using var first = workload.PrepareTool is { } prepareTool
            ? new Side("tool", workload.Name, prepareTool, notes)
            : new Side(reference.Name, workload.Name, () => workload.Prepare(reference), notes);
        using var second = new Side(candidate.Name, workload.Name, () => workload.Prepare(candidate), notes);
        for (var round = workload.WarmUp ? -1 : 0; round < workload.Rounds; round++)
        {
            // Neither side always goes second.
            var order = round % 2 == 0 ? new[] { first, second } : [second, first];
            foreach (var side in order)
            {
                side.Measure(keep: round >= 0);
            }
        }

        for (var i = 0; i < workload.Metrics.Length; i++)
        {
            yield return new Row(workload.Name, workload.Metrics[i], first.Median(i), second.Median(i));
        }
    }

    /// <summary>A workload on one daemon or tool; a failure is noted and leaves its values out.</summary>
    private sealed class Side : IDisposable
    {
        private readonly string _workload;
        private readonly string _name;
        private readonly TextWriter _notes;
        private readonly List<double[]> _rounds = [];
        private IMeasurement? _measurement;

        public Side(string name, string workload, Func<IMeasurement> prepare, TextWriter notes)
        {
            (_name, _workload, _notes) = (name, workload, notes);
            Try(() => _measurement = prepare());
        }

        public void Measure(bool keep)
        {
            if (_measurement is { } measurement)
            {
                Try(() =>
                {
                    var values = measurement.Measure();
                    if (keep)
                    {
                        _rounds.Add(values);
                    }
                });
            }
        }

        public double Median(int metric) => Statistics.Median([.. _rounds.Select(values => values[metric])]);

        public void Dispose() => Try(() => _measurement?.Dispose());

        private void Try(Action step)
        {
            try
            {
                step();
            }
            catch (Exception failure) when (failure is RemoteCallException or IOException or SocketException or InvalidOperationException)
            {
                _notes.WriteLine($"{_workload}: {_name}: {failure.Message}");
                _measurement?.Dispose();
                _measurement = null;
                _rounds.Clear();
            }
        }
    }
}
