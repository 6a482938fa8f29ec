using Cistern.RemoteProtocol.Framing;
using Cistern.RemoteProtocol.Remote;
using Cistern.Server.Rpc;
using Cistern.Server.Tests.Support;

namespace Cistern.Server.Tests.Rpc;

public sealed class EventTests
{
    private const RemoteProcedure Event = RemoteProcedure.StoragePoolEventLifecycle;

    [Fact]
    public async Task An_event_is_a_message_with_serial_one()
    {
        await using var server = new TestServer();
        var client = await server.ConnectAndOpenAsync();
        server.Program.LastClient!.SendEvent(Event, new Word(7));
        var packet = await client.ReadAsync();
        Assert.Equal(RawClient.Header((int)Event, MessageType.Message, 1), packet.Header);
        Assert.Equal(7u, packet.Word);
    }

    [Fact]
    public async Task Events_arrive_in_the_order_in_which_they_were_sent()
    {
        await using var server = new TestServer();
        var client = await server.ConnectAndOpenAsync();
        for (uint number = 0; number < 500; number++)
        {
            server.Program.LastClient!.SendEvent(Event, new Word(number));
        }

        for (uint number = 0; number < 500; number++)
        {
            Assert.Equal(number, (await client.ReadAsync()).Word);
        }
    }

    [Fact]
    public async Task A_client_that_lets_its_events_pile_up_is_closed_and_the_others_are_not()
    {
        await using var server = new TestServer(new RpcOptions { MaxQueuedEvents = 100 });
        var other = await server.ConnectAndOpenAsync();
        var client = await server.ConnectAndOpenAsync();
        var deaf = server.Program.LastClient!;
        var closed = new TaskCompletionSource();
        deaf.Closed.Register(closed.SetResult);

        // More than any socket buffer holds.
        for (uint number = 0; number < 1_000_000 && !server.Log.Lines.Any(line => line.Id == 2005); number++)
        {
            deaf.SendEvent(Event, new Word(number));
        }

        Assert.Contains(server.Log.Lines, line => line.Id == 2005);
        await closed.Task.WaitAsync(RawClient.Patience);
        await other.NothingElseCameAsync();
        client.Dispose();
    }

    [Fact]
    public async Task What_a_service_keeps_for_a_client_is_disposed_of_with_the_connection()
    {
        await using var server = new TestServer();
        var client = await server.ConnectAndOpenAsync();
        var connection = server.Program.LastClient!;
        var kept = connection.GetOrAdd(() => new Kept());
        Assert.Same(kept, connection.GetOrAdd<Kept>(() => throw new InvalidOperationException()));
        client.Dispose();
        await kept.Disposed.Task.WaitAsync(RawClient.Patience);
        Assert.True(connection.Closed.IsCancellationRequested);
        Assert.ThrowsAny<OperationCanceledException>(() => connection.GetOrAdd(() => new Kept()));
        connection.SendEvent(Event, new Word(1));
    }

    private sealed class Kept : IDisposable
    {
        public TaskCompletionSource Disposed { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public void Dispose() => Disposed.SetResult();
    }
}
