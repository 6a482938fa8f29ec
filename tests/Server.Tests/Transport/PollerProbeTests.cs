using Cistern.Server.Transport;

namespace Cistern.Server.Tests.Transport;

public sealed class PollerProbeTests
{
    [Fact]
    public async Task A_thread_that_waits_for_sockets_answers_each_question()
    {
        using var poller = new SocketPoller(threads: 1);
        using var probe = new PollerProbe(poller);
        await probe.AskAsync();
        await probe.AskAsync();
    }

    [Fact]
    public async Task A_thread_that_is_stuck_answers_when_it_comes_round()
    {
        using var poller = new SocketPoller(threads: 1);
        using var probe = new PollerProbe(poller);
        using var stuck = new Stuck();
        using var signal = LinuxSockets.EventDescriptor(1, LinuxSockets.SockCloExec);
        poller.Register(signal, stuck);
        stuck.Entered.Wait();
        var answer = probe.AskAsync();
        Assert.False(answer.IsCompleted);
        stuck.GoOn.Set();
        await answer;
    }

    [Fact]
    public async Task A_thread_that_is_stuck_keeps_no_other_from_answering()
    {
        using var poller = new SocketPoller(threads: 2);
        using var probe = new PollerProbe(poller);
        await probe.AskAsync();
        using var stuck = new Stuck();
        using var signal = LinuxSockets.EventDescriptor(1, LinuxSockets.SockCloExec);
        poller.Register(signal, stuck);
        stuck.Entered.Wait();
        await probe.AskAsync();
        await probe.AskAsync();
        stuck.GoOn.Set();
    }

    [Fact]
    public async Task A_poller_can_be_ended_by_its_own_thread()
    {
        var poller = new SocketPoller(threads: 2);
        using var ends = new Ends(poller);
        using var signal = LinuxSockets.EventDescriptor(1, LinuxSockets.SockCloExec);
        poller.Register(signal, ends);
        await ends.Ended;
    }

    /// <summary>A socket whose work is the poller's end.</summary>
    private sealed class Ends(SocketPoller poller) : IPolledSocket, IDisposable
    {
        private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Ended => _ended.Task;

        public void OnReady(uint events)
        {
            poller.Dispose();
            _ended.TrySetResult();
        }

        public void Dispose() => poller.Dispose();
    }

    /// <summary>A socket whose work does not end.</summary>
    private sealed class Stuck : IPolledSocket, IDisposable
    {
        public ManualResetEventSlim Entered { get; } = new();

        public ManualResetEventSlim GoOn { get; } = new();

        public void OnReady(uint events)
        {
            Entered.Set();
            GoOn.Wait();
        }

        public void Dispose()
        {
            Entered.Dispose();
            GoOn.Dispose();
        }
    }
}
