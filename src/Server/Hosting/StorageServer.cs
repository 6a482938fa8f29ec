using Cistern.RemoteProtocol.Remote;
using Cistern.Server.Auth;
using Cistern.Server.Auth.Sasl;
using Cistern.Server.Mapping;
using Cistern.Server.Rpc;
using Cistern.Server.Services;
using Cistern.Server.Services.EmptyObjects;
using Cistern.Server.Services.Node;
using Cistern.Server.Transport;
using Cistern.Storage;
using Cistern.Storage.Commands;
using Cistern.Storage.Secrets;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Cistern.Server.Hosting;

/// <summary>Puts the server together, starts it and stops it.</summary>
public sealed class StorageServer(ServerOptions options, ILoggerFactory loggers, TextWriter output) : IHostedService
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode OwnerOnlyFolder = OwnerOnly | UnixFileMode.UserExecute;

    private readonly ILogger _log = loggers.CreateLogger<StorageServer>();

    // Disposed of in the reverse order of their making.
    private readonly Stack<object> _parts = new();
    private RpcServer? _rpc;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        try
        {
            var isFirstStart = !Directory.Exists(options.Folders.PoolDefinitions);
            MakeFolders();
            var driver = Keep(await OpenDriverAsync(cancellationToken).ConfigureAwait(false));
            if (options.DefaultPool && isFirstStart)
            {
                await DefaultPool.MakeAsync(driver, options.Folders.Images, cancellationToken).ConfigureAwait(false);
            }

            var secrets = Keep(SecretStore.Open(options.Folders.Secrets, loggers));
            var program = Program(driver, secrets);
            var (poller, owners) = (Keep(new SocketPoller()), Keep(new SocketOwners()));
            _rpc = Keep(new RpcServer([program], new ErrorMapping(), options.Rpc, loggers.CreateLogger<RpcServer>(), TimeProvider.System));
            new Listeners(options, _rpc, poller, owners, loggers.CreateLogger<SocketListener>(), new StartReport(output)).Open();
        }
        catch
        {
            await DisposePartsAsync().ConfigureAwait(false);
            throw;
        }
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (_rpc is not null)
        {
            await _rpc.StopAsync(cancellationToken).ConfigureAwait(false);
        }

        await DisposePartsAsync().ConfigureAwait(false);
        _log.Stopped();
    }

    private void MakeFolders()
    {
        foreach (var folder in new[] { options.Folders.Configuration, options.Folders.Run, options.Folders.Sockets })
        {
            Directory.CreateDirectory(folder, OwnerOnlyFolder);
        }
    }

    private Task<StorageDriver> OpenDriverAsync(CancellationToken cancellation) => StorageDriver.OpenAsync(
        new StorageDriverOptions
        {
            ConfigDirectory = options.Folders.PoolDefinitions,
            RunDirectory = options.Folders.PoolStates,
            LivePools = options.LivePools,
            NotLivePools = options.NotLivePools,
            DeleteGuard = options.DeleteGuard,
        },
        loggers,
        cancellation);

    private RemoteProtocol.Programs.RpcProgram<CallContext> Program(StorageDriver driver, SecretStore secrets)
    {
        var files = new KernelFiles();
        var tools = new HostTools();
        var emulator = new InstalledEmulator(tools, new CommandRunner(tools, loggers.CreateLogger<CommandRunner>()));
        return RemoteProgram.Create(
            new ConnectService(driver, files, emulator),
            new NodeService(files),
            new EmptyObjectsService(),
            new AuthService(Listeners.NeedSasl(options) ? new SaslAuthenticator(options.Sasl, TimeProvider.System, loggers.CreateLogger<SaslAuthenticator>()) : null, polkit: null),
            new StoragePoolService(driver),
            new StorageVolumeService(driver),
            new SecretService(secrets),
            Keep(new StorageEventService(driver)),
            Keep(new SecretEventService(secrets)));
    }

    private T Keep<T>(T part)
        where T : class
    {
        _parts.Push(part);
        return part;
    }

    private async ValueTask DisposePartsAsync()
    {
        while (_parts.TryPop(out var part))
        {
            if (part is IAsyncDisposable disposable)
            {
                await disposable.DisposeAsync().ConfigureAwait(false);
            }
            else
            {
                ((IDisposable)part).Dispose();
            }
        }
    }
}
