using System.Diagnostics;
using System.Text;
using Cistern.Storage.Errors;
using Cistern.Storage.Host;

namespace Cistern.Storage.Commands;

/// <summary>Why <see cref="ChildProcess.Collect"/> returned.</summary>
internal enum ChildOutcome
{
    Exited,
    Interrupted,
    TimedOut,
    SaidTooMuch,
}

/// <summary>
/// One child process in a process group of its own. Used by one thread, but for <see cref="Interrupt"/>. One that cannot be killed, because the
/// kernel waits for storage that hangs, is left behind to a thread that waits for its end.
/// </summary>
internal sealed class ChildProcess : IDisposable
{
    private const int KillSignal = 9;
    private const int StackSize = 128 * 1024;

    /// <summary>Milliseconds in which what is killed ends, where it can.</summary>
    private const int KillTime = 5000;

    private static readonly string[] Environment = ["LC_ALL=C", "PATH=" + string.Join(':', HostTools.SafeFolders)];

    private readonly SpawnedChild _child;
    private readonly MemoryStream _output = new();
    private readonly MemoryStream _error = new();
    private int _interrupted;
    private bool _isLeft;

    private ChildProcess(SpawnedChild child) => _child = child;

    /// <summary>See <see cref="CommandResult.ExitCode"/>; known after <see cref="Collect"/>.</summary>
    public int ExitCode { get; private set; }

    public string Output => Text(_output);

    /// <summary>As <see cref="Output"/>, not decoded.</summary>
    public ReadOnlyMemory<byte> Data => _output.GetBuffer().AsMemory(0, (int)_output.Length);

    public string Error => Text(_error);

    /// <exception cref="StorageException">38/18: it could not be started.</exception>
    public static ChildProcess Start(IReadOnlyList<string> line, ReadOnlyMemory<byte> input = default)
    {
        SystemCall.Check(ProcessCalls.Spawn(line, Environment, input.Span, out SpawnedChild? child), $"cannot start '{line[0]}'");
        return new ChildProcess(child!);
    }

    /// <summary>Makes a <see cref="Collect"/> that runs, or will, kill the process and return.</summary>
    public void Interrupt()
    {
        Volatile.Write(ref _interrupted, 1);
        _child.Wake();
    }

    /// <summary>Takes what the process writes until it ends; on any other outcome its whole process group has been killed.</summary>
    public ChildOutcome Collect(TimeSpan? timeout, int limit)
    {
        long started = Stopwatch.GetTimestamp();
        ChildOutcome outcome;
        do
        {
            int wait = timeout is { } most ? (int)Math.Clamp((most - Stopwatch.GetElapsedTime(started)).TotalMilliseconds + 1, 0, int.MaxValue) : -1;
            SpawnedChild.Ready ready = _child.Wait(wait);
            bool full = !Take(ready, limit);
            outcome = Volatile.Read(ref _interrupted) != 0 ? ChildOutcome.Interrupted
                : full ? ChildOutcome.SaidTooMuch
                : ready == SpawnedChild.Ready.None && wait >= 0 && Stopwatch.GetElapsedTime(started) >= timeout ? ChildOutcome.TimedOut
                : ChildOutcome.Exited;
            if (outcome == ChildOutcome.Exited && ready == SpawnedChild.Ready.Exit)
            {
                break;
            }
        }
        while (outcome == ChildOutcome.Exited);

        if (outcome != ChildOutcome.Exited)
        {
            _child.Kill();
            _isLeft = !_child.WaitForExit(KillTime);
        }

        ExitCode = _isLeft ? -KillSignal : _child.Reap();
        return outcome;
    }

    public void Dispose()
    {
        if (_isLeft)
        {
            new Thread(Await, StackSize) { IsBackground = true, Name = "left process" }.Start();
        }
        else
        {
            _child.Dispose();
        }

        void Await()
        {
            _child.Reap();
            _child.Dispose();
        }
    }

    private bool Take(SpawnedChild.Ready ready, int limit)
    {
        if (ready.HasFlag(SpawnedChild.Ready.Output))
        {
            _child.ReadOutput(_output);
        }

        if (ready.HasFlag(SpawnedChild.Ready.Error))
        {
            _child.ReadError(_error);
        }

        return _output.Length <= limit && _error.Length <= limit;
    }

    private static string Text(MemoryStream bytes) => Encoding.UTF8.GetString(bytes.GetBuffer(), 0, (int)bytes.Length);
}
