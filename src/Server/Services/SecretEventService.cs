using System.Collections.Concurrent;
using Cistern.RemoteProtocol.Programs;
using Cistern.RemoteProtocol.Remote;
using Cistern.Server.Auth.Access;
using Cistern.Server.Mapping;
using Cistern.Server.Rpc;
using Cistern.Storage.Secrets;

namespace Cistern.Server.Services;

/// <summary>Registrations for secret events, and their delivery in the order in which they happen.</summary>
public sealed class SecretEventService : ISecretEventProcedures<CallContext>, IDisposable
{
    private const int Lifecycle = 0;
    private const int ValueChanged = 1;

    private static readonly AccessRule Visible = AccessControl.FilterOf(RemoteProcedure.ConnectSecretEventRegisterAny);

    private readonly ConcurrentDictionary<SecretCallbacks, ClientConnection> _clients = new();
    private readonly AccessControl? _access;
    private readonly IDisposable _subscription;

    /// <param name="access">Null: everybody may see everything.</param>
    public SecretEventService(SecretStore secrets, AccessControl? access = null)
    {
        _access = access;
        _subscription = secrets.Subscribe(Publish);
    }

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
        var callbacks = new SecretCallbacks(this, _access is null ? null : new CheckedEvents(_access, client, Visible));
        _clients[callbacks] = client;
        return callbacks;
    });

    private void Publish(SecretEvent happened)
    {
        var eventId = happened.Kind == SecretEventKind.ValueChanged ? ValueChanged : Lifecycle;
        foreach (var (callbacks, client) in _clients)
        {
            if (callbacks.Checked is null)
            {
                callbacks.Deliver(eventId, happened.Secret.Uuid, id => Send(client, id, happened));
            }
            else if (callbacks.Wants(eventId, happened.Secret.Uuid))
            {
                callbacks.Checked.Add(
                    AccessTarget.Secret(happened.Secret), () => callbacks.Deliver(eventId, happened.Secret.Uuid, id => Send(client, id, happened)));
            }
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
    /// <param name="events">Decides which of them it may see; null: all.</param>
    private sealed class SecretCallbacks(SecretEventService service, CheckedEvents? events) : EventCallbacks<Guid>("secret", 2), IDisposable
    {
        public CheckedEvents? Checked => events;

        public void Dispose() => service._clients.TryRemove(this, out _);
    }
}
