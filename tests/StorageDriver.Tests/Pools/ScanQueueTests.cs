using Cistern.Storage.Pools;

namespace Cistern.Storage.Tests.Pools;

public sealed class ScanQueueTests
{
    private readonly ScanQueue _scans = new();
    private int _begun;
    private int _running;

    [Fact]
    public async Task Every_caller_gets_a_scan_that_began_after_the_call()
    {
        // Many calls, so that some come just when a scan ends.
        var callers = Enumerable.Range(0, 4).Select(_ => Task.Run(async () =>
        {
            for (int call = 0; call < 50_000; call++)
            {
                int before = Volatile.Read(ref _begun);
                await _scans.RunAsync(asked: true, ScanAsync);
                Assert.True(Volatile.Read(ref _begun) > before, "the scan was an older one");
            }
        }));

        await Task.WhenAll(callers);
    }

    [Fact]
    public async Task Calls_during_a_scan_share_the_next_which_knows_that_one_of_them_asked()
    {
        TaskCompletionSource first = new();
        List<bool> asked = [];
        Task Scan(bool isAsked)
        {
            asked.Add(isAsked);
            return asked.Count == 1 ? first.Task : Task.CompletedTask;
        }

        var running = _scans.RunAsync(asked: false, Scan);
        var (second, third) = (_scans.RunAsync(asked: false, Scan), _scans.RunAsync(asked: true, Scan));
        first.SetResult();
        await Task.WhenAll(running, second, third);

        Assert.Same(second, third);
        Assert.Equal([false, true], asked);
    }

    [Fact]
    public async Task The_failure_of_a_scan_is_not_that_of_the_next()
    {
        await Assert.ThrowsAsync<InvalidOperationException>(() => _scans.RunAsync(asked: true, _ => throw new InvalidOperationException()));
        await _scans.RunAsync(asked: true, ScanAsync);

        Assert.Equal(1, _begun);
    }

    private async Task ScanAsync(bool asked)
    {
        Assert.Equal(1, Interlocked.Increment(ref _running));
        Interlocked.Increment(ref _begun);
        await Task.Yield();
        Interlocked.Decrement(ref _running);
    }
}
