using System.Diagnostics;
using System.Runtime.InteropServices;
using Cistern.Benchmarks.SideBySide.Daemons;
using Cistern.Benchmarks.SideBySide.Engines;
using Cistern.Benchmarks.SideBySide.Report;
using Cistern.Benchmarks.SideBySide.Workloads;

namespace Cistern.Benchmarks.SideBySide;

/// <summary>One run: starts both daemons, compares, prints, clears away.</summary>
internal sealed class Session : IDisposable
{
    private readonly Options _options;
    private readonly string _disk;
    private readonly string _memory;
    private readonly Daemon _reference;
    private readonly Daemon _candidate;
    private readonly PosixSignalRegistration[] _signals;

    private Session(Options options)
    {
        _options = options;
        var name = $"side-by-side-{Environment.ProcessId}";
        _disk = Daemon.MakeDirectory(Path.Combine(options.Disk, name));
        _memory = Daemon.MakeDirectory(Path.Combine(options.Tmpfs, name));
        _signals = [.. new[] { PosixSignal.SIGINT, PosixSignal.SIGTERM }.Select(signal => PosixSignalRegistration.Create(signal, _ =>
        {
            Dispose();
            Environment.Exit(130);
        }))];
        _reference = new LibvirtDaemon("libvirtd", Path.Combine(_disk, "a"), Path.Combine(_memory, "a"));
        _candidate = options.SelfCheck
            ? new LibvirtDaemon("libvirtd-2", Path.Combine(_disk, "b"), Path.Combine(_memory, "b"))
            : new CisternDaemon(options.Cisternd, "cisternd", Path.Combine(_disk, "b"), Path.Combine(_memory, "b"));
    }

    /// <summary>The exit code: 0, or 1 when there was nothing to compare. What the ratios are makes no difference.</summary>
    public static int Run(Options options)
    {
        using var engines = new EngineSet(options.Disk, options.Tmpfs);
        var workloads = Catalogue.All(options.Quick, engines)
            .Where(workload => options.Wants(workload.Name) && !(options.SelfCheck && workload.PrepareTool is not null)).ToArray();
        if (options.List)
        {
            Console.WriteLine(string.Join('\n', workloads.Select(workload => workload.Name)));
            return 0;
        }

        try
        {
            using var session = new Session(options);
            session.Compare(workloads);
            return 0;
        }
        catch (Exception failure) when (failure is InvalidOperationException or IOException or System.ComponentModel.Win32Exception)
        {
            Console.Error.WriteLine($"side-by-side: {failure.Message}");
            return 1;
        }
    }

    public void Dispose()
    {
        foreach (var signal in _signals)
        {
            signal.Dispose();
        }

        _reference?.Dispose();
        _candidate?.Dispose();
        foreach (var directory in new[] { _disk, _memory }.Where(Directory.Exists))
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private void Compare(IReadOnlyList<Workload> workloads)
    {
        _reference.Start();
        _candidate.Start();
        var watch = Stopwatch.StartNew();
        using var report = new Output(_options.Markdown);
        report.WriteLine(Table.Head(_reference.Name, _candidate.Name));
        var comparison = new Comparison(_reference, _candidate, Console.Error);
        foreach (var workload in workloads)
        {
            if (watch.Elapsed > _options.Budget)
            {
                Console.Error.WriteLine($"{workload.Name}: not started, the time is up");
                continue;
            }

            foreach (var row in comparison.Run(workload))
            {
                report.WriteLine(Table.Line(row));
            }
        }
    }

    /// <summary>The terminal, and a file if one is given.</summary>
    private sealed class Output(string? file) : IDisposable
    {
        private readonly StreamWriter? _file = file is null ? null : new StreamWriter(file);

        public void WriteLine(string line)
        {
            Console.WriteLine(line);
            _file?.WriteLine(line);
        }

        public void Dispose() => _file?.Dispose();
    }
}
