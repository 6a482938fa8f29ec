using Cistern.Storage.Backends;
using Cistern.Storage.Backends.Files;

namespace Cistern.Storage.Tests.Backends;

public sealed class RemotePartTests : IDisposable
{
    private readonly TestPool _pool = new();

    public void Dispose() => _pool.Dispose();

    [Fact]
    public void What_an_earlier_process_left_is_removed_until_nothing_is_left()
    {
        string left = FileNames.Part("left", "earlier", "1");
        RemotePart.Record(_pool.Context, left);
        List<string> asked = [];
        Assert.False(RemotePart.RemoveLeft(_pool.Context, part => Ask(part, isGone: false)));
        Assert.True(RemotePart.RemoveLeft(_pool.Context, part => Ask(part, isGone: true)));
        Assert.True(RemotePart.RemoveLeft(_pool.Context, part => Ask(part, isGone: true)));
        Assert.Equal([left, left], asked);
        Assert.Empty(_pool.Journal);

        bool Ask(string part, bool isGone)
        {
            asked.Add(part);
            return isGone;
        }
    }

    [Fact]
    public void What_this_process_makes_and_what_is_in_other_pools_stays()
    {
        RemotePart.Record(_pool.Context, RemotePart.Name(_pool.Context, "own"));
        _pool.Definition = _pool.Definition with { Uuid = Guid.NewGuid() };
        RemotePart.Record(_pool.Context, FileNames.Part("left", "earlier", "1"));
        _pool.Definition = _pool.Definition with { Uuid = Guid.NewGuid() };
        RemotePart.Record(_pool.Context, RemotePart.Name(_pool.Context, "own"));
        Assert.True(RemotePart.RemoveLeft(_pool.Context, _ => throw new InvalidOperationException()));
        Assert.Equal(3, _pool.Journal.Count());
    }

    [Fact]
    public void A_part_that_got_its_name_leaves_no_record()
    {
        RemotePart.Record(_pool.Context, RemotePart.Name(_pool.Context, "a")).Dispose();
        Assert.Empty(_pool.Journal);
    }
}
