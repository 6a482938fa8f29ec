using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;
using Cistern.Storage.Host;

namespace Cistern.Storage.Backends.Gluster;

/// <summary>
/// The connections to a gluster volume by one of its servers. None can be ended (<see cref="GlusterVolume"/>), so one is used by every pool for as long
/// as the process lives, also when it could not be made: the library goes on trying. Another is made only when none is up, and all were: they may be
/// refused for good, as those to a volume that was removed; or some have never come up for long: the library may have given up though it reached the servers.
/// Calls block.
/// </summary>
internal sealed class GlusterConnection
{
    /// <summary>Of connections, each of which has about ten threads.</summary>
    private const int Limit = 8;

    private static readonly ConcurrentDictionary<(string Volume, SourceHost Server), GlusterConnection> All = new();

    /// <summary>The library looks for a lost server every three seconds.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(4);
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(100);

    /// <summary>How long the first that was not up at once may take to come up; each further one may take twice as long.</summary>
    private static readonly TimeSpan Hope = TimeSpan.FromSeconds(20);

    private readonly Lock _lock = new();
    private readonly string _name;
    private readonly SourceHost _server;

    /// <summary>The newest first.</summary>
    private readonly List<Made> _made = [];

    private GlusterConnection(string name, SourceHost server)
    {
        _name = name;
        _server = server;
    }

    /// <summary>A connection by the first of the source's servers that has one.</summary>
    /// <param name="uri">For errors.</param>
    /// <exception cref="StorageException">38/18: no connection.</exception>
    public static GlusterVolume Open(PoolSource source, string uri)
    {
        int result = 0;
        foreach (SourceHost server in source.Hosts)
        {
            GlusterConnection connection = All.GetOrAdd((source.Name!, server), key => new GlusterConnection(key.Volume, key.Server));
            result = connection.Find(out GlusterVolume? volume);
            if (volume is not null)
            {
                return volume;
            }
        }

        throw StorageErrors.GlusterNotConnected(-result, uri);
    }

    private bool IsAnotherDue
    {
        get
        {
            int failed = _made.Count(made => made.Failure != 0);
            bool isHopeless = failed > 0 && Environment.TickCount64 - _made[0].Time > Hope.TotalMilliseconds * (1 << (failed - 1));

            // That there is no such volume the servers have said themselves.
            return _made.Count < Limit && (failed == 0 || (isHopeless && _made[0].Failure != -Errno.NoEntry));
        }
    }

    /// <returns>0, or a negated error number and null.</returns>
    private int Find(out GlusterVolume? volume)
    {
        lock (_lock)
        {
            int result = WaitForOne(out volume);
            return volume is null && IsAnotherDue ? Make(out volume) : result;
        }
    }

    private int Make(out GlusterVolume? volume)
    {
        volume = null;
        GlusterVolume made = GlusterCalls.New(_name);
        if (made.IsInvalid)
        {
            return -Marshal.GetLastPInvokeError();
        }

        GlusterCalls.Silence(made);
        int result = GlusterCalls.AddServer(made, _server.Name, _server.Port);
        result = result < 0 ? result : GlusterCalls.Connect(made);
        _made.Insert(0, new Made(made, result));
        volume = result < 0 ? null : made;
        return result;
    }

    private int WaitForOne(out GlusterVolume? volume)
    {
        volume = null;
        int result = 0;
        long begin = Environment.TickCount64;
        while (_made.Count > 0)
        {
            foreach (Made made in _made)
            {
                result = GlusterCalls.GetStatus(made.Volume, "/", out _);
                if (result >= 0)
                {
                    made.Failure = 0;
                    volume = made.Volume;
                    return 0;
                }
            }

            if (Environment.TickCount64 - begin > Patience.TotalMilliseconds)
            {
                break;
            }

            Thread.Sleep(Step);
        }

        return _made.Find(made => made.Failure != 0)?.Failure ?? result;
    }

    private sealed class Made(GlusterVolume volume, int failure)
    {
        public GlusterVolume Volume { get; } = volume;

        /// <summary>When that was, in milliseconds of the system's uptime.</summary>
        public long Time { get; } = Environment.TickCount64;

        /// <summary>Why it could not be made; 0 once it was up.</summary>
        public int Failure { get; set; } = failure;
    }
}
