using Cistern.Server.Rpc;
using Cistern.Server.Services;

namespace Cistern.Server.Tests.Services;

public sealed class EventCallbacksTests
{
    private static readonly Guid One = Guid.NewGuid();
    private static readonly Guid Other = Guid.NewGuid();

    private readonly Callbacks _callbacks = new();

    [Fact]
    public void An_event_goes_to_every_registration_whose_filter_fits()
    {
        var all = _callbacks.Register(0, null);
        var one = _callbacks.Register(0, One);
        _callbacks.Register(0, Other);
        _callbacks.Register(1, One);
        Assert.Equal([all, one], Delivered(0, One));
    }

    [Fact]
    public void The_same_event_with_the_same_filter_is_registered_once()
    {
        _callbacks.Register(0, One);
        ShouldFail(8, 0, () => _callbacks.Register(0, One));
        _callbacks.Register(0, null);
        ShouldFail(8, 0, () => _callbacks.Register(0, null));
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(2)]
    public void An_unknown_event_is_refused(int eventId) => ShouldFail(1, 7, () => _callbacks.Register(eventId, null));

    [Fact]
    public void A_deregistered_callback_hears_nothing_and_its_id_does_not_come_back()
    {
        var id = _callbacks.Register(0, null);
        _callbacks.Deregister(id);
        Assert.Empty(Delivered(0, One));
        ShouldFail(1, 7, () => _callbacks.Deregister(id));
        Assert.NotEqual(id, _callbacks.Register(0, null));
    }

    private List<int> Delivered(int eventId, Guid about)
    {
        var ids = new List<int>();
        _callbacks.Deliver(eventId, about, ids.Add);
        return ids;
    }

    private static void ShouldFail(int code, int domain, Action action)
    {
        var refusal = Assert.Throws<RpcException>(action);
        Assert.Equal((code, domain), (refusal.Error.Code, refusal.Error.Domain));
    }

    private sealed class Callbacks() : EventCallbacks<Guid>("test", 2);
}
