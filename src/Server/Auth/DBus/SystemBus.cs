using System.Collections.Concurrent;
using Cistern.Server.Transport;

namespace Cistern.Server.Auth.DBus;

/// <summary>
/// Calls methods over the system bus. The connection is made when it is first needed, lives on a thread of its own, and is made anew for the next call
/// after the bus has gone.
/// </summary>
internal sealed class SystemBus : IDisposable
{
    private readonly ConcurrentQueue<Action> _posted = new();
    private readonly SocketHandle _wake = LinuxSockets.EventDescriptor(0, LinuxSockets.SockNonBlock | LinuxSockets.SockCloExec);
    private readonly Thread _thread;
    private readonly TimeProvider _clock;
    private BusConnection? _connection;
    private volatile bool _isStopping;

    /// <param name="clock">Measures time limits.</param>
    /// <exception cref="FileNotFoundException">libsystemd is not installed.</exception>
    public SystemBus(TimeProvider clock)
    {
        SdBus.RequireLibrary();
        _clock = clock;
        _thread = new Thread(Run) { IsBackground = true, Name = "system bus" };
        _thread.Start();
    }

    /// <param name="write">Writes the arguments, on the bus's thread.</param>
    /// <param name="read">Reads the result, on the bus's thread.</param>
    /// <param name="limit">How long to wait for the answer.</param>
    /// <exception cref="BusException">The bus cannot be reached, the service answered an error, or nothing came within the limit.</exception>
    public async Task<T> CallAsync<T>(
        BusMethod method, Action<BusMessage> write, Func<BusMessage, T> read, TimeSpan limit, CancellationToken cancellation)
    {
        var call = new PendingCall<T>(method, write, read);
        Post(() => Start(call));
        try
        {
            return await call.Answer.WaitAsync(limit, _clock, cancellation).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            Post(() => _connection?.Forget(call));
            throw new BusException(BusException.NoReply, $"{method.Destination} has not answered within {limit.TotalSeconds:0.###} s");
        }
        catch (OperationCanceledException)
        {
            Post(() => _connection?.Forget(call));
            throw;
        }
    }

    /// <summary>Ends the connection; calls that are not answered fail.</summary>
    public void Dispose()
    {
        _isStopping = true;
        Wake();
        _thread.Join();
        _wake.Dispose();
    }

    private void Post(Action action)
    {
        _posted.Enqueue(action);
        Wake();
    }

    private unsafe void Wake()
    {
        ulong one = 1;
        try
        {
            _ = LinuxSockets.Write(_wake, &one, sizeof(ulong));
        }
        catch (ObjectDisposedException)
        {
            // Disposed of: calls fail by their time limit.
        }
    }

    private void Run()
    {
        while (!_isStopping)
        {
            while (_posted.TryDequeue(out var action))
            {
                action();
            }

            Process();
            Wait();
        }

        Disconnect();
    }

    private void Start(PendingCall call)
    {
        try
        {
            // A bus that has gone is noticed here rather than by the call.
            Process();
            _connection ??= BusConnection.Open();
            _connection.Start(call);
        }
        catch (BusException unreachable)
        {
            call.Fail(unreachable);
        }
    }

    private void Process()
    {
        if (_connection?.TryProcess() == false)
        {
            Disconnect();
        }
    }

    private void Disconnect()
    {
        _connection?.Dispose();
        _connection = null;
    }

    /// <summary>Until the bus has something, time is up for something, or an action was posted.</summary>
    private unsafe void Wait()
    {
        var (bus, events, milliseconds) = _connection?.Awaited ?? (-1, (short)0, -1);
        var entries = stackalloc long[2];
        entries[0] = LinuxSockets.PollEntry((int)_wake.DangerousGetHandle(), LinuxSockets.PollIn);
        entries[1] = LinuxSockets.PollEntry(bus, events);
        _ = LinuxSockets.Poll(entries, 2, milliseconds);
        ulong count;
        _ = LinuxSockets.Read(_wake, &count, sizeof(ulong));
    }
}
