using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using Cistern.Benchmarks.SideBySide.Wire;

namespace Cistern.Benchmarks.SideBySide.Daemons;

/// <summary>A private running daemon: own configuration, sockets and directories, gone when disposed.</summary>
internal abstract class Daemon : IDisposable
{
    /// <summary>As root both daemons run as this user (nobody), so that neither touches the system's own state.</summary>
    private const int UnprivilegedUser = 65534;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private Process? _process;

    protected Daemon(string name, string disk, string memory)
    {
        Name = name;
        Disk = disk;
        Memory = memory;
        MakeDirectory(disk);
        MakeDirectory(memory);
        Home = MakeDirectory(Path.Combine(disk, "home"));
    }

    public string Name { get; }

    /// <summary>A directory of this daemon's own on a disk; pools go below it.</summary>
    public string Disk { get; }

    /// <summary>A directory of this daemon's own on tmpfs.</summary>
    public string Memory { get; }

    public abstract Endpoint Unix { get; }

    public abstract Endpoint Tcp { get; }

    /// <summary>Where secrets are told.</summary>
    public abstract Endpoint Secrets { get; }

    public int Pid => _process?.Id ?? throw new InvalidOperationException($"{Name} is not running");

    /// <summary>From the start of the process to the first answered CONNECT_OPEN.</summary>
    public TimeSpan StartUp { get; private set; }

    protected string Home { get; }

    private string LogFile => Path.Combine(Home, "log");

    /// <summary>A fresh instance of the same daemon, not yet started.</summary>
    public abstract Daemon Another(string name);

    public void Start()
    {
        var watch = Stopwatch.StartNew();
        _process = Launch();
        WaitForOpen(watch);
        StartUp = watch.Elapsed;
    }

    /// <summary>Makes a directory which the daemon may use, whoever it runs as.</summary>
    public static string MakeDirectory(string path)
    {
        Directory.CreateDirectory(path);
        File.SetUnixFileMode(path, (UnixFileMode)0b111_111_111);
        return path;
    }

    public virtual void Dispose()
    {
        if (_process is { } process)
        {
            ProcessMeter.Terminate(process.Id);
            if (!process.WaitForExit(Patience))
            {
                process.Kill();
                process.WaitForExit();
            }

            process.Dispose();
            _process = null;
        }

        foreach (var directory in new[] { Disk, Memory }.Where(Directory.Exists))
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    /// <summary>The program and its arguments.</summary>
    protected abstract IReadOnlyList<string> CommandLine();

    protected virtual IReadOnlyDictionary<string, string> Environment() => new Dictionary<string, string>();

    /// <summary>What the daemon has printed so far.</summary>
    protected string Output() => File.Exists(LogFile) ? File.ReadAllText(LogFile) : "";

    private Process Launch()
    {
        var start = new ProcessStartInfo("setpriv") { WorkingDirectory = Home };
        // The signal ends the daemon with us, however we end.
        var arguments = new List<string> { "--pdeathsig", "KILL" };
        if (System.Environment.IsPrivilegedProcess)
        {
            var id = UnprivilegedUser.ToString(CultureInfo.InvariantCulture);
            arguments.AddRange(["--reuid", id, "--regid", id, "--clear-groups"]);
        }

        // Output goes to a file: a pipe would need a reader at the daemon's side of the scales.
        arguments.AddRange(["--", "/bin/sh", "-c", "exec \"$@\" >\"$0\" 2>&1", LogFile, .. CommandLine()]);
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        start.Environment["HOME"] = Home;
        foreach (var (name, value) in Environment())
        {
            start.Environment[name] = value;
        }

        return Process.Start(start)!;
    }

    private void WaitForOpen(Stopwatch watch)
    {
        while (true)
        {
            try
            {
                using var client = RawClient.Open(Unix);
                return;
            }
            catch (SocketException) when (!_process!.HasExited && watch.Elapsed < Patience)
            {
                Thread.Sleep(TimeSpan.FromMilliseconds(0.5));
            }
            catch (SocketException)
            {
                throw new InvalidOperationException($"{Name} does not answer: {Output()}");
            }
        }
    }
}
