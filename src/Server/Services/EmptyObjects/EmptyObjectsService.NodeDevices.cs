using Cistern.RemoteProtocol.Errors;
using Cistern.RemoteProtocol.Remote;
using Cistern.Server.Rpc;

namespace Cistern.Server.Services.EmptyObjects;

public sealed partial class EmptyObjectsService
{
    private const ErrorDomain NodeDeviceModule = ErrorDomain.Nodedev;

    public ValueTask<NodeNumOfDevicesRet> NodeNumOfDevicesAsync(NodeNumOfDevicesArgs args, CallContext context, CancellationToken cancellation)
    {
        Check(context, NodeDeviceModule, args.Flags, NoFlags);
        return new(new NodeNumOfDevicesRet(0));
    }

    public ValueTask<NodeListDevicesRet> NodeListDevicesAsync(NodeListDevicesArgs args, CallContext context, CancellationToken cancellation)
    {
        Check(context, NodeDeviceModule, args.Flags, NoFlags);
        ListBounds.CheckAsked(args.Maxnames, RemoteConstants.NodeDeviceListMax, "maxnames");
        return new(new NodeListDevicesRet([]));
    }

    public ValueTask<ConnectListAllNodeDevicesRet> ConnectListAllNodeDevicesAsync(
        ConnectListAllNodeDevicesArgs args, CallContext context, CancellationToken cancellation)
    {
        Check(context, NodeDeviceModule, args.Flags, NodeDeviceListFlags);
        return new(new ConnectListAllNodeDevicesRet([], 0));
    }

    public ValueTask<NodeDeviceLookupByNameRet> NodeDeviceLookupByNameAsync(
        NodeDeviceLookupByNameArgs args, CallContext context, CancellationToken cancellation) => throw NoNodeDeviceNamed(context, args.Name);

    public ValueTask<NodeDeviceLookupScsiHostByWwnRet> NodeDeviceLookupScsiHostByWwnAsync(
        NodeDeviceLookupScsiHostByWwnArgs args, CallContext context, CancellationToken cancellation)
    {
        Check(context, NodeDeviceModule, args.Flags, NoFlags);
        throw ServiceErrors.NotFound(ErrorNumber.NoNodeDevice, NodeDeviceModule, $"no node device with wwnn '{args.Wwnn}' and wwpn '{args.Wwpn}'");
    }

    public ValueTask<NodeDeviceGetXmlDescRet> NodeDeviceGetXmlDescAsync(
        NodeDeviceGetXmlDescArgs args, CallContext context, CancellationToken cancellation) => throw NoNodeDeviceNamed(context, args.Name);

    public ValueTask<NodeDeviceGetParentRet> NodeDeviceGetParentAsync(
        NodeDeviceGetParentArgs args, CallContext context, CancellationToken cancellation) => throw NoNodeDeviceNamed(context, args.Name);

    public ValueTask<NodeDeviceNumOfCapsRet> NodeDeviceNumOfCapsAsync(
        NodeDeviceNumOfCapsArgs args, CallContext context, CancellationToken cancellation) => throw NoNodeDeviceNamed(context, args.Name);

    public ValueTask<NodeDeviceListCapsRet> NodeDeviceListCapsAsync(
        NodeDeviceListCapsArgs args, CallContext context, CancellationToken cancellation) => throw NoNodeDeviceNamed(context, args.Name);

    public ValueTask<NodeDeviceIsPersistentRet> NodeDeviceIsPersistentAsync(
        NodeDeviceIsPersistentArgs args, CallContext context, CancellationToken cancellation) => throw NoNodeDeviceNamed(context, args.Name);

    public ValueTask<NodeDeviceIsActiveRet> NodeDeviceIsActiveAsync(
        NodeDeviceIsActiveArgs args, CallContext context, CancellationToken cancellation) => throw NoNodeDeviceNamed(context, args.Name);

    public ValueTask<ConnectNodeDeviceEventRegisterAnyRet> ConnectNodeDeviceEventRegisterAnyAsync(
        ConnectNodeDeviceEventRegisterAnyArgs args, CallContext context, CancellationToken cancellation) =>
        new(new ConnectNodeDeviceEventRegisterAnyRet(NodeDevices(context).Register(args.EventID, args.Dev)));

    public ValueTask ConnectNodeDeviceEventDeregisterAnyAsync(
        ConnectNodeDeviceEventDeregisterAnyArgs args, CallContext context, CancellationToken cancellation)
    {
        NodeDevices(context).Deregister(args.CallbackID);
        return ValueTask.CompletedTask;
    }

    private static NodeDeviceCallbacks NodeDevices(CallContext context)
    {
        context.RequireHypervisor(NodeDeviceModule);
        return context.Client.GetOrAdd(static () => new NodeDeviceCallbacks());
    }

    private static RpcException NoNodeDeviceNamed(CallContext context, string name)
    {
        context.RequireHypervisor(NodeDeviceModule);
        return ServiceErrors.NotFound(ErrorNumber.NoNodeDevice, NodeDeviceModule, $"no node device with matching name '{name}'");
    }

    private sealed class NodeDeviceCallbacks() : EventCallbacks<NonnullNodeDevice>("node device", 2);
}
