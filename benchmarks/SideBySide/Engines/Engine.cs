using System.ComponentModel;
using System.Diagnostics;
using Cistern.Benchmarks.SideBySide.Workloads;

namespace Cistern.Benchmarks.SideBySide.Engines;

/// <summary>A storage engine on this host: <c>engine.py</c> starts it, and stops it when this is disposed or the benchmark ends in any way.</summary>
internal sealed class Engine : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly Dictionary<string, string> _facts;
    private readonly HashSet<string> _pools = [];

    /// <param name="name">What <c>engine.py</c> calls it.</param>
    /// <param name="directory">Where its files go.</param>
    /// <exception cref="InvalidOperationException">It is not installed, or does not start.</exception>
    public Engine(string name, string directory)
    {
        var start = new ProcessStartInfo(Tool.Python) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        string[] arguments =
            ["-B", Path.Combine(AppContext.BaseDirectory, "engine.py"), Path.Combine(Options.RepositoryRoot(), "tests", "interop"), name];
        Array.ForEach(arguments, start.ArgumentList.Add);
        start.Environment["TMPDIR"] = directory;
        try
        {
            _process = Process.Start(start)!;
        }
        catch (Win32Exception missing)
        {
            throw new InvalidOperationException($"{Tool.Python}: {missing.Message}", missing);
        }

        _facts = Answer().Select(line => line.Split('=', 2)).ToDictionary(parts => parts[0], parts => parts[1]);
    }

    /// <summary>Something a client must know: a host, a key, a file.</summary>
    public string this[string fact] => _facts[fact];

    /// <summary>A pool of that name, made when it is first asked for.</summary>
    /// <param name="pool">The name.</param>
    /// <param name="fill">Puts into the new pool what it is to hold.</param>
    public void Make(string pool, Action<string> fill)
    {
        if (_pools.Add(pool))
        {
            _process.StandardInput.WriteLine(pool);
            Answer();
            fill(pool);
        }
    }

    public void Dispose()
    {
        _process.StandardInput.Close();
        if (!_process.WaitForExit(Patience))
        {
            _process.Kill();
        }

        _process.Dispose();
    }

    /// <summary>The lines up to the empty one.</summary>
    private List<string> Answer()
    {
        var lines = new List<string>();
        while (_process.StandardOutput.ReadLine() is { } line)
        {
            if (line.Length == 0)
            {
                return lines;
            }

            lines.Add(line);
        }

        throw new InvalidOperationException($"engine.py: {_process.StandardError.ReadToEnd().TrimEnd().Split('\n')[^1]}");
    }
}
