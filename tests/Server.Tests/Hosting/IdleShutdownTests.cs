using Cistern.Server.Hosting;
using Cistern.Server.Tests.Support;

namespace Cistern.Server.Tests.Hosting;

public sealed class IdleShutdownTests : IDisposable
{
    private readonly ManualTime _time = new();
    private readonly IdleShutdown _idle;
    private bool _isBusy;
    private int _stops;

    public IdleShutdownTests() => _idle = new IdleShutdown(_time, () => !_isBusy, _ => _stops++);

    public void Dispose() => _idle.Dispose();

    [Fact]
    public void Without_a_timeout_it_goes_on_for_ever()
    {
        _idle.AddServer()(0);
        _time.Advance(TimeSpan.FromDays(1000));
        Assert.Equal(0, _stops);
    }

    [Fact]
    public void The_time_counts_from_when_the_last_client_of_any_server_has_gone()
    {
        var (one, other) = (_idle.AddServer(), _idle.AddServer());
        one(1);
        other(1);
        _idle.SetTimeout(TimeSpan.FromSeconds(10));
        _time.Advance(TimeSpan.FromSeconds(60));
        one(0);
        _time.Advance(TimeSpan.FromSeconds(60));
        other(0);
        _time.Advance(TimeSpan.FromSeconds(9));
        one(1);
        one(0);
        _time.Advance(TimeSpan.FromSeconds(9));
        Assert.Equal(0, _stops);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(1, _stops);
    }

    [Fact]
    public void Work_that_goes_on_without_clients_begins_the_time_anew()
    {
        _idle.SetTimeout(TimeSpan.FromSeconds(10));
        _isBusy = true;
        _time.Advance(TimeSpan.FromSeconds(35));
        Assert.Equal(0, _stops);
        _isBusy = false;
        _time.Advance(TimeSpan.FromSeconds(9));
        Assert.Equal(0, _stops);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(1, _stops);
    }

    [Fact]
    public void A_timeout_can_be_taken_back()
    {
        _idle.SetTimeout(TimeSpan.FromSeconds(10));
        _idle.SetTimeout(TimeSpan.Zero);
        _time.Advance(TimeSpan.FromSeconds(60));
        Assert.Equal(0, _stops);
    }

    [Fact]
    public void A_timeout_may_be_as_long_as_the_protocol_can_say()
    {
        _idle.SetTimeout(TimeSpan.FromSeconds(uint.MaxValue));
        for (var day = 0; day < 49_710; day++)
        {
            _time.Advance(TimeSpan.FromDays(1));
        }

        Assert.Equal(0, _stops);
        _time.Advance(TimeSpan.FromDays(1));
        Assert.Equal(1, _stops);
    }
}
