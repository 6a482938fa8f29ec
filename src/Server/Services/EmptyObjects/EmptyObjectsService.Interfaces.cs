using Cistern.RemoteProtocol.Errors;
using Cistern.RemoteProtocol.Remote;
using Cistern.Server.Rpc;

namespace Cistern.Server.Services.EmptyObjects;

public sealed partial class EmptyObjectsService
{
    private const ErrorDomain InterfaceModule = ErrorDomain.Interface;

    public ValueTask<ConnectNumOfInterfacesRet> ConnectNumOfInterfacesAsync(CallContext context, CancellationToken cancellation)
    {
        context.RequireHypervisor(InterfaceModule);
        return new(new ConnectNumOfInterfacesRet(0));
    }

    public ValueTask<ConnectListInterfacesRet> ConnectListInterfacesAsync(
        ConnectListInterfacesArgs args, CallContext context, CancellationToken cancellation)
    {
        CheckOldList(context, InterfaceModule, args.Maxnames, RemoteConstants.InterfaceListMax);
        return new(new ConnectListInterfacesRet([]));
    }

    public ValueTask<ConnectNumOfDefinedInterfacesRet> ConnectNumOfDefinedInterfacesAsync(CallContext context, CancellationToken cancellation)
    {
        context.RequireHypervisor(InterfaceModule);
        return new(new ConnectNumOfDefinedInterfacesRet(0));
    }

    public ValueTask<ConnectListDefinedInterfacesRet> ConnectListDefinedInterfacesAsync(
        ConnectListDefinedInterfacesArgs args, CallContext context, CancellationToken cancellation)
    {
        CheckOldList(context, InterfaceModule, args.Maxnames, RemoteConstants.InterfaceListMax);
        return new(new ConnectListDefinedInterfacesRet([]));
    }

    public ValueTask<ConnectListAllInterfacesRet> ConnectListAllInterfacesAsync(
        ConnectListAllInterfacesArgs args, CallContext context, CancellationToken cancellation)
    {
        Check(context, InterfaceModule, args.Flags, InterfaceListFlags);
        return new(new ConnectListAllInterfacesRet([], 0));
    }

    public ValueTask<InterfaceLookupByNameRet> InterfaceLookupByNameAsync(
        InterfaceLookupByNameArgs args, CallContext context, CancellationToken cancellation)
    {
        context.RequireHypervisor(InterfaceModule);
        throw NoInterfaceNamed(args.Name);
    }

    public ValueTask<InterfaceLookupByMacStringRet> InterfaceLookupByMacStringAsync(
        InterfaceLookupByMacStringArgs args, CallContext context, CancellationToken cancellation)
    {
        context.RequireHypervisor(InterfaceModule);
        throw ServiceErrors.NotFound(ErrorNumber.NoInterface, InterfaceModule, $"couldn't find interface with MAC address '{args.Mac}'");
    }

    public ValueTask<InterfaceIsActiveRet> InterfaceIsActiveAsync(InterfaceIsActiveArgs args, CallContext context, CancellationToken cancellation)
    {
        context.RequireHypervisor(InterfaceModule);
        throw NoInterfaceNamed(args.Iface.Name);
    }

    private static RpcException NoInterfaceNamed(string name) =>
        ServiceErrors.NotFound(ErrorNumber.NoInterface, InterfaceModule, $"couldn't find interface named '{name}'");
}
