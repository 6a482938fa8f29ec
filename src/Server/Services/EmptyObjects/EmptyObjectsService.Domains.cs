using Cistern.RemoteProtocol.Errors;
using Cistern.RemoteProtocol.Remote;
using Cistern.Server.Rpc;

namespace Cistern.Server.Services.EmptyObjects;

public sealed partial class EmptyObjectsService
{

    // Calls that name a domain fail in the hypervisor's module, calls of the connection in the connection's.
    private const ErrorDomain HypervisorModule = ErrorDomain.Qemu;
    private const ErrorDomain DomainModule = ErrorDomain.Domain;

    public ValueTask<ConnectNumOfDomainsRet> ConnectNumOfDomainsAsync(CallContext context, CancellationToken cancellation)
    {
        context.RequireHypervisor(DomainModule);
        return new(new ConnectNumOfDomainsRet(0));
    }

    public ValueTask<ConnectListDomainsRet> ConnectListDomainsAsync(ConnectListDomainsArgs args, CallContext context, CancellationToken cancellation)
    {
        CheckOldList(context, DomainModule, args.Maxids, RemoteConstants.DomainListMax);
        return new(new ConnectListDomainsRet([]));
    }

    public ValueTask<ConnectNumOfDefinedDomainsRet> ConnectNumOfDefinedDomainsAsync(CallContext context, CancellationToken cancellation)
    {
        context.RequireHypervisor(DomainModule);
        return new(new ConnectNumOfDefinedDomainsRet(0));
    }

    public ValueTask<ConnectListDefinedDomainsRet> ConnectListDefinedDomainsAsync(
        ConnectListDefinedDomainsArgs args, CallContext context, CancellationToken cancellation)
    {
        CheckOldList(context, DomainModule, args.Maxnames, RemoteConstants.DomainListMax);
        return new(new ConnectListDefinedDomainsRet([]));
    }

    public ValueTask<ConnectListAllDomainsRet> ConnectListAllDomainsAsync(
        ConnectListAllDomainsArgs args, CallContext context, CancellationToken cancellation)
    {
        Check(context, DomainModule, args.Flags, DomainListFlags);
        return new(new ConnectListAllDomainsRet([], 0));
    }

    public ValueTask<ConnectGetAllDomainStatsRet> ConnectGetAllDomainStatsAsync(
        ConnectGetAllDomainStatsArgs args, CallContext context, CancellationToken cancellation)
    {
        Check(context, DomainModule, args.Flags, DomainStatisticsFlags);
        return new(new ConnectGetAllDomainStatsRet([]));
    }

    public ValueTask<DomainLookupByIdRet> DomainLookupByIdAsync(DomainLookupByIdArgs args, CallContext context, CancellationToken cancellation)
    {
        context.RequireHypervisor(DomainModule);
        throw ServiceErrors.NotFound(ErrorNumber.NoDomain, HypervisorModule, $"no domain with matching id {args.Id}");
    }

    public ValueTask<DomainLookupByNameRet> DomainLookupByNameAsync(DomainLookupByNameArgs args, CallContext context, CancellationToken cancellation)
    {
        context.RequireHypervisor(DomainModule);
        throw ServiceErrors.NotFound(ErrorNumber.NoDomain, HypervisorModule, $"no domain with matching name '{args.Name}'");
    }

    public ValueTask<DomainLookupByUuidRet> DomainLookupByUuidAsync(DomainLookupByUuidArgs args, CallContext context, CancellationToken cancellation)
    {
        context.RequireHypervisor(DomainModule);
        throw ServiceErrors.NotFound(ErrorNumber.NoDomain, HypervisorModule, $"no domain with matching uuid '{args.Uuid}'");
    }

    public ValueTask<ConnectDomainEventRegisterRet> ConnectDomainEventRegisterAsync(CallContext context, CancellationToken cancellation)
    {
        Domains(context).Register(DomainCallbacks.Lifecycle, null);
        return new(new ConnectDomainEventRegisterRet(0));
    }

    public ValueTask<ConnectDomainEventDeregisterRet> ConnectDomainEventDeregisterAsync(CallContext context, CancellationToken cancellation)
    {
        Domains(context).DeregisterEvent(DomainCallbacks.Lifecycle);
        return new(new ConnectDomainEventDeregisterRet(0));
    }

    public ValueTask ConnectDomainEventRegisterAnyAsync(ConnectDomainEventRegisterAnyArgs args, CallContext context, CancellationToken cancellation)
    {
        Domains(context).RegisterEvent(args.EventID);
        return ValueTask.CompletedTask;
    }

    public ValueTask ConnectDomainEventDeregisterAnyAsync(ConnectDomainEventDeregisterAnyArgs args, CallContext context, CancellationToken cancellation)
    {
        Domains(context).DeregisterEvent(args.EventID);
        return ValueTask.CompletedTask;
    }

    public ValueTask<ConnectDomainEventCallbackRegisterAnyRet> ConnectDomainEventCallbackRegisterAnyAsync(
        ConnectDomainEventCallbackRegisterAnyArgs args, CallContext context, CancellationToken cancellation) =>
        new(new ConnectDomainEventCallbackRegisterAnyRet(Domains(context).Register(args.EventID, args.Dom?.Uuid)));

    public ValueTask ConnectDomainEventCallbackDeregisterAnyAsync(
        ConnectDomainEventCallbackDeregisterAnyArgs args, CallContext context, CancellationToken cancellation)
    {
        Domains(context).Deregister(args.CallbackID);
        return ValueTask.CompletedTask;
    }

    private static DomainCallbacks Domains(CallContext context)
    {
        context.RequireHypervisor(DomainModule);
        return context.Client.GetOrAdd(static () => new DomainCallbacks());
    }

    /// <summary>Domain events also have the registrations of old, which carry no id and are ended by event.</summary>
    private sealed class DomainCallbacks() : EventCallbacks<Guid>("domain", 27)
    {
        public const int Lifecycle = 0;

        /// <summary>Events that the old registration knows.</summary>
        private const int OldEventIds = 16;

        public void RegisterEvent(int eventId)
        {
            CheckEvent(eventId, OldEventIds);
            Register(eventId, null);
        }

        public void DeregisterEvent(int eventId)
        {
            CheckEvent(eventId, OldEventIds);
            if (!Remove(callback => callback.EventId == eventId && callback.Filter is null))
            {
                throw ServiceErrors.InternalRpc($"domain event {eventId} not registered");
            }
        }
    }
}
