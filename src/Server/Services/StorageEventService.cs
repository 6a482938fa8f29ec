using System.Collections.Concurrent;
using Cistern.RemoteProtocol.Programs;
using Cistern.RemoteProtocol.Remote;
using Cistern.Server.Auth.Access;
using Cistern.Server.Mapping;
using Cistern.Server.Rpc;
using Cistern.Storage;
using Cistern.Storage.Pools;

namespace Cistern.Server.Services;

/// <summary>Registrations for pool events, and their delivery in the order in which the driver publishes them.</summary>
public sealed class StorageEventService : IStorageEventProcedures<CallContext>, IDisposable
{
    private const int Lifecycle = 0;
    private const int Refresh = 1;

    private static readonly AccessRule Visible = AccessControl.FilterOf(RemoteProcedure.ConnectStoragePoolEventRegisterAny);

    private readonly ConcurrentDictionary<PoolCallbacks, ClientConnection> _clients = new();
    private readonly AccessControl? _access;
    private readonly IDisposable _subscription;

    /// <param name="access">Null: everybody may see everything.</param>
    public StorageEventService(StorageDriver driver, AccessControl? access = null)
    {
        _access = access;
        _subscription = driver.Subscribe(Publish);
    }

    public ValueTask<ConnectStoragePoolEventRegisterAnyRet> ConnectStoragePoolEventRegisterAnyAsync(
        ConnectStoragePoolEventRegisterAnyArgs args, CallContext context, CancellationToken cancellation)
    {
        var callbacks = CallbacksOf(context.Client);
        return new(new ConnectStoragePoolEventRegisterAnyRet(callbacks.Register(args.EventID, args.Pool?.Uuid)));
    }

    public ValueTask ConnectStoragePoolEventDeregisterAnyAsync(
        ConnectStoragePoolEventDeregisterAnyArgs args, CallContext context, CancellationToken cancellation)
    {
        CallbacksOf(context.Client).Deregister(args.CallbackID);
        return ValueTask.CompletedTask;
    }

    public void Dispose() => _subscription.Dispose();

    private PoolCallbacks CallbacksOf(ClientConnection client) => client.GetOrAdd(() =>
    {
        var callbacks = new PoolCallbacks(this, _access is null ? null : new CheckedEvents(_access, client, Visible));
        _clients[callbacks] = client;
        return callbacks;
    });

    private void Publish(PoolEvent happened)
    {
        var eventId = happened.Kind == PoolEventKind.Refreshed ? Refresh : Lifecycle;
        foreach (var (callbacks, client) in _clients)
        {
            if (callbacks.Checked is null)
            {
                callbacks.Deliver(eventId, happened.Pool.Uuid, id => Send(client, id, happened));
            }
            else if (callbacks.Wants(eventId, happened.Pool.Uuid))
            {
                callbacks.Checked.Add(
                    AccessTarget.Pool(happened.Pool), () => callbacks.Deliver(eventId, happened.Pool.Uuid, id => Send(client, id, happened)));
            }
        }
    }

    private static void Send(ClientConnection client, int callbackId, PoolEvent happened)
    {
        var pool = happened.Pool.ToWire();
        if (happened.Kind == PoolEventKind.Refreshed)
        {
            client.SendEvent(RemoteProcedure.StoragePoolEventRefresh, new StoragePoolEventRefreshMsg(callbackId, pool), mergeKey: (callbackId, pool.Uuid));
        }
        else
        {
            client.SendEvent(RemoteProcedure.StoragePoolEventLifecycle, new StoragePoolEventLifecycleMsg(callbackId, pool, (int)happened.Kind, Detail: 0));
        }
    }

    /// <summary>The client's connection disposes of it.</summary>
    /// <param name="events">Decides which of them it may see; null: all.</param>
    private sealed class PoolCallbacks(StorageEventService service, CheckedEvents? events) : EventCallbacks<Guid>("storage pool", 2), IDisposable
    {
        public CheckedEvents? Checked => events;

        public void Dispose() => service._clients.TryRemove(this, out _);
    }
}
