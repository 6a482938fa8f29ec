using System.Security.Cryptography;
using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;
using Cistern.Storage.Host;
using Cistern.Storage.Secrets;

namespace Cistern.Storage.Backends.IscsiDirect;

/// <summary>A running pool: connections to its target, made when they are needed and kept for a while. Safe for several threads.</summary>
internal sealed class IscsiSession : IPoolSession
{
    /// <summary>Nobody answers a target that asks an idle connection whether it is alive, so that soon it may be gone.</summary>
    private static readonly TimeSpan LongestRest = TimeSpan.FromSeconds(5);

    private readonly Lock _lock = new();
    private readonly TimeProvider _clock;

    /// <summary>The one that rests for the shortest time on top.</summary>
    private readonly Stack<(IscsiConnection Connection, long Since)> _resting = new();
    private IscsiLogin _login;
    private bool _isClosed;

    private IscsiSession(IscsiLogin login, TimeProvider clock)
    {
        _login = login;
        _clock = clock;
    }

    public string Portal => _login.Portal;

    public string Target => _login.Target!;

    /// <summary>A session that has not connected yet.</summary>
    /// <exception cref="StorageException">67/18: not one host or target; 27/18, 66/30, 8/0: authentication; 1/18: the library is missing.</exception>
    public static async ValueTask<IscsiSession> OpenAsync(PoolContext pool, CancellationToken cancellation)
    {
        IscsiLogin login = await LoginAsync(pool, cancellation).ConfigureAwait(false);
        IscsiCalls.Require();
        return new IscsiSession(login, pool.Host.Clock);
    }

    /// <summary>Takes up what the secret is now: a target's password may have been changed.</summary>
    public async ValueTask RenewAsync(PoolContext pool, CancellationToken cancellation)
    {
        if (pool.Definition.Source.Auth is not null)
        {
            _login = await LoginAsync(pool, cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>
    /// Does something on a connection of its own. What fails because a connection that rested had been given up by the target is done again on
    /// a new one; it must bear that.
    /// </summary>
    /// <exception cref="StorageException">1/18: the target cannot be reached.</exception>
    public T Run<T>(Func<IscsiConnection, T> work)
    {
        (IscsiConnection connection, bool isNew) = Take();
        try
        {
            return work(connection);
        }
        catch (StorageException) when (connection is { IsBroken: true, IsTimedOut: false } && !isNew)
        {
            connection = IscsiConnection.Open(_login);
            return work(connection);
        }
        finally
        {
            Return(connection);
        }
    }

    public async ValueTask DisposeAsync()
    {
        lock (_lock)
        {
            _isClosed = true;
        }

        await Task.Factory.StartNew(Close, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default).ConfigureAwait(false);
        if (_login.Password is { } password)
        {
            CryptographicOperations.ZeroMemory(password);
        }
    }

    private static async ValueTask<IscsiLogin> LoginAsync(PoolContext pool, CancellationToken cancellation)
    {
        PoolSource source = pool.Definition.Source;
        if (source.Hosts is not [var host])
        {
            throw StorageErrors.SourceHostCount(source.Hosts.Length);
        }

        if (source.Devices is not [var target, ..])
        {
            throw StorageErrors.SourceDeviceCount(pool.Definition.Name, source.Devices.Length);
        }

        IscsiLogin login = new(IscsiNames.Portal(host), source.InitiatorIqn!, target.Path);
        if (source.Auth is not { } auth)
        {
            return login;
        }

        if (auth.Type != "chap")
        {
            throw StorageErrors.AuthTypeNotSupported(IscsiDirectPoolType.Info.Name, auth.Type, "chap");
        }

        ReadOnlyMemory<byte> password = await pool.Host.Secrets.GetValueAsync(auth.Secret, SecretUsageType.Iscsi, cancellation).ConfigureAwait(false);
        return login with { User = auth.Username, Password = [.. password.Span, 0] };
    }

    private (IscsiConnection Connection, bool IsNew) Take()
    {
        List<IscsiConnection> old = [];
        IscsiConnection? rested = null;
        lock (_lock)
        {
            while (rested is null && _resting.TryPop(out var resting))
            {
                if (_clock.GetElapsedTime(resting.Since) < LongestRest)
                {
                    rested = resting.Connection;
                }
                else
                {
                    old.Add(resting.Connection);
                }
            }
        }

        old.ForEach(connection => connection.Dispose());
        return rested is null ? (IscsiConnection.Open(_login), true) : (rested, false);
    }

    private void Return(IscsiConnection connection)
    {
        if (connection.IsBroken)
        {
            return;
        }

        List<IscsiConnection> old = [];
        lock (_lock)
        {
            if (_isClosed)
            {
                old.Add(connection);
            }
            else
            {
                var fresh = _resting.Where(resting => _clock.GetElapsedTime(resting.Since) < LongestRest).Reverse().ToArray();
                old.AddRange(_resting.Select(resting => resting.Connection).Except(fresh.Select(resting => resting.Connection)));
                _resting.Clear();
                foreach (var resting in fresh)
                {
                    _resting.Push(resting);
                }

                _resting.Push((connection, _clock.GetTimestamp()));
            }
        }

        old.ForEach(gone => gone.Dispose());
    }

    private void Close()
    {
        List<IscsiConnection> all;
        lock (_lock)
        {
            all = [.. _resting.Select(resting => resting.Connection)];
            _resting.Clear();
        }

        all.ForEach(connection => connection.Dispose());
    }
}
