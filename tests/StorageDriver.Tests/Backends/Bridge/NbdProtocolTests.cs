using System.Text;
using Cistern.Storage.Backends.Bridge;
using Cistern.Storage.Errors;

namespace Cistern.Storage.Tests.Backends.Bridge;

public sealed class NbdProtocolTests : IAsyncDisposable
{
    private const int Block = 4096;
    private const int Size = 16 * Block;
    private const ushort Read = 0;
    private const ushort Write = 1;
    private const ushort Disconnect = 2;
    private const ushort Flush = 3;
    private const ushort Trim = 4;
    private const ushort WriteZeroes = 6;
    private const ushort BlockStatus = 7;

    private readonly TestPool _pool = new();
    private readonly List<VolumeBridge> _bridges = [];

    [Fact]
    public void Requests_are_answered_in_order()
    {
        MemoryExtents volume = Volume();
        using NbdClient client = NbdClient.Served(Open(volume));

        client.WriteRequest(Write, Block, 3, 7, 8, 9);
        client.WriteRequest(Read, Block - 1, 5);
        client.WriteRequest(Flush, 0, 0);

        Assert.Equal(0u, client.ReadReply());
        Assert.Equal(0u, client.ReadReply());
        Assert.Equal([1, 7, 8, 9, 1], client.Read(5));
        Assert.Equal(0u, client.ReadReply());
        Assert.True(volume.Flushed);
    }

    [Fact]
    public void Zeros_and_trimmed_ranges_are_holes()
    {
        MemoryExtents volume = Volume();
        using NbdClient client = NbdClient.Served(Open(volume));

        client.WriteRequest(WriteZeroes, 0, Block);
        client.WriteRequest(Trim, 2 * Block, Block);

        Assert.Equal(0u, client.ReadReply());
        Assert.Equal(0u, client.ReadReply());
        Assert.Equal([(0, Block), (2 * Block, Block)], volume.Zeroed);
    }

    [Theory]
    [InlineData(Read, Size - 1, 2, 22)]
    [InlineData(Read, ulong.MaxValue, 2, 22)]
    [InlineData(Write, Size, 1, 28)]
    [InlineData(Trim, 1, Size, 22)]
    [InlineData(WriteZeroes, Size + 1, 0, 22)]
    [InlineData(BlockStatus, 0, 10, 22)]
    [InlineData(99, 0, 10, 22)]
    public void What_cannot_be_done_is_an_error_and_no_end(ushort command, ulong offset, uint length, uint error)
    {
        using NbdClient client = NbdClient.Served(Open(Volume()));

        client.WriteRequest(command, offset, length, command == Write ? new byte[length] : []);

        Assert.Equal(error, client.ReadReply());
        client.WriteRequest(Read, 0, 1);
        Assert.Equal(0u, client.ReadReply());
    }

    [Theory]
    [InlineData(Write)]
    [InlineData(Trim)]
    [InlineData(WriteZeroes)]
    public void A_volume_shown_for_reading_is_not_written(ushort command)
    {
        MemoryExtents volume = Volume();
        using NbdClient client = NbdClient.Served(Open(volume, isWritable: false));

        client.WriteRequest(command, 0, 1, command == Write ? [5] : []);

        Assert.Equal(1u, client.ReadReply());
        Assert.Empty(volume.Written);
        Assert.Empty(volume.Zeroed);
    }

    [Fact]
    public void A_client_without_options_gets_the_export_too()
    {
        using NbdClient client = NbdClient.Greeted(Open(Volume()), flags: 1);

        client.WriteOption(1);

        Assert.Equal([0, 0, 0, 0, 0, 1, 0, 0], client.Read(8));
        Assert.Equal([0, 1 | 4 | 8 | 32 | 64], client.Read(2));
        Assert.All(client.Read(124), padding => Assert.Equal(0, padding));
        client.WriteRequest(Read, 0, 1);
        Assert.Equal(0u, client.ReadReply());
    }

    [Fact]
    public void Holes_are_told_to_a_client_that_asks_for_them()
    {
        MemoryExtents volume = Volume();
        volume.Content.AsSpan(Block, 2 * Block).Clear();
        using NbdClient client = NbdClient.Greeted(Open(volume));
        client.WriteOption(8);
        Assert.Equal(1u, client.ReadOptionReply().Reply);
        client.WriteOption(10, [.. NbdClient.Text(""), 0, 0, 0, 2, .. NbdClient.Text("qemu:dirty-bitmap:x"), .. NbdClient.Text("base:allocation")]);
        var (reply, context) = client.ReadOptionReply();
        Assert.Equal((4u, "base:allocation"), (reply, Encoding.UTF8.GetString(context.AsSpan(4))));
        Assert.Equal(1u, client.ReadOptionReply().Reply);
        client.WriteOption(1);
        client.Read(10);

        client.WriteRequest(BlockStatus, Block, 10 * Block);

        Assert.Equal(0x668e33efu, client.Read32());
        Assert.Equal([0, 1, 0, 5, 0, 0, 0, 0, 0, 0, 0, 77, 0, 0, 0, 12, 0, 0, 0, 1, 0, 0, 0x20, 0, 0, 0, 0, 3], client.Read(28));
    }

