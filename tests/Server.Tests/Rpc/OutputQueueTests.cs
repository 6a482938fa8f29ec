using System.IO.Pipelines;
using Cistern.RemoteProtocol.Framing;
using Cistern.Server.Auth;
using Cistern.Server.Rpc;
using Cistern.Server.Tests.Support;
using Cistern.Server.Transport;

namespace Cistern.Server.Tests.Rpc;

public sealed class OutputQueueTests : IAsyncDisposable
{
    private const int PacketSize = MessageFraming.PrefixSize + sizeof(uint);

    private static readonly MessageHeader Header = RawClient.Header(1, MessageType.Message, 1);

    private readonly StuckConnection _connection = new();

    public ValueTask DisposeAsync() => _connection.DisposeAsync();

    [Fact]
    public async Task An_event_that_says_the_same_as_a_waiting_one_is_left_out()
    {
        var queue = new OutputQueue(_connection);
        queue.Write(Header, new Word(0));
        queue.TryEnqueueEvent(Header, new Word(1), 10, mergeKey: "a");
        queue.TryEnqueueEvent(Header, new Word(2), 10, mergeKey: "b");
        queue.TryEnqueueEvent(Header, new Word(3), 10, mergeKey: "a");
        Assert.Equal([0u, 1u, 2u], await SentAsync(queue));
    }

    [Fact]
    public async Task An_event_is_told_again_after_one_of_another_kind()
    {
        var queue = new OutputQueue(_connection);
        queue.Write(Header, new Word(0));
        queue.TryEnqueueEvent(Header, new Word(1), 10, mergeKey: "a");
        queue.TryEnqueueEvent(Header, new Word(2), 10);
        queue.TryEnqueueEvent(Header, new Word(3), 10, mergeKey: "a");
        Assert.Equal([0u, 1u, 2u, 3u], await SentAsync(queue));
    }

    [Fact]
    public async Task An_event_is_told_again_once_the_earlier_one_is_on_its_way()
    {
        var queue = new OutputQueue(_connection);
        queue.TryEnqueueEvent(Header, new Word(1), 10, mergeKey: "a");
        queue.Flush();
        queue.TryEnqueueEvent(Header, new Word(2), 10, mergeKey: "a");
        Assert.Equal([1u, 2u], await SentAsync(queue));
    }

    [Fact]
    public async Task A_payload_that_is_kept_ready_leaves_in_its_turn()
    {
        var queue = new OutputQueue(_connection);
        queue.Write(Header, new Word(1));
        queue.Enqueue(Header, [0, 0, 0, 2]);
        queue.Enqueue(Header, new Word(3));
        Assert.Equal([1u, 2u, 3u], await SentAsync(queue));
    }

    private async Task<IEnumerable<uint>> SentAsync(OutputQueue queue)
    {
        _connection.Release.SetResult(true);
        await queue.WhenAtMostAsync(0);
        return _connection.Written.ToArray().Chunk(PacketSize).Select(packet => new Packet(Header, packet[MessageFraming.PrefixSize..]).Word);
    }

    /// <summary>Its peer does not read until told.</summary>
    private sealed class StuckConnection : ITransportConnection
    {
        public List<byte> Written { get; } = [];

        public TaskCompletionSource<bool> Release { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public ClientIdentity Peer => new(TransportKind.Unix, "test");

        public PipeReader Input => throw new NotSupportedException();

        public ValueTask<bool> WriteAsync(ReadOnlyMemory<byte> data)
        {
            Written.AddRange(data.Span);
            return new(Release.Task);
        }

        public void RetainInput()
        {
        }

        public void Abort()
        {
        }

        public ValueTask DisposeAsync() => default;
    }
}
