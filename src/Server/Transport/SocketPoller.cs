using System.Collections.Concurrent;
using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Cistern.Server.Transport;

/// <summary>
/// A few threads that take turns at waiting on one epoll set, and run what follows on the spot. Readiness is edge triggered, so an event reaches one thread.
/// Whoever waits goes on to do the work; another takes its place only when more than one socket is ready, or the work takes long (<see cref="PollerTurn"/>):
/// a client's call costs no thread switch.
/// After an event the next one is looked for a little while before sleep: a client that makes calls one after the other is answered without the long way
/// out of a sleeping processor. Nobody looks after a stream's data, whose client waits for no answer, nor while other threads of the server want the
/// processors: it would be at their cost. An idle socket costs nothing.
/// </summary>
public sealed class SocketPoller : IDisposable
{
    private const int BatchSize = 32;

    /// <summary>About twice what it takes a client's thread to wake up on another processor and make its next call.</summary>
    private static readonly TimeSpan LongestLook = TimeSpan.FromMicroseconds(100);

    /// <summary>struct epoll_event is packed on x86-64 only.</summary>
    private static readonly int DataOffset = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 4 : 8;

    private static readonly int EventSize = DataOffset + sizeof(long);

    private readonly ConcurrentDictionary<long, IPolledSocket> _sockets = new();
    private readonly SocketHandle _epoll;
    private readonly SocketHandle _wakeUp;
    private readonly Thread[] _threads;
    private readonly PollerTurn _turn = new();
    private readonly Func<bool> _isBusyElsewhere;
    private long _lastId;
    private volatile bool _isStopping;

    /// <summary>Events have followed each other closely. Of the thread whose turn it is.</summary>
    private bool _looksFirst;

    /// <param name="threads">How many; the number of processors, at most eight, unless told.</param>
    /// <param name="isBusyElsewhere">Whether other threads of the server want processors now; asked often.</param>
    public SocketPoller(int? threads = null, Func<bool>? isBusyElsewhere = null)
    {
        _isBusyElsewhere = isBusyElsewhere ?? (static () => false);
        _epoll = LinuxSockets.EpollCreate(LinuxSockets.EpollCloExec);
        _wakeUp = LinuxSockets.EventDescriptor(0, LinuxSockets.SockNonBlock | LinuxSockets.SockCloExec);
        Control(LinuxSockets.EpollAdd, _wakeUp, LinuxSockets.EpollIn, 0);
        _threads = new Thread[threads ?? Math.Clamp(Environment.ProcessorCount, 2, 8)];
        for (var index = 0; index < _threads.Length; index++)
        {
            _threads[index] = new Thread(Run) { IsBackground = true, Name = $"sockets {index}" };
            _threads[index].Start();
        }
    }

    /// <summary>Ends the threads; sockets that are still registered hear of nothing any more.</summary>
    public unsafe void Dispose()
    {
        if (_isStopping)
        {
            return;
        }

        _isStopping = true;
        var one = 1UL;
        _ = LinuxSockets.Write(_wakeUp, &one, sizeof(ulong));
        foreach (var thread in _threads)
        {
            if (thread != Thread.CurrentThread)
            {
                thread.Join();
            }
        }

        _turn.Dispose();
        _epoll.Dispose();
        _wakeUp.Dispose();
    }

    /// <summary>Tells <paramref name="socket"/> of readiness to read from now on; what is ready already is told at once.</summary>
    /// <returns>The number to unregister it with.</returns>
    internal long Register(SafeHandle descriptor, IPolledSocket socket)
    {
        var id = Interlocked.Increment(ref _lastId);
        _sockets[id] = socket;
        Control(LinuxSockets.EpollAdd, descriptor, ReadEvents, id);
        return id;
    }

    /// <summary>Tells it of readiness to write, too, or no longer.</summary>
    internal void WatchWrites(SafeHandle descriptor, long id, bool watch) =>
        Control(LinuxSockets.EpollModify, descriptor, watch ? ReadEvents | LinuxSockets.EpollOut : ReadEvents, id);

    internal void Unregister(SafeHandle descriptor, long id)
    {
        if (_sockets.TryRemove(id, out _))
        {
            Control(LinuxSockets.EpollDelete, descriptor, 0, id);
        }
    }

    private static uint ReadEvents => LinuxSockets.EpollIn | LinuxSockets.EpollReadHangup | LinuxSockets.EpollEdgeTriggered;

    private unsafe void Control(int operation, SafeHandle descriptor, uint events, long id)
    {
        var settings = stackalloc byte[EventSize];
        *(uint*)settings = events;
        *(long*)(settings + DataOffset) = id;
        if (LinuxSockets.EpollControl(_epoll, operation, descriptor, settings) != 0)
        {
            throw new Win32Exception(Marshal.GetLastPInvokeError());
        }
    }

    private unsafe void Run()
    {
        ShortTurns.Ask();
        var events = stackalloc byte[EventSize * BatchSize];
        while (!_isStopping)
        {
            _turn.Take();
            while (!_isStopping && WaitAndTell(events))
            {
            }
        }

        _turn.Pass();
    }

    /// <summary>False when the turn is another's afterwards.</summary>
    private unsafe bool WaitAndTell(byte* events)
    {
        var count = Wait(events);
        if (count > 1)
        {
            // With many clients there is no time to waste, and none is lost by sleeping.
            _looksFirst = false;
            _turn.Pass();
            Tell(events, count);
            return false;
        }

        _turn.BeginWork();
        var streams = Tell(events, count);
        if (!_turn.EndWork())
        {
            return false;
        }

        _looksFirst &= !streams;
        return true;
    }

    private unsafe int Wait(byte* events)
    {
        var begun = Stopwatch.GetTimestamp();
        while (_looksFirst && !_isBusyElsewhere())
        {
            var count = LinuxSockets.EpollWait(_epoll, events, BatchSize, 0);
            if (count != 0)
            {
                return count;
            }

            _looksFirst = Stopwatch.GetElapsedTime(begun) < LongestLook;
        }

        var result = LinuxSockets.EpollWait(_epoll, events, BatchSize, -1);
        _looksFirst = result == 1 && Stopwatch.GetElapsedTime(begun) < 2 * LongestLook;
        return result;
    }

    /// <summary>Whether one of the sockets is streaming.</summary>
    private unsafe bool Tell(byte* events, int count)
    {
        var streams = false;
        for (var index = 0; index < count; index++)
        {
            var entry = events + (index * EventSize);
            if (_sockets.TryGetValue(*(long*)(entry + DataOffset), out var socket))
            {
                socket.OnReady(*(uint*)entry);
                streams |= socket.IsStreaming;
            }
        }

        return streams;
    }
}
