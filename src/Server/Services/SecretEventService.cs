using System.Collections.Concurrent;
using Cistern.RemoteProtocol.Remote;
using Cistern.Server.Mapping;
using Cistern.Server.Rpc;
using Cistern.Storage.Secrets;

namespace Cistern.Server.Services;

/// <summary>Registrations for secret events, and their delivery in the order in which they happen.</summary>
public sealed class SecretEventService : ISecretEventProcedures<CallContext>, IDisposable
{
    private const int Lifecycle = 0;
    private const int ValueChanged = 1;

    private readonly ConcurrentDictionary<SecretCallbacks, ClientConnection> _clients = new();
    private readonly IDisposable _subscription;

    public SecretEventService(SecretStore secrets) => _subscription = secrets.Subscribe(Publish);

    public ValueTask<ConnectSecretEventRegisterAnyRet> ConnectSecretEventRegisterAnyAsync(
        ConnectSecretEventRegisterAnyArgs args, CallContext context, CancellationToken cancellation)
    {
        var callbacks = CallbacksOf(context.Client);
        return new(new ConnectSecretEventRegisterAnyRet(callbacks.Register(args.EventID, args.Secret?.Uuid)));
    }

    public ValueTask ConnectSecretEventDeregisterAnyAsync(
        ConnectSecretEventDeregisterAnyArgs args, CallContext context, CancellationToken cancellation)
    {
        CallbacksOf(context.Client).Deregister(args.CallbackID);
        return ValueTask.CompletedTask;
    }

    public void Dispose() => _subscription.Dispose();

    private SecretCallbacks CallbacksOf(ClientConnection client) => client.GetOrAdd(() =>
    {
        var callbacks = new SecretCallbacks(this);
        _clients[callbacks] = client;
        return callbacks;
    });

    private void Publish(SecretEvent happened)
    {
        foreach (var (callbacks, client) in _clients)
        {
            callbacks.Deliver(
                happened.Kind == SecretEventKind.ValueChanged ? ValueChanged : Lifecycle, happened.Secret.Uuid, id => Send(client, id, happened));
        }
    }

    private static void Send(ClientConnection client, int callbackId, SecretEvent happened)
    {
        var secret = happened.Secret.ToWire();
        if (happened.Kind == SecretEventKind.ValueChanged)
        {
            client.SendEvent(RemoteProcedure.SecretEventValueChanged, new SecretEventValueChangedMsg(callbackId, secret));
        }
        else
        {
            client.SendEvent(RemoteProcedure.SecretEventLifecycle, new SecretEventLifecycleMsg(callbackId, secret, (int)happened.Kind, Detail: 0));
        }
    }

    /// <summary>The client's connection disposes of it.</summary>
    private sealed class SecretCallbacks(SecretEventService service) : EventCallbacks<Guid>("secret", 2), IDisposable
    {
        public void Dispose() => service._clients.TryRemove(this, out _);
    }
}
