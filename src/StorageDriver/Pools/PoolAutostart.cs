using System.Collections.Concurrent;
using Cistern.Storage.Errors;
using Microsoft.Extensions.Logging;

namespace Cistern.Storage.Pools;

/// <summary>Starts the pools that are marked for it, and goes on trying those that cannot start yet: a device may be late, a folder not yet mounted.</summary>
internal sealed partial class PoolAutostart(DriverContext driver, PoolActivation activation) : IDisposable
{
    private static readonly TimeSpan FirstWait = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(60);

    private readonly ILogger<PoolAutostart> _logger = driver.Host.Loggers.CreateLogger<PoolAutostart>();

    /// <summary>Fire when the attempts are to end.</summary>
    private readonly ConcurrentDictionary<StoragePool, CancellationTokenSource> _ends = new();

    /// <summary>Tries to start a pool; complete after the first attempt, others follow where that failed.</summary>
    public async Task StartAsync(StoragePool pool)
    {
        var end = new CancellationTokenSource();
        if (!_ends.TryAdd(pool, end))
        {
            return;
        }

        if (await AttemptAsync(pool).ConfigureAwait(false) is { } reason)
        {
            LogNotAutostarted(pool.Name, reason);
            _ = RetryAsync(pool, reason, end.Token);
        }
        else
        {
            End(pool);
        }
    }

    /// <summary>Ends the attempts to start a pool; one that runs is not stopped.</summary>
    public void End(StoragePool pool)
    {
        if (_ends.TryRemove(pool, out var end))
        {
            end.Cancel();
        }
    }

    public void Dispose()
    {
        foreach (var pool in _ends.Keys)
        {
            End(pool);
        }
    }

    private async Task RetryAsync(StoragePool pool, string reason, CancellationToken end)
    {
        var waits = new BackOff(FirstWait, LongestWait);
        try
        {
            while (true)
            {
                await Task.Delay(waits.Next(), driver.Host.Clock, end).ConfigureAwait(false);
                var state = pool.State;
                if (state.IsActive || state.Removed)
                {
                    break;
                }

                if (state.Starting)
                {
                    continue;
                }

                var failure = await AttemptAsync(pool).ConfigureAwait(false);
                if (failure is null)
                {
                    LogAutostarted(pool.Name);
                    break;
                }

                if (failure != reason)
                {
                    LogStillNotAutostarted(pool.Name, failure);
                    reason = failure;
                }
            }

            End(pool);
        }
        catch (OperationCanceledException) when (end.IsCancellationRequested)
        {
            // Nobody wants the pool started any more.
        }
    }

    /// <summary>Why the pool could not be started; null: it was.</summary>
    private async Task<string?> AttemptAsync(StoragePool pool)
    {
        try
        {
            await activation.AutostartAsync(pool).ConfigureAwait(false);
            return null;
        }
        catch (StorageException error)
        {
            return error.Message;
        }
    }

    [LoggerMessage(6013, LogLevel.Error, "Storage pool {Pool} could not be started with the server, which goes on trying: {Reason}")]
    private partial void LogNotAutostarted(string pool, string reason);

    [LoggerMessage(6016, LogLevel.Warning, "Storage pool {Pool} still cannot be started: {Reason}")]
    private partial void LogStillNotAutostarted(string pool, string reason);

    [LoggerMessage(6017, LogLevel.Information, "Storage pool {Pool} could be started now")]
    private partial void LogAutostarted(string pool);
}
