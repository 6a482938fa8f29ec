using Cistern.RemoteProtocol.Remote;
using Cistern.Server.Auth;
using Cistern.Server.Auth.Access;
using Cistern.Server.Auth.Polkit;
using Cistern.Server.Auth.Sasl;
using Cistern.Server.HostSecrets;
using Cistern.Server.Logging;
using Cistern.Server.Mapping;
using Cistern.Server.Rpc;
using Cistern.Server.Services;
using Cistern.Server.Services.EmptyObjects;
using Cistern.Server.Services.Guarded;
using Cistern.Server.Services.Node;
using Cistern.Server.Transport;
using Cistern.Storage;
using Cistern.Storage.Commands;
using Cistern.Storage.Secrets;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Cistern.Server.Hosting;

/// <summary>Puts the server together, starts it and stops it.</summary>
/// <param name="settings">What <paramref name="loggers"/> log where; administrators change it.</param>
/// <param name="stop">Asks for a stop of the whole process, and does not wait for it.</param>
public sealed class StorageServer(ServerOptions options, LogSettings settings, ILoggerFactory loggers, TextWriter output, Action stop) : IHostedService
{
    private const UnixFileMode OwnerOnlyFolder = UnixSocketOptions.OwnerOnly | UnixFileMode.UserExecute;
    private const UnixFileMode OpenFolder = OwnerOnlyFolder
        | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;

    private readonly ILogger _log = loggers.CreateLogger<StorageServer>();

    // Disposed of in the reverse order of their making.
    private readonly Stack<object> _parts = new();
    private RpcServer? _rpc;
    private RpcServer? _admin;
    private SaslAuthenticator? _sasl;
    private Listeners? _listeners;
    private PollerProbe? _probe;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        try
        {
            foreach (var warning in options.Warnings)
            {
                _log.ConfigurationWarning(warning);
            }

            var isFirstStart = !Directory.Exists(options.Folders.PoolDefinitions);
            MakeFolders();
            var secrets = Keep(SecretStore.Open(options.Folders.Secrets, loggers));
            var driver = Keep(await OpenDriverAsync(secrets, cancellationToken).ConfigureAwait(false));
            if (options.DefaultPool && isFirstStart)
            {
                await DefaultPool.MakeAsync(driver, options.Folders.Images, cancellationToken).ConfigureAwait(false);
            }

            var program = Program(driver, secrets);
            var (poller, owners) = (Keep(new SocketPoller(isBusyElsewhere: () => driver.Work.IsUnderWay)), Keep(new SocketOwners()));
            _rpc = Keep(new RpcServer([program], new ErrorMapping(), options.Rpc, loggers.CreateLogger<RpcServer>(), TimeProvider.System));
            Keep(new MemoryTrimmer(TimeProvider.System));
            _admin = Keep(CreateAdmin(driver, _rpc));
            _probe = Keep(new PollerProbe(poller));
            _listeners = new Listeners(options, _rpc, _admin, poller, owners, loggers.CreateLogger<SocketListener>(), new StartReport(output));
            _listeners.Open();
        }
        catch
        {
            await DisposePartsAsync().ConfigureAwait(false);
            throw;
        }
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (_rpc is not null && _admin is not null)
        {
            await Task.WhenAll(_admin.StopAsync(cancellationToken), _rpc.StopAsync(cancellationToken)).ConfigureAwait(false);
        }

