using Cistern.Server.Hosting;
using Cistern.Server.Tests.Support;

namespace Cistern.Server.Tests.Hosting;

public sealed class IdleExitTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    private readonly ManualTime _time = new();
    private bool _isBusy;
    private int _ends;

    [Fact]
    public void A_server_that_nobody_comes_to_ends_after_the_time()
    {
        using var idle = Start();
        _time.Advance(Limit - TimeSpan.FromSeconds(1));
        Assert.Equal(0, _ends);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(1, _ends);
    }

    [Fact]
    public void The_time_begins_when_the_last_client_goes()
    {
        using var idle = Start();
        idle.OnClients(1);
        idle.OnClients(2);
        idle.OnClients(1);
        _time.Advance(10 * Limit);
        Assert.Equal(0, _ends);
        idle.OnClients(0);
        _time.Advance(Limit / 2);
        Assert.Equal(0, _ends);
        _time.Advance(Limit / 2);
        Assert.Equal(1, _ends);
    }

    [Fact]
    public void Work_that_goes_on_without_clients_begins_the_time_anew()
    {
        using var idle = Start();
        _isBusy = true;
        _time.Advance(3 * Limit);
        Assert.Equal(0, _ends);
        _isBusy = false;
        _time.Advance(Limit);
        Assert.Equal(1, _ends);
    }

    private IdleExit Start() => new(Limit, () => !_isBusy, () => _ends++, _time);
}
