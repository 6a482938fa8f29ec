using System.Buffers;
using BenchmarkDotNet.Attributes;
using Cistern.RemoteProtocol.Framing;
using Cistern.RemoteProtocol.Remote;
using Cistern.RemoteProtocol.Xdr;
using Cistern.Server.Mapping;
using Cistern.Server.Rpc;
using Cistern.Server.Services;
using Cistern.Server.Services.EmptyObjects;
using Cistern.Server.Services.Node;
using Cistern.Storage;
using Cistern.Storage.Commands;
using Cistern.Storage.Secrets;
using Microsoft.Extensions.Logging.Abstractions;

namespace Cistern.Benchmarks.Micro;

/// <summary>StoragePoolGetInfo from the bytes of the call to the bytes of the reply: framing, dispatch, codec, service, driver; no socket.</summary>
[MemoryDiagnoser]
public class DispatchBenchmarks : IAsyncDisposable
{
    private const int Depth = 32;

    private static readonly int ReplySize = MessageFraming.PrefixSize + default(StoragePoolGetInfoRet).XdrSize;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory();
    private readonly MemoryConnection _connection = new();
    private byte[] _call = [];
    private byte[] _calls = [];
    private StorageDriver? _driver;
    private RpcServer? _server;

    [GlobalSetup]
    public async Task SetUp()
    {
        var loggers = NullLoggerFactory.Instance;
        var options = new StorageDriverOptions { ConfigDirectory = Folder("config"), RunDirectory = Folder("run") };
        _driver = await StorageDriver.OpenAsync(options, loggers, CancellationToken.None);
        var pool = await _driver.CreatePoolAsync(
            $"<pool type='dir'><name>pool</name><target><path>{Folder("pool")}</path></target></pool>", 0, CancellationToken.None);
        _call = Encode(RemoteProcedure.StoragePoolGetInfo, new StoragePoolGetInfoArgs(pool.ToWire()));
        _calls = [.. Enumerable.Repeat(_call, Depth).SelectMany(bytes => bytes)];

        var (files, tools) = (new KernelFiles(), new HostTools());
        var secrets = SecretStore.Open(Folder("secrets"), loggers);
        var program = RemoteProgram.Create(
            new ConnectService(_driver, files, new InstalledEmulator(tools, new CommandRunner(tools, NullLogger<CommandRunner>.Instance))),
            new NodeService(files),
            new EmptyObjectsService(),
            new Cistern.Server.Auth.AuthService(sasl: null, polkit: null),
            new StoragePoolService(_driver),
            new StorageVolumeService(_driver),
            new SecretService(secrets),
            new StorageEventService(_driver),
            new SecretEventService(secrets));
        _server = new RpcServer([program], new ErrorMapping(), new RpcOptions(), NullLogger<RpcServer>.Instance, TimeProvider.System);
        _server.Start(_connection);
        _connection.Exchange(Encode(RemoteProcedure.ConnectOpen, new ConnectOpenArgs("storage:///system", 0)), MessageFraming.PrefixSize);
    }

    [GlobalCleanup]
    public Task CleanUp() => DisposeAsync().AsTask();

    public async ValueTask DisposeAsync()
    {
        await _server!.DisposeAsync();
        await _connection.DisposeAsync();
        await _driver!.DisposeAsync();
        _folder.Delete(recursive: true);
        GC.SuppressFinalize(this);
    }

    [Benchmark]
    public void OneCall() => _connection.Exchange(_call, ReplySize);

    [Benchmark(OperationsPerInvoke = Depth)]
    public void CallsTogether() => _connection.Exchange(_calls, Depth * ReplySize);

    private static byte[] Encode<T>(RemoteProcedure procedure, T args)
        where T : IXdrCodec<T>
    {
        var output = new ArrayBufferWriter<byte>();
        MessageFraming.Write(
            output, new MessageHeader(RemoteProgram.Number, RemoteProgram.Version, (int)procedure, MessageType.Call, 1, MessageStatus.Ok), args);
        return output.WrittenSpan.ToArray();
    }

    private string Folder(string name) => _folder.CreateSubdirectory(name).FullName;
}
