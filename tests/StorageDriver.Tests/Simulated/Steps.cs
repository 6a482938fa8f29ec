using System.Collections.Concurrent;
using Cistern.Storage.Pools;

namespace Cistern.Storage.Tests.Simulated;

/// <summary>A point in the simulated backend's work.</summary>
internal enum Step
{
    IsActive,
    Start,
    Stop,
    BuildPool,
    DeletePool,

    /// <summary>Before the scan has looked at anything.</summary>
    ScanBegins,

    /// <summary>After the scan has looked at everything, before it returns.</summary>
    ScanEnds,
    Allocate,
    Build,

    /// <summary>The volume is there, the build has not returned.</summary>
    BuildEnds,
    Delete,
    Resize,
    Wipe,
    Open,
    Read,
    Write,
    Describe,
    Find,

    /// <summary>After the look at a name, before it returns.</summary>
    FindEnds,
    Watch,
}

/// <summary>Lets a test park, fail or hang any step.</summary>
internal sealed class Steps
{
    private readonly ConcurrentDictionary<Step, ConcurrentQueue<Parked>> _parked = new();
    private readonly ConcurrentDictionary<Step, Exception> _failures = new();
    private readonly ConcurrentDictionary<Step, Hanging> _hanging = new();

    /// <summary>Steps taken, in order.</summary>
    public ConcurrentQueue<Step> Taken { get; } = new();

    /// <summary>Parks the next such step until it is released.</summary>
    public Parked Park(Step step)
    {
        var parked = new Parked();
        _parked.GetOrAdd(step, _ => new()).Enqueue(parked);
        return parked;
    }

    /// <summary>Every such step fails from now on.</summary>
    public void Fail(Step step, Exception error) => _failures[step] = error;

    public void Succeed(Step step) => _failures.TryRemove(step, out _);

    /// <summary>Every such step blocks its thread until the event is set.</summary>
    public Hanging Hang(Step step) => _hanging[step] = new Hanging();

    public async ValueTask TakeAsync(Step step, PoolThreads threads, CancellationToken cancellation)
    {
        Taken.Enqueue(step);
        if (_parked.TryGetValue(step, out var queue) && queue.TryDequeue(out var parked))
        {
            await parked.WaitAsync(cancellation);
        }

        if (_hanging.TryGetValue(step, out var hanging))
        {
            await threads.RunAsync(hanging.Wait, cancellation);
        }

        if (_failures.TryGetValue(step, out var error))
        {
            throw error;
        }
    }
}

/// <summary>A step that waits for the test.</summary>
internal sealed class Parked
{
    private readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Complete when the step has been reached.</summary>
    public Task Reached => _reached.Task.WaitAsync(TimeSpan.FromSeconds(30));

    public void Release() => _released.TrySetResult();

    public void Fail(Exception error) => _released.TrySetException(error);

    public async Task WaitAsync(CancellationToken cancellation)
    {
        _reached.TrySetResult();
        await _released.Task.WaitAsync(cancellation);
    }
}