    [Fact]
    public void Structured_replies_carry_data_and_errors()
    {
        using NbdClient client = NbdClient.Greeted(Open(Volume()));
        client.WriteOption(8);
        client.ReadOptionReply();
        client.WriteOption(1);
        client.Read(10);

        client.WriteRequest(Read, 2, 3);
        client.WriteRequest(Read, Size, 3);

        Assert.Equal([0x66, 0x8e, 0x33, 0xef, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 77, 0, 0, 0, 11, 0, 0, 0, 0, 0, 0, 0, 2, 1, 1, 1], client.Read(31));
        Assert.Equal([0x66, 0x8e, 0x33, 0xef, 0, 1, 0x80, 1, 0, 0, 0, 0, 0, 0, 0, 77, 0, 0, 0, 6, 0, 0, 0, 22, 0, 0], client.Read(26));
    }

    public static TheoryData<uint, byte[], uint> WrongOptions => new()
    {
        { 7, NbdClient.Go("other"), 0x80000006 },
        { 7, [0, 0, 0], 0x80000003 },
        { 7, [0xff, 0xff, 0xff, 0xff, 0, 0], 0x80000003 },
        { 7, [0, 0, 0, 0, 0, 9], 0x80000003 },
        { 6, NbdClient.Go("other"), 0x80000006 },
        { 3, [1], 0x80000003 },
        { 8, [1], 0x80000003 },
        { 10, [0, 0, 0, 0, 0, 0, 0, 0], 0x80000003 },
        { 5, [], 0x80000001 },
        { 12345, [1, 2, 3], 0x80000001 },
    };

    [Theory]
    [MemberData(nameof(WrongOptions))]
    public void A_wrong_option_is_an_error_and_the_haggling_goes_on(uint option, byte[] data, uint error)
    {
        using NbdClient client = NbdClient.Greeted(Open(Volume()));

        client.WriteOption(option, data);

        Assert.Equal(error, client.ReadOptionReply().Reply);
        client.WriteOption(7, NbdClient.Go(""));
        Assert.Equal(3u, client.ReadOptionReply().Reply);
    }

    [Theory]
    [InlineData(new byte[] { 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 7 })]
    [InlineData(new byte[] { 0, 0, 0, 3, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff })]
    [InlineData(new byte[] { 0, 0, 0, 3, (byte)'I', (byte)'H', (byte)'A', (byte)'V', (byte)'E', (byte)'O', (byte)'P', (byte)'T', 0, 0, 0, 3, 0xff, 0, 0, 0 })]
    [InlineData(new byte[] { 0, 0, 0, 3, (byte)'I', (byte)'H', (byte)'A', (byte)'V', (byte)'E', (byte)'O', (byte)'P', (byte)'T', 0, 0, 0, 1, 0, 0, 0, 1, (byte)'x' })]
    public void Who_does_not_keep_to_the_handshake_is_left_and_the_next_one_served(byte[] said)
    {
        string path = Open(Volume());
        using NbdClient wrong = new(path);
        wrong.Read(18);

        wrong.Write(said);

        Assert.True(wrong.IsEnded());
        using NbdClient right = NbdClient.Served(path);
        right.WriteRequest(Read, 0, 1);
        Assert.Equal(0u, right.ReadReply());
    }

    [Fact]
    public void Who_asks_for_too_much_or_for_nothing_known_is_left()
    {
        string path = Open(Volume());
        using (NbdClient greedy = NbdClient.Served(path))
        {
            greedy.WriteRequest(Write, 0, uint.MaxValue);
            Assert.True(greedy.IsEnded());
        }

        using NbdClient wild = NbdClient.Served(path);
        wild.Write(new byte[28]);
        Assert.True(wild.IsEnded());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Who_leaves_makes_room_for_the_next(bool politely)
    {
        string path = Open(Volume());
        using (NbdClient first = NbdClient.Served(path))
        {
            if (politely)
            {
                first.WriteRequest(Disconnect, 0, 0);
                Assert.True(first.IsEnded());
            }
            else
            {
                first.Write(0x25, 0x60);
            }
        }

        using NbdClient second = NbdClient.Served(path);
        second.WriteRequest(Read, 0, 1);
        Assert.Equal(0u, second.ReadReply());
    }

    [Fact]
    public async Task The_bridge_ends_though_a_client_says_nothing()
    {
        string path = Open(Volume());
        using NbdClient client = NbdClient.Served(path);

        await _bridges[0].DisposeAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(20));
        _bridges.Clear();

        Assert.True(client.IsEnded());
        Assert.False(File.Exists(path));
        Assert.Empty(_pool.Journal);
    }

    [Fact]
    public void A_failure_of_the_volume_is_kept_for_who_runs_the_tool()
    {
        MemoryExtents volume = new(new byte[Size], Block) { FailWritesWith = StorageErrors.System(28, "full") };
        using NbdClient client = NbdClient.Served(Open(volume));

        client.WriteRequest(Write, 0, 1, 5);

        Assert.Equal(28u, client.ReadReply());
        Assert.Equal(28, _bridges[0].Failure!.Errno);
    }

    [Fact]
    public void Only_the_servers_user_may_connect()
    {
        string path = Open(Volume());

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
        Assert.Equal([path], _pool.Journal);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (VolumeBridge bridge in _bridges)
        {
            await bridge.DisposeAsync();
        }

        _pool.Dispose();
    }

    private string Open(MemoryExtents volume, bool isWritable = true)
    {
        _bridges.Add(VolumeBridge.Open(_pool.Context.Host, volume, isWritable));
        return _bridges[^1].SocketPath;
    }

    private static MemoryExtents Volume() => new([.. Enumerable.Repeat((byte)1, Size)], Block);
}
