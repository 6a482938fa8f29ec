using Cistern.RemoteProtocol.Errors;
using Cistern.RemoteProtocol.Remote;
using Cistern.Server.Rpc;

namespace Cistern.Server.Services.EmptyObjects;

public sealed partial class EmptyObjectsService
{
    private const ErrorDomain NetworkFilterModule = ErrorDomain.Nwfilter;

    public ValueTask<ConnectNumOfNwfiltersRet> ConnectNumOfNwfiltersAsync(CallContext context, CancellationToken cancellation)
    {
        context.RequireHypervisor(NetworkFilterModule);
        return new(new ConnectNumOfNwfiltersRet(0));
    }

    public ValueTask<ConnectListNwfiltersRet> ConnectListNwfiltersAsync(
        ConnectListNwfiltersArgs args, CallContext context, CancellationToken cancellation)
    {
        CheckOldList(context, NetworkFilterModule, args.Maxnames, RemoteConstants.NwfilterListMax);
        return new(new ConnectListNwfiltersRet([]));
    }

    public ValueTask<ConnectListAllNwfiltersRet> ConnectListAllNwfiltersAsync(
        ConnectListAllNwfiltersArgs args, CallContext context, CancellationToken cancellation)
    {
        Check(context, NetworkFilterModule, args.Flags, NoFlags);
        return new(new ConnectListAllNwfiltersRet([], 0));
    }

    public ValueTask<ConnectListAllNwfilterBindingsRet> ConnectListAllNwfilterBindingsAsync(
        ConnectListAllNwfilterBindingsArgs args, CallContext context, CancellationToken cancellation)
    {
        Check(context, NetworkFilterModule, args.Flags, NoFlags);
        return new(new ConnectListAllNwfilterBindingsRet([], 0));
    }

    public ValueTask<NwfilterLookupByNameRet> NwfilterLookupByNameAsync(
        NwfilterLookupByNameArgs args, CallContext context, CancellationToken cancellation)
    {
        context.RequireHypervisor(NetworkFilterModule);
        throw ServiceErrors.NotFound(ErrorNumber.NoNwfilter, NetworkFilterModule, $"no nwfilter with matching name '{args.Name}'");
    }

    public ValueTask<NwfilterLookupByUuidRet> NwfilterLookupByUuidAsync(
        NwfilterLookupByUuidArgs args, CallContext context, CancellationToken cancellation)
    {
        context.RequireHypervisor(NetworkFilterModule);
        throw ServiceErrors.NotFound(ErrorNumber.NoNwfilter, NetworkFilterModule, $"no nwfilter with matching uuid '{args.Uuid}'");
    }
}
