using System.Runtime.ExceptionServices;

namespace Cistern.Benchmarks.SideBySide.Workloads;

/// <summary>Threads that all run the same client's part; the first failure of one is that of <see cref="Join"/>.</summary>
internal sealed class Workers : IDisposable
{
    private readonly Thread[] _threads;
    private ExceptionDispatchInfo? _failure;
    private int _running;

    public Workers(int count, Action part)
    {
        _running = count;
        _threads = [.. Enumerable.Range(0, count).Select(_ => new Thread(() => Run(part)))];
        Array.ForEach(_threads, thread => thread.Start());
    }

    public bool AreRunning => Volatile.Read(ref _running) > 0;

    public void Join()
    {
        Array.ForEach(_threads, thread => thread.Join());
        _failure?.Throw();
    }

    public void Dispose() => Array.ForEach(_threads, thread => thread.Join());

    private void Run(Action part)
    {
        try
        {
            part();
        }
        catch (Exception failure)
        {
            _failure = ExceptionDispatchInfo.Capture(failure);
        }
        finally
        {
            Interlocked.Decrement(ref _running);
        }
    }
}
