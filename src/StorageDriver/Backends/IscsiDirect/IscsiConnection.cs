using System.Diagnostics;
using System.Runtime.InteropServices;
using Cistern.Storage.Errors;
using Cistern.Storage.Host;

namespace Cistern.Storage.Backends.IscsiDirect;

/// <summary>
/// One session with a target. Its calls block, for at most <see cref="Limit"/> each; for one thread at a time. Any number of commands is on the way at
/// once. When the session breaks it is over: the library is told not to mend it, since what was being done may not have happened.
/// </summary>
internal sealed unsafe class IscsiConnection : IDisposable
{
    /// <summary>Below the time limit of calls on storage, so that a target that hangs is told from a thread that does.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    private static readonly TimeSpan LogOutLimit = TimeSpan.FromSeconds(2);

    /// <summary>Of a connection's first packet: it is given up after some seven seconds.</summary>
    private const int ConnectAttempts = 2;
    private const int Slice = 1000;

    private readonly IscsiLogin _login;
    private nint _context;

    private IscsiConnection(IscsiLogin login) => _login = login;

    /// <summary>It is over: no command can be sent any more.</summary>
    public bool IsBroken => _context == 0;

    /// <summary>It is over because no answer came in time: another would fare no better.</summary>
    public bool IsTimedOut { get; private set; }

    /// <summary>Logs in.</summary>
    /// <exception cref="StorageException">1/18: the portal does not answer, or lets nobody in.</exception>
    public static IscsiConnection Open(IscsiLogin login)
    {
        IscsiConnection connection = new(login);
        try
        {
            connection.Connect();
            return connection;
        }
        catch
        {
            connection.Break();
            throw;
        }
    }

    /// <summary>The names of the portal's targets.</summary>
    public IReadOnlyList<string> Discover()
    {
        List<string> names = [];
        GCHandle handle = GCHandle.Alloc(names);
        try
        {
            Await("discover targets", Limit, state =>
            {
                state->Names = GCHandle.ToIntPtr(handle);
                return IscsiCalls.Discover(_context, IscsiPending.Discovered, (nint)state);
            });
            return names;
        }
        finally
        {
            handle.Free();
        }
    }

    /// <summary>Sends commands to a unit, all at once, and waits for their outcomes.</summary>
    /// <exception cref="StorageException">1/18: the session is over; what the commands did is not known.</exception>
    public void Send(int unit, Span<ScsiTransfer> transfers)
    {
        IscsiPending* states = (IscsiPending*)NativeMemory.AllocZeroed((nuint)transfers.Length, (nuint)sizeof(IscsiPending));
        nint[] tasks = new nint[transfers.Length];
        try
        {
            for (int i = 0; i < transfers.Length; i++)
            {
                tasks[i] = Start(unit, transfers[i], states + i);
            }

            Serve("send commands", Limit, states, transfers.Length);
            for (int i = 0; i < transfers.Length; i++)
            {
                if (states[i].Status >= IscsiCalls.Cancelled)
                {
                    throw Unanswered("send commands", states[i].Status);
                }

                (transfers[i].SenseKey, transfers[i].SenseCode, int missing) = IscsiCalls.Outcome(tasks[i]);
                transfers[i].Status = states[i].Status;
                transfers[i].Length = transfers[i].Command.Length - missing;
            }
        }
        catch
        {
            Break();
            throw;
        }
        finally
        {
            // After the context, where that goes: it still tells of each task that it is cancelled.
            foreach (nint task in tasks)
            {
                IscsiCalls.FreeTask(task);
            }

            NativeMemory.Free(states);
        }
    }

    /// <summary>Logs out, without waiting long.</summary>
    public void Dispose()
    {
        if (IsBroken)
        {
            return;
        }

        try
        {
            Await("log out", LogOutLimit, state => IscsiCalls.LogOut(_context, IscsiPending.Done, (nint)state));
        }
        catch (StorageException)
        {
            // The target finds out by itself.
        }

        Break();
    }

