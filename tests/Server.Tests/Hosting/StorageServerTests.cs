using System.Net;
using System.Net.Sockets;
using Cistern.RemoteProtocol.Framing;
using Cistern.RemoteProtocol.Remote;
using Cistern.RemoteProtocol.Xdr;
using Cistern.Server.Hosting;
using Cistern.Server.Logging;
using Cistern.Server.Tests.Support;
using Cistern.Support;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Cistern.Server.Tests.Hosting;

/// <summary>The whole server, started in this process on folders of its own.</summary>
public sealed class StorageServerTests : IDisposable
{
    private readonly TemporaryFolder _root = new();
    private readonly StringWriter _output = new() { NewLine = "\n" };

    private readonly LogSettings _log = new(LogLevel.None, TextWriter.Null, TimeProvider.System);

    public void Dispose()
    {
        _log.Dispose();
        _root.Dispose();
    }

    [Fact]
    public async Task Programs_that_wait_for_it_are_told_every_address_and_people_how_to_connect()
    {
        await using var running = await StartAsync(tcp: new IPEndPoint(IPAddress.Loopback, 0));
        Assert.Contains($"listening unix:{_root["run/libvirt-sock"]}\n", _output.ToString(), StringComparison.Ordinal);
        Assert.Contains($"listening unix:{_root["run/libvirt-sock-ro"]}\n", _output.ToString(), StringComparison.Ordinal);
        Assert.Contains($"listening unix:{_root["run/libvirt-admin-sock"]}\n", _output.ToString(), StringComparison.Ordinal);
        Assert.Matches(@"(?m)^listening tcp://127\.0\.0\.1:[1-9]\d*$", _output.ToString());
        Assert.Matches(@"(?m)^try: virsh -c 'qemu\+tcp://127\.0\.0\.1:[1-9]\d*/system' pool-list --all$", _output.ToString());
    }

    [Fact]
    public async Task A_taken_port_is_replaced_and_said_plainly()
    {
        using var taken = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        taken.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        taken.Listen();
        var wanted = (IPEndPoint)taken.LocalEndPoint!;
        await using var running = await StartAsync(tcp: wanted, anyPort: true);
        Assert.Contains($"port {wanted.Port} is taken, using ", _output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_taken_port_that_was_asked_for_fails_the_start_and_frees_the_folders()
    {
        using var taken = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        taken.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        taken.Listen();
        var failure = await Assert.ThrowsAsync<IOException>(() => StartAsync(tcp: (IPEndPoint)taken.LocalEndPoint!));
        Assert.Contains(taken.LocalEndPoint!.ToString()!, failure.Message, StringComparison.Ordinal);
        await using var running = await StartAsync();
    }

    [Fact]
    public async Task The_default_pool_is_made_at_the_first_start_only()
    {
        await using (var first = await StartAsync(defaultPool: true))
        {
            using var client = await OpenAsync();
            Assert.Equal(["default"], await ActivePoolsAsync(client));
            var pool = new StoragePoolLookupByNameArgs("default");
            var found = Decode<StoragePoolLookupByNameRet>(await AskAsync(client, RemoteProcedure.StoragePoolLookupByName, pool)).Pool;
            await AskAsync(client, RemoteProcedure.StoragePoolDestroy, new StoragePoolDestroyArgs(found));
            await AskAsync(client, RemoteProcedure.StoragePoolUndefine, new StoragePoolUndefineArgs(found));
        }

        await using var second = await StartAsync(defaultPool: true);
        using var again = await OpenAsync();
        Assert.Empty(await ActivePoolsAsync(again));
    }

    [Fact]
    public async Task The_read_only_socket_looks_but_does_not_change()
    {
        await using var running = await StartAsync();
        using var client = await OpenAsync("libvirt-sock-ro");
        Assert.Empty(await ActivePoolsAsync(client));
        (await AskAsync(client, RemoteProcedure.StoragePoolDefineXml, new StoragePoolDefineXmlArgs("<pool/>", 0))).ShouldFailWith(29, 18);
    }

    [Fact]
    public async Task A_pools_events_reach_a_client_in_order_and_end_with_the_deregistration()
    {
        await using var running = await StartAsync();
        using var client = await OpenAsync();
        var register = new ConnectStoragePoolEventRegisterAnyArgs(0, null);
        var callback = Decode<ConnectStoragePoolEventRegisterAnyRet>(await AskAsync(client, RemoteProcedure.ConnectStoragePoolEventRegisterAny, register));
        var xml = $"<pool type='dir'><name>p</name><target><path>{_root["p"]}</path></target></pool>";
        client.Call((int)RemoteProcedure.StoragePoolDefineXml, RawClient.Encode(new StoragePoolDefineXmlArgs(xml, 0)));

        // The event may come before or after the reply.
        Packet[] both = [await client.ReadAsync(), await client.ReadAsync()];
        var told = Decode<StoragePoolEventLifecycleMsg>(Assert.Single(both, packet => packet.Header.Type == MessageType.Message));
        var pool = Decode<StoragePoolDefineXmlRet>(Assert.Single(both, packet => packet.Header.Type == MessageType.Reply)).Pool;
        Assert.Equal(new StoragePoolEventLifecycleMsg(callback.CallbackID, pool, Event: 0, Detail: 0), told);

        await AskAsync(client, RemoteProcedure.ConnectStoragePoolEventDeregisterAny, new ConnectStoragePoolEventDeregisterAnyArgs(callback.CallbackID));
        await AskAsync(client, RemoteProcedure.StoragePoolUndefine, new StoragePoolUndefineArgs(pool));
        Assert.Empty(await ActivePoolsAsync(client));
    }

    private async Task<Running> StartAsync(IPEndPoint? tcp = null, bool anyPort = false, bool defaultPool = false)
    {
        var options = new ServerOptions
        {
            Folders = InstanceFolders.Below(_root.Path),
            Tcp = tcp,
            AnyPortWhenTaken = anyPort,
            DefaultPool = defaultPool,
        };
        var server = new StorageServer(options, _log, NullLoggerFactory.Instance, _output, stop: () => { });
        await server.StartAsync(CancellationToken.None);
        return new Running(server);
    }

    private async Task<RawClient> OpenAsync(string socket = "libvirt-sock")
    {
        var client = RawClient.Connect(_root[$"run/{socket}"]);
        await AskAsync(client, RemoteProcedure.ConnectOpen, new ConnectOpenArgs("qemu:///system", 0));
        return client;
    }

    private static async Task<string[]> ActivePoolsAsync(RawClient client) =>
        Decode<ConnectListStoragePoolsRet>(await AskAsync(client, RemoteProcedure.ConnectListStoragePools, new ConnectListStoragePoolsArgs(100))).Names;

    private static async Task<Packet> AskAsync<T>(RawClient client, RemoteProcedure procedure, T args)
        where T : IXdrCodec<T>
    {
        var serial = client.Call((int)procedure, RawClient.Encode(args));
        var reply = await client.ReadAsync();
        Assert.Equal((MessageType.Reply, serial), (reply.Header.Type, reply.Header.Serial));
        return reply;
    }

    private static T Decode<T>(Packet packet)
        where T : IXdrCodec<T>
    {
        Assert.Equal(MessageStatus.Ok, packet.Header.Status);
        var reader = new XdrReader(packet.Payload);
        return T.Read(ref reader);
    }

    private sealed class Running(StorageServer server) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync() => await server.StopAsync(CancellationToken.None);
    }
}
