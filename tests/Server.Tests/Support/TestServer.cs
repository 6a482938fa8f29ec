using Cistern.RemoteProtocol.Programs;
using Cistern.Server.Auth;
using Cistern.Server.Rpc;
using Cistern.Server.Transport;
using Cistern.Support;

namespace Cistern.Server.Tests.Support;

/// <summary>A server of the <see cref="TestProgram"/>, or another one, on a unix socket of its own.</summary>
internal sealed class TestServer : IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly List<RawClient> _clients = [];

    public TestServer(
        RpcOptions? options = null, AuthScheme scheme = AuthScheme.None, bool isReadOnly = false, RpcProgram<CallContext>? program = null,
        Func<ITransportConnection, ITransportConnection>? wrap = null)
    {
        Rpc = new RpcServer([program ?? Program.Build()], new ExpectedException.Mapper(), options ?? new RpcOptions(), Log, Time);
        Path = System.IO.Path.Combine(_folder.Path, "sock");
        var listener = SocketListener.BindUnix(Poller, Path, UnixFileMode.UserRead | UnixFileMode.UserWrite, isReadOnly, Log);
        Rpc.Start(wrap is null ? listener : new WrappingListener(listener, wrap), scheme);
    }

    public string Path { get; }

    public SocketPoller Poller { get; } = new();

    public TestProgram Program { get; } = new();

    public ManualTime Time { get; } = new();

    public LogLines Log { get; } = new();

    public RpcServer Rpc { get; }

    public RawClient Connect()
    {
        var client = RawClient.Connect(Path);
        _clients.Add(client);
        return client;
    }

    public async Task<RawClient> ConnectAndOpenAsync()
    {
        var client = Connect();
        await client.OpenAsync();
        return client;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var client in _clients)
        {
            client.Dispose();
        }

        await Rpc.DisposeAsync();
        Poller.Dispose();
        _folder.Dispose();
    }
}
