using Cistern.Server.Transport;

namespace Cistern.Server.Tests.Transport;

public sealed class AsyncSignalTests
{
    private readonly AsyncSignal _signal = new();

    [Fact]
    public async Task A_wait_ends_with_the_signal_and_the_next_one_waits_again()
    {
        var wait = _signal.WaitAsync().AsTask();
        Assert.False(wait.IsCompleted);
        _signal.Signal();
        Assert.True(wait.IsCompleted);
        await wait;
        Assert.False(_signal.WaitAsync().AsTask().IsCompleted);
    }

    [Fact]
    public async Task Signals_that_nobody_waited_for_end_one_wait()
    {
        _signal.Signal();
        _signal.Signal();
        await _signal.WaitAsync();
        Assert.False(_signal.WaitAsync().AsTask().IsCompleted);
    }
}