        await DisposePartsAsync().ConfigureAwait(false);
        _log.Stopped();
    }

    /// <summary>Complete when the threads that serve clients have come round to this question.</summary>
    public Task AnswerAsync() => _probe!.AskAsync();

    /// <summary>Takes over what of <paramref name="changed"/> can change in a running server (<see cref="ConfigurationFile.IsReloaded"/>).</summary>
    public void Reload(ServerOptions changed)
    {
        _listeners?.Tls?.Reload(changed.TlsOptions);
        _sasl?.Reload(changed.Sasl);
        settings.SetFilters(changed.Log.Filters);
        settings.SetOutputs(changed.Log.Outputs);
    }

    private RpcServer CreateAdmin(StorageDriver driver, RpcServer rpc)
    {
        var idle = Keep(new IdleShutdown(TimeProvider.System, () => !driver.IsBusy && rpc.TryCloseWhenIdle(), StopIdle));
        idle.SetTimeout(options.IdleTimeout ?? TimeSpan.Zero);
        var admin = AdminServer.Create(options, rpc, () => _listeners?.Tls, settings, idle, loggers.CreateLogger<RpcServer>());
        rpc.ClientsChanged += idle.AddServer();
        admin.ClientsChanged += idle.AddServer();
        return admin;
    }

    private void StopIdle(TimeSpan timeout)
    {
        _log.Idle(timeout);
        stop();
    }

    private void MakeFolders()
    {
        // The folder of the sockets first: it may be the run folder, and others must get through to theirs.
        var isOpen = UnixSocket.Of(options).Any(socket => (socket.Mode & ~OwnerOnlyFolder) != 0);
        Directory.CreateDirectory(options.Folders.Sockets, isOpen ? OpenFolder : OwnerOnlyFolder);
        Directory.CreateDirectory(options.Folders.Configuration, OwnerOnlyFolder);
        Directory.CreateDirectory(options.Folders.Run, OwnerOnlyFolder);
    }

    private Task<StorageDriver> OpenDriverAsync(SecretStore secrets, CancellationToken cancellation) => StorageDriver.OpenAsync(
        new StorageDriverOptions
        {
            ConfigDirectory = options.Folders.PoolDefinitions,
            RunDirectory = options.Folders.PoolStates,
            LivePools = options.LivePools,
            NotLivePools = options.NotLivePools,
            DeleteGuard = options.DeleteGuard,
            Secrets = new SecretDaemon(
                (options.SecretSocket ?? options.Folders.SecretSocket) is { Length: > 0 } socket ? socket : null,
                CurrentUser.EffectiveId == 0 ? "secret:///system" : "secret:///session",
                new SystemToken(options.Folders.SystemToken),
                secrets),
        },
        loggers,
        cancellation);

    private RemoteProtocol.Programs.RpcProgram<CallContext> Program(StorageDriver driver, SecretStore secrets)
    {
        var files = new KernelFiles();
        var tools = new HostTools();
        var emulator = new InstalledEmulator(tools, new CommandRunner(tools, loggers.CreateLogger<CommandRunner>()));
        var polkit = options.AsksPolkit ? Keep(new PolkitAuthority(TimeProvider.System)) : null;
        var log = loggers.CreateLogger<PolkitAuthority>();
        var access = options.AccessDrivers.Contains(AccessDriverKind.Polkit) ? new AccessControl(new PolkitAccessDriver(polkit!, log)) : null;
        var (pools, volumes, secretCalls) = (new StoragePoolService(driver), new StorageVolumeService(driver), new SecretService(secrets));
        var program = RemoteProgram.Create<CallContext>(
            new ConnectService(driver, files, emulator, access, new SystemToken(options.Folders.SystemToken), options.HostIdentity),
            new NodeService(files),
            new EmptyObjectsService(),
            new AuthService(_sasl = Sasl(), polkit is null ? null : new PolkitAuthenticator(polkit, log)),
            access is null ? pools : new GuardedStoragePoolService(pools, driver, access),
            access is null ? volumes : new GuardedStorageVolumeService(volumes, driver, access),
            access is null ? secretCalls : new GuardedSecretService(secretCalls, secrets, access),
            Keep(new StorageEventService(driver, access)),
            Keep(new SecretEventService(secrets, access)));
        return access is null ? program : AccessGate.Guard(program, access);
    }

    private SaslAuthenticator? Sasl() =>
        Listeners.NeedSasl(options) ? new SaslAuthenticator(options.Sasl, TimeProvider.System, loggers.CreateLogger<SaslAuthenticator>()) : null;

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
