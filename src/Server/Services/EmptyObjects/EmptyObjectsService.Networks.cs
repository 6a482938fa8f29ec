using Cistern.RemoteProtocol.Errors;
using Cistern.RemoteProtocol.Remote;
using Cistern.Server.Rpc;

namespace Cistern.Server.Services.EmptyObjects;

public sealed partial class EmptyObjectsService
{
    private const ErrorDomain NetworkModule = ErrorDomain.Network;

    public ValueTask<ConnectNumOfNetworksRet> ConnectNumOfNetworksAsync(CallContext context, CancellationToken cancellation)
    {
        context.RequireHypervisor(NetworkModule);
        return new(new ConnectNumOfNetworksRet(0));
    }

    public ValueTask<ConnectListNetworksRet> ConnectListNetworksAsync(ConnectListNetworksArgs args, CallContext context, CancellationToken cancellation)
    {
        CheckOldList(context, NetworkModule, args.Maxnames, RemoteConstants.NetworkListMax);
        return new(new ConnectListNetworksRet([]));
    }

    public ValueTask<ConnectNumOfDefinedNetworksRet> ConnectNumOfDefinedNetworksAsync(CallContext context, CancellationToken cancellation)
    {
        context.RequireHypervisor(NetworkModule);
        return new(new ConnectNumOfDefinedNetworksRet(0));
    }

    public ValueTask<ConnectListDefinedNetworksRet> ConnectListDefinedNetworksAsync(
        ConnectListDefinedNetworksArgs args, CallContext context, CancellationToken cancellation)
    {
        CheckOldList(context, NetworkModule, args.Maxnames, RemoteConstants.NetworkListMax);
        return new(new ConnectListDefinedNetworksRet([]));
    }

    public ValueTask<ConnectListAllNetworksRet> ConnectListAllNetworksAsync(
        ConnectListAllNetworksArgs args, CallContext context, CancellationToken cancellation)
    {
        Check(context, NetworkModule, args.Flags, NetworkListFlags);
        return new(new ConnectListAllNetworksRet([], 0));
    }

    public ValueTask<NetworkLookupByNameRet> NetworkLookupByNameAsync(NetworkLookupByNameArgs args, CallContext context, CancellationToken cancellation)
    {
        context.RequireHypervisor(NetworkModule);
        throw ServiceErrors.NotFound(ErrorNumber.NoNetwork, NetworkModule, $"no network with matching name '{args.Name}'");
    }

    public ValueTask<NetworkLookupByUuidRet> NetworkLookupByUuidAsync(NetworkLookupByUuidArgs args, CallContext context, CancellationToken cancellation)
    {
        context.RequireHypervisor(NetworkModule);
        throw ServiceErrors.NotFound(ErrorNumber.NoNetwork, NetworkModule, $"no network with matching uuid '{args.Uuid}'");
    }

    public ValueTask<ConnectNetworkEventRegisterAnyRet> ConnectNetworkEventRegisterAnyAsync(
        ConnectNetworkEventRegisterAnyArgs args, CallContext context, CancellationToken cancellation) =>
        new(new ConnectNetworkEventRegisterAnyRet(Networks(context).Register(args.EventID, args.Net?.Uuid)));

    public ValueTask ConnectNetworkEventDeregisterAnyAsync(
        ConnectNetworkEventDeregisterAnyArgs args, CallContext context, CancellationToken cancellation)
    {
        Networks(context).Deregister(args.CallbackID);
        return ValueTask.CompletedTask;
    }

    private static NetworkCallbacks Networks(CallContext context)
    {
        context.RequireHypervisor(NetworkModule);
        return context.Client.GetOrAdd(static () => new NetworkCallbacks());
    }

    private sealed class NetworkCallbacks() : EventCallbacks<Guid>("network", 1);
}
