namespace Cistern.Storage.Pools;

/// <summary>
/// At most one scan of a pool runs. A call for another while one runs gets the next one, which starts after it and which all such callers share:
/// a scan already begun may have missed what the caller wants to be seen.
/// </summary>
internal sealed class ScanQueue
{
    private readonly Lock _lock = new();
    private Task _running = Task.CompletedTask;
    private Task? _next;

    public Task RunAsync(Func<Task> scan)
    {
        lock (_lock)
        {
            if (_next is not null)
            {
                return _next;
            }

            if (!_running.IsCompleted)
            {
                return _next = FollowAsync(_running, scan);
            }

            var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _running = started.Task;
            return Task.Run(() => CompleteAsync(scan, started));
        }
    }

    private static async Task CompleteAsync(Func<Task> scan, TaskCompletionSource done)
    {
        try
        {
            await scan().ConfigureAwait(false);
        }
        finally
        {
            done.SetResult();
        }
    }

    private async Task FollowAsync(Task before, Func<Task> scan)
    {
        await before.ConfigureAwait(false);
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_lock)
        {
            _running = started.Task;
            _next = null;
        }

        await CompleteAsync(scan, started).ConfigureAwait(false);
    }
}
