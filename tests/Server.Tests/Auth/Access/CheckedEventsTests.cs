using System.Threading.Channels;
using Cistern.RemoteProtocol.Programs;
using Cistern.Server.Auth;
using Cistern.Server.Auth.Access;
using Cistern.Server.Tests.Support;
using Cistern.Storage;

namespace Cistern.Server.Tests.Auth.Access;

public sealed class CheckedEventsTests : IAsyncDisposable
{
    private static readonly AccessRule Right = new("storage_pool", "getattr");

    private readonly TestServer _server = new();
    private readonly SlowDriver _driver = new();

    [Fact]
    public async Task Events_keep_their_order_however_the_decisions_come()
    {
        var (events, _) = await ConnectAsync();
        List<int> delivered = [];
        var last = new TaskCompletionSource();
        for (var i = 0; i < 4; i++)
        {
            var number = i;
            events.Add(Target(i), () => delivered.Add(number));
        }

        events.Add(Target(4), last.SetResult);
        for (var i = 0; i < 5; i++)
        {
            await _driver.DecideAsync(isAllowed: i != 1);
        }

        await last.Task.WaitAsync(RawClient.Patience);
        Assert.Equal([0, 2, 3], delivered);
    }

    [Fact]
    public async Task A_client_for_which_too_many_wait_is_closed()
    {
        var (events, client) = await ConnectAsync();
        for (var i = 0; i < 1000; i++)
        {
            events.Add(Target(i), () => { });
        }

        await client.NothingElseCameAsync();
        events.Add(Target(1000), () => { });
        await client.ServerClosesAsync();
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private static AccessTarget Target(int number) => AccessTarget.Pool(new PoolReference($"p{number}", Guid.Empty));

    private async Task<(CheckedEvents Events, RawClient Client)> ConnectAsync()
    {
        var client = await _server.ConnectAndOpenAsync();
        return (new CheckedEvents(new AccessControl(_driver), Assert.Single(_server.Rpc.Clients), Right), client);
    }

    /// <summary>Decides one question at a time, when the test says so.</summary>
    private sealed class SlowDriver : IAccessDriver
    {
        private readonly Channel<TaskCompletionSource<bool>> _questions = Channel.CreateUnbounded<TaskCompletionSource<bool>>();

        public bool IsUnrestricted(ClientIdentity client) => false;

        public async ValueTask<bool> AllowsAsync(
            ClientIdentity client, string connection, AccessRule right, AccessTarget about, CancellationToken cancellation)
        {
            var answer = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
            Assert.True(_questions.Writer.TryWrite(answer));
            return await answer.Task.WaitAsync(cancellation);
        }

        public async Task DecideAsync(bool isAllowed) =>
            (await _questions.Reader.ReadAsync().AsTask().WaitAsync(RawClient.Patience)).SetResult(isAllowed);
    }
}
