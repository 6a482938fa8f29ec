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
    private bool _nextIsAsked;

    /// <param name="asked">A client asks for the scan.</param>
    /// <param name="scan">Is told whether any of those who share it asked.</param>
    public Task RunAsync(bool asked, Func<bool, Task> scan)
    {
        lock (_lock)
        {
            if (_next is not null)
            {
                _nextIsAsked |= asked;
                return _next;
            }

            if (!_running.IsCompleted)
            {
                _nextIsAsked = asked;
                return _next = FollowAsync(_running, scan);
            }

            var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _running = started.Task;
            return Task.Run(() => CompleteAsync(() => scan(asked), started));
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

    private async Task FollowAsync(Task before, Func<bool, Task> scan)
    {
        // The caller holds the lock and has yet to note this task as the next, also when the scan before ends right now.
        await before.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        bool asked;
        lock (_lock)
        {
            _running = started.Task;
            _next = null;
            asked = _nextIsAsked;
        }

        await CompleteAsync(() => scan(asked), started).ConfigureAwait(false);
    }
}
