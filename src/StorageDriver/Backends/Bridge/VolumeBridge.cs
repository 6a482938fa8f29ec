using Cistern.Storage.Errors;
using Cistern.Storage.Host;
using Cistern.Storage.Persistence;
using Microsoft.Extensions.Logging;
using Microsoft.Win32.SafeHandles;

namespace Cistern.Storage.Backends.Bridge;

/// <summary>
/// Shows an open volume to tools that know files and devices only, and must not be given the way to its storage: as an NBD export on a socket of the
/// instance's run folder, which nobody but the server's user can reach. One client at a time is served, by a thread of the bridge's own. The journal
/// names the socket, so that the next start removes what a killed server leaves.
/// </summary>
internal sealed partial class VolumeBridge : IAsyncDisposable
{
    private readonly IVolumeExtents _volume;
    private readonly NbdExport _export;
    private readonly ILogger _logger;
    private readonly SafeFileHandle _listener;
    private readonly BuildRecord _record;
    private readonly CancellationTokenSource _ended = new();
    private readonly TaskCompletionSource _stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _lock = new();
    private SafeFileHandle? _client;
    private StorageException? _failure;

    private VolumeBridge(IVolumeExtents volume, bool isWritable, string socket, SafeFileHandle listener, BuildRecord record, ILogger logger)
    {
        _volume = volume;
        _export = new NbdExport((ulong)volume.Length, !isWritable);
        _listener = listener;
        _record = record;
        _logger = logger;
        SocketPath = socket;
    }

    /// <summary>Absolute path of the socket.</summary>
    public string SocketPath { get; }

    /// <summary>The first failure of the volume itself: the tool knows only a number of it.</summary>
    public StorageException? Failure => Volatile.Read(ref _failure);

    /// <summary>Begins to serve; ends when disposed of. The volume is the caller's, and nobody else's use meanwhile.</summary>
    /// <exception cref="StorageException">38/18: the socket cannot be made.</exception>
    public static VolumeBridge Open(HostContext host, IVolumeExtents volume, bool isWritable)
    {
        string path = Path.Join(host.RunDirectory, $"{Guid.NewGuid().ToString("N")[..16]}.nbd");
        BuildRecord record = host.Journal.Record(path);
        int result = UnixSocketCalls.Listen(path, out SafeFileHandle? listener);
        if (listener is null)
        {
            record.Dispose();
            throw StorageErrors.System(-result, $"cannot listen at '{path}'");
        }

        VolumeBridge bridge = new(volume, isWritable, path, listener, record, host.Loggers.CreateLogger<VolumeBridge>());
        new Thread(bridge.Run) { IsBackground = true, Name = "volume bridge" }.Start();
        return bridge;
    }

    /// <summary>Runs the tool that was given <see cref="SocketPath"/>; if it fails because the volume did, the volume's failure is the error.</summary>
    public async ValueTask RunAsync(Func<Task> tool)
    {
        try
        {
            await tool().ConfigureAwait(false);
        }
        catch (StorageException) when (Failure is not null)
        {
            throw Failure;
        }
    }

    /// <summary>Ends what the client still does, and returns when nothing uses the volume any more.</summary>
    public async ValueTask DisposeAsync()
    {
        await _ended.CancelAsync().ConfigureAwait(false);
        lock (_lock)
        {
            UnixSocketCalls.Shutdown(_listener);
            if (_client is { IsClosed: false } client)
            {
                UnixSocketCalls.Shutdown(client);
            }
        }

        await _stopped.Task.ConfigureAwait(false);
        _listener.Dispose();
        _ended.Dispose();
        _ = FileRemoval.Unlink(SocketPath);
        _record.Dispose();
    }

    private void Run()
    {
        try
        {
            while (!_ended.IsCancellationRequested)
            {
                int result = UnixSocketCalls.Accept(_listener, out SafeFileHandle? client);
                if (client is not null)
                {
                    Serve(client);
                }
                else if (result != -Errno.Interrupted)
                {
                    return;
                }
            }
        }
        finally
        {
            _stopped.SetResult();
        }
    }

    private void Serve(SafeFileHandle client)
    {
        using SafeFileHandle connection = client;
        lock (_lock)
        {
            _client = connection;
        }

        try
        {
            BridgeStream stream = new(connection);
            if (!_ended.IsCancellationRequested && new NbdHandshake(stream, _export).Run() is { } agreed)
            {
                new NbdTransmission(stream, _volume, _export, agreed, Fail).Run(_ended.Token);
            }
        }
        catch (EndOfStreamException)
        {
            // The tool says itself why it ended.
        }
        catch (InvalidDataException error)
        {
            LogProtocol(error.Message);
        }
        catch (OperationCanceledException)
        {
            // The bridge ends.
        }
#pragma warning disable CA1031 // An exception that leaves a thread ends the process.
        catch (Exception error)
#pragma warning restore CA1031
        {
            LogFailed(error);
        }
        finally
        {
            lock (_lock)
            {
                _client = null;
            }
        }
    }

    private void Fail(StorageException failure) => Interlocked.CompareExchange(ref _failure, failure, null);

    [LoggerMessage(9101, LogLevel.Warning, "A client of a volume's bridge does not keep to the protocol: {What}")]
    private partial void LogProtocol(string what);

    [LoggerMessage(9102, LogLevel.Error, "A volume's bridge lost its client")]
    private partial void LogFailed(Exception exception);
}
