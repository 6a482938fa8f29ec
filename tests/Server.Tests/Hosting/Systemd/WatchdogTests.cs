using Cistern.Server.Hosting.Systemd;
using Cistern.Server.Tests.Support;

namespace Cistern.Server.Tests.Hosting.Systemd;

public sealed class WatchdogTests
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(30);

    private readonly ManualTime _time = new();
    private int _signs;

    [Fact]
    public void A_server_that_answers_gives_two_signs_of_life_in_an_interval()
    {
        using var watchdog = new Watchdog(Interval, () => Task.CompletedTask, () => _signs++, _time);
        Assert.Equal(0, _signs);
        _time.Advance(Interval);
        Assert.Equal(2, _signs);
        _time.Advance(Interval / 2);
        Assert.Equal(3, _signs);
    }

    [Fact]
    public void A_server_that_does_not_answer_gives_none_until_it_does()
    {
        var answer = new TaskCompletionSource();
        using var watchdog = new Watchdog(Interval, () => answer.Task, () => _signs++, _time);
        _time.Advance(10 * Interval);
        Assert.Equal(0, _signs);

        answer.SetResult();
        Assert.True(SpinWait.SpinUntil(() => Volatile.Read(ref _signs) == 1, TimeSpan.FromSeconds(30)));
        _time.Advance(Interval / 2);
        Assert.Equal(2, _signs);
    }
}