    private void Connect()
    {
        _context = IscsiCalls.Create(_login.Initiator);
        if (_context == 0)
        {
            throw StorageErrors.IscsiFailed(_login.Portal, "begin a session", $"'{_login.Initiator}' cannot be an initiator's name");
        }

        IscsiCalls.SetNoReconnect(_context, 1);
        IscsiCalls.SetConnectAttempts(_context, ConnectAttempts);
        Check(IscsiCalls.UseTcp(_context));
        Check(IscsiCalls.SetTimeout(_context, (int)Limit.TotalSeconds));
        Check(IscsiCalls.SetSessionType(_context, _login.Target is null ? IscsiCalls.DiscoverySession : IscsiCalls.NormalSession));
        if (_login.Target is { } target)
        {
            Check(IscsiCalls.SetTarget(_context, target));
        }

        if (_login is { User: { } user, Password: { } password })
        {
            fixed (byte* bytes = password)
            {
                Check(IscsiCalls.SetCredentials(_context, user, bytes));
            }
        }

        Await("log in", Limit, state => IscsiCalls.Connect(_context, _login.Portal, -1, IscsiPending.Done, (nint)state));
    }

    private void Check(int result)
    {
        if (result < 0)
        {
            throw Failed("begin a session", IscsiCalls.Error(_context));
        }
    }

    private nint Start(int unit, in ScsiTransfer transfer, IscsiPending* state)
    {
        ScsiCommand command = transfer.Command;
        nint task;
        fixed (byte* block = command.Descriptor)
        {
            task = IscsiCalls.CreateTask(command.Descriptor.Length, block, (int)command.Direction, command.Length);
        }

        if (task == 0)
        {
            throw Failed("send commands", "out of memory");
        }

        int result = command.Direction switch
        {
            ScsiDirection.In => IscsiCalls.AddInput(task, command.Length, transfer.Data),
            ScsiDirection.Out => IscsiCalls.AddOutput(task, command.Length, transfer.Data),
            _ => 0,
        };
        if (result < 0 || IscsiCalls.Send(_context, unit, task, IscsiPending.Done, 0, (nint)state) < 0)
        {
            IscsiCalls.FreeTask(task);
            throw Failed("send commands", IscsiCalls.Error(_context));
        }

        return task;
    }

    private delegate int Starter(IscsiPending* state);

    /// <summary>Does one thing that is not a command.</summary>
    private void Await(string what, TimeSpan limit, Starter start)
    {
        IscsiPending* state = (IscsiPending*)NativeMemory.AllocZeroed((nuint)sizeof(IscsiPending));
        try
        {
            if (start(state) < 0)
            {
                throw Failed(what, IscsiCalls.Error(_context));
            }

            Serve(what, limit, state, 1);
            if (state->Status != IscsiCalls.Good)
            {
                throw Unanswered(what, state->Status);
            }
        }
        catch
        {
            // Before the state goes, to which the library still has a pointer.
            Break();
            throw;
        }
        finally
        {
            NativeMemory.Free(state);
        }
    }

    /// <summary>Moves the session along until all that is pending is done.</summary>
    private void Serve(string what, TimeSpan limit, IscsiPending* states, int count)
    {
        long begun = Stopwatch.GetTimestamp();
        int done = 0;
        while (true)
        {
            while (done < count && states[done].IsDone != 0)
            {
                done++;
            }

            if (done == count)
            {
                return;
            }

            TimeSpan rest = limit - Stopwatch.GetElapsedTime(begun);
            if (rest <= TimeSpan.Zero)
            {
                throw Unanswered(what, IscsiCalls.TimedOut);
            }

            int wait = (int)Math.Min(Slice, rest.TotalMilliseconds + 1);
            int socket = IscsiCalls.Descriptor(_context);
            int events = PollCalls.Wait(socket, IscsiCalls.WantedEvents(_context), wait);
            if ((events & PollCalls.Error) != 0 && PollCalls.TakeError(socket) is not 0 and var error)
            {
                throw Failed(what, Marshal.GetPInvokeErrorMessage(error));
            }

            if (IscsiCalls.Service(_context, events) < 0)
            {
                throw Failed(what, IscsiCalls.Error(_context));
            }
        }
    }

    /// <summary>A session that the target does not answer in is told by what it was asked for.</summary>
    private StorageException Unanswered(string what, int status)
    {
        IsTimedOut = status == IscsiCalls.TimedOut;
        return Failed(what, IsTimedOut ? "no answer came in time" : IscsiCalls.Error(_context));
    }

    private StorageException Failed(string what, string reason) => StorageErrors.IscsiFailed(_login.Portal, what, reason);

    private void Break()
    {
        if (_context != 0)
        {
            _ = IscsiCalls.Destroy(_context);
            _context = 0;
        }
    }
}
