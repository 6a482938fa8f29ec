using Cistern.Storage.Errors;
using Cistern.Storage.Pools;
using Cistern.Storage.Tests.Simulated;

namespace Cistern.Storage.Tests.Pools;

public sealed class PoolThreadsTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(1);

    private readonly ManualClock _clock = new();
    private readonly PoolWork _work = new();
    private readonly PoolThreads _threads;

    public PoolThreadsTests() => _threads = new PoolThreads("p", Limit, _clock, _work);

    [Fact]
    public async Task Work_runs_and_its_outcome_comes_back()
    {
        Assert.Equal(7, await _threads.RunAsync(() => 7, default));
        await Assert.ThrowsAsync<FormatException>(() => _threads.RunAsync(() => throw new FormatException(), default));
        Assert.Equal("pool p", await _threads.RunAsync(() => Thread.CurrentThread.Name, default));
    }

    [Fact]
    public async Task What_a_caller_asks_next_stays_on_the_thread_and_what_it_asks_besides_does_not()
    {
        using var begin = new ManualResetEventSlim();
        using var both = new Barrier(2);
        var first = _threads.RunAsync(() =>
        {
            begin.Wait();
            return Environment.CurrentManagedThreadId;
        }, default);
        var rest = first.ContinueWith(
            _ => Task.WhenAll(
                _threads.RunAsync(Meet, default),
                _threads.RunAsync(Meet, default)),
            TaskContinuationOptions.ExecuteSynchronously).Unwrap();
        begin.Set();
        var threads = await rest;

        Assert.Equal(await first, threads[0]);
        Assert.NotEqual(threads[0], threads[1]);

        int Meet()
        {
            both.SignalAndWait();
            return Environment.CurrentManagedThreadId;
        }
    }

    [Fact]
    public async Task At_most_four_calls_run_and_the_others_wait()
    {
        using var gate = new SemaphoreSlim(0);
        int running = 0;
        int most = 0;
        var calls = Enumerable.Range(0, 12).Select(_ => _threads.RunAsync(() =>
        {
            most = Math.Max(Interlocked.Increment(ref running), Volatile.Read(ref most));
            gate.Wait();
            Interlocked.Decrement(ref running);
        }, default)).ToArray();

        Assert.Equal(PoolThreads.Limit, _threads.Count);
        gate.Release(12);
        await Task.WhenAll(calls);

        Assert.InRange(most, 1, PoolThreads.Limit);
    }

    [Fact]
    public async Task What_a_call_opens_that_was_given_up_is_closed_again()
    {
        using var hang = new ManualResetEventSlim();
        using var opened = new Opened();
        var call = _threads.RunAsync(
            () =>
            {
                hang.Wait();
                return opened;
            },
            default);
        _clock.Advance(Limit);
        await Assert.ThrowsAsync<StorageException>(() => call);
        hang.Set();
        Assert.True(opened.Closed.Wait(TimeSpan.FromSeconds(30)));
    }

    [Fact]
    public async Task A_call_that_does_not_return_fails_and_its_thread_is_left_behind_until_it_does()
    {
        using var hang = new ManualResetEventSlim();
        var returned = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var call = _threads.RunAsync(() =>
        {
            hang.Wait();
            returned.SetResult();
        }, default);

        _clock.Advance(Limit);

        await FailsAsync(call);
        Assert.Equal(1, _threads.Abandoned);
        Assert.Equal(1, await _threads.RunAsync(() => 1, default));

        hang.Set();
        await returned.Task;
        await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => _threads.RunAsync(() => 1, default)));
        Assert.True(SpinWait.SpinUntil(() => _threads.Abandoned == 0, TimeSpan.FromSeconds(30)));
    }

    [Fact]
    public async Task Threads_that_work_are_counted_and_those_that_are_left_behind_are_not()
    {
        Assert.False(_work.IsUnderWay);
        using var begun = new SemaphoreSlim(0);
        using var hang = new SemaphoreSlim(0);
        var call = _threads.RunAsync(
            () =>
            {
                begun.Release();
                hang.Wait();
            },
            default);
        await begun.WaitAsync();
        Assert.True(_work.IsUnderWay);

        _clock.Advance(Limit);
        await FailsAsync(call);
        Assert.False(_work.IsUnderWay);

        hang.Release();
        Assert.True(SpinWait.SpinUntil(() => _threads.Abandoned == 0 && !_work.IsUnderWay, TimeSpan.FromSeconds(30)));
        await _threads.RunAsync(() => Assert.True(_work.IsUnderWay), default);
        Assert.True(SpinWait.SpinUntil(() => !_work.IsUnderWay, TimeSpan.FromSeconds(30)));
    }

    [Fact]
    public async Task When_every_thread_is_left_behind_calls_fail_at_once_until_one_returns()
    {
        using var hang = new SemaphoreSlim(0);
        var calls = Enumerable.Range(0, PoolThreads.Limit + 2).Select(_ => _threads.RunAsync(hang.Wait, default)).ToArray();
        _clock.Advance(Limit);
        foreach (var call in calls)
        {
            await FailsAsync(call);
        }

        Assert.Equal(PoolThreads.Limit, _threads.Abandoned);
        var refused = _threads.RunAsync(() => 1, default);
        Assert.True(refused.IsCompleted);
        await FailsAsync(refused);

        hang.Release(PoolThreads.Limit);
        Assert.True(SpinWait.SpinUntil(() => _threads.Abandoned == 0, TimeSpan.FromSeconds(30)));
        Assert.Equal(1, await _threads.RunAsync(() => 1, default));
    }

    [Fact]
    public async Task Calls_that_wait_for_a_thread_fail_in_time_too()
    {
        using var hang = new SemaphoreSlim(0);
        var running = Enumerable.Range(0, PoolThreads.Limit).Select(_ => _threads.RunAsync(hang.Wait, default)).ToArray();
        bool ran = false;
        var waiting = _threads.RunAsync(() => ran = true, default);
        _clock.Advance(Limit);
        await FailsAsync(waiting);

        hang.Release(PoolThreads.Limit);
        foreach (var call in running)
        {
            await FailsAsync(call);
        }

        Assert.True(SpinWait.SpinUntil(() => _threads.Abandoned == 0, TimeSpan.FromSeconds(30)));
        Assert.False(ran);
    }

    [Fact]
    public async Task Cancellation_takes_back_a_call_that_waits()
    {
        using var hang = new SemaphoreSlim(0);
        using var cancellation = new CancellationTokenSource();
        var running = Enumerable.Range(0, PoolThreads.Limit).Select(_ => _threads.RunAsync(hang.Wait, default)).ToArray();
        bool ran = false;
        var waiting = _threads.RunAsync(() => ran = true, cancellation.Token);

        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        hang.Release(PoolThreads.Limit);
        await Task.WhenAll(running);
        await _threads.RunAsync(() => 1, default);

        Assert.False(ran);
    }

    [Fact]
    public async Task Idle_threads_end()
    {
        await _threads.RunAsync(() => 1, default);

        // Off the pool's thread, which is not idle while it runs this.
        await Task.Yield();
        Assert.True(SpinWait.SpinUntil(
            () =>
            {
                _clock.Advance(TimeSpan.FromSeconds(10));
                return _threads.Count == 0;
            },
            TimeSpan.FromSeconds(30)));
        Assert.Equal(1, await _threads.RunAsync(() => 1, default));
    }

    private static async Task FailsAsync(Task call)
    {
        var error = await Assert.ThrowsAsync<StorageException>(() => call);
        Assert.Equal(StorageErrorCode.OperationTimeout, error.Code);
    }

    private sealed class Opened : IDisposable
    {
        public ManualResetEventSlim Closed { get; } = new();

        public void Dispose() => Closed.Set();
    }
}
