using Cistern.RemoteProtocol.Remote;
using Cistern.Server.Mapping;
using Cistern.Server.Rpc;
using Cistern.Storage;

namespace Cistern.Server.Services;

/// <summary>The pool calls.</summary>
public sealed class StoragePoolService(StorageDriver driver) : IStoragePoolProcedures<CallContext>
{
    // virConnectListAllStoragePoolsFlags
    internal const uint OnlyInactive = 1;
    internal const uint OnlyActive = 2;

    public ValueTask<ConnectNumOfStoragePoolsRet> ConnectNumOfStoragePoolsAsync(CallContext context, CancellationToken cancellation) =>
        new(new ConnectNumOfStoragePoolsRet(driver.ListPools(OnlyActive).Count));

    public ValueTask<ConnectListStoragePoolsRet> ConnectListStoragePoolsAsync(
        ConnectListStoragePoolsArgs args, CallContext context, CancellationToken cancellation) =>
        new(new ConnectListStoragePoolsRet(Names(OnlyActive, args.Maxnames)));

    public ValueTask<ConnectNumOfDefinedStoragePoolsRet> ConnectNumOfDefinedStoragePoolsAsync(CallContext context, CancellationToken cancellation) =>
        new(new ConnectNumOfDefinedStoragePoolsRet(driver.ListPools(OnlyInactive).Count));

    public ValueTask<ConnectListDefinedStoragePoolsRet> ConnectListDefinedStoragePoolsAsync(
        ConnectListDefinedStoragePoolsArgs args, CallContext context, CancellationToken cancellation) =>
        new(new ConnectListDefinedStoragePoolsRet(Names(OnlyInactive, args.Maxnames)));

    public ValueTask<ConnectListAllStoragePoolsRet> ConnectListAllStoragePoolsAsync(
        ConnectListAllStoragePoolsArgs args, CallContext context, CancellationToken cancellation)
    {
        var pools = driver.ListPools(args.Flags);
        ListBounds.CheckResult(pools.Count, RemoteConstants.StoragePoolListMax, "storage_pools");
        return new(new ConnectListAllStoragePoolsRet(args.NeedResults != 0 ? pools.ToWire() : [], (uint)pools.Count));
    }

    public ValueTask<StoragePoolLookupByNameRet> StoragePoolLookupByNameAsync(
        StoragePoolLookupByNameArgs args, CallContext context, CancellationToken cancellation) =>
        new(new StoragePoolLookupByNameRet(driver.LookupPoolByName(args.Name).ToWire()));

    public ValueTask<StoragePoolLookupByUuidRet> StoragePoolLookupByUuidAsync(
        StoragePoolLookupByUuidArgs args, CallContext context, CancellationToken cancellation) =>
        new(new StoragePoolLookupByUuidRet(driver.LookupPoolByUuid(args.Uuid).ToWire()));

    public ValueTask<StoragePoolLookupByVolumeRet> StoragePoolLookupByVolumeAsync(
        StoragePoolLookupByVolumeArgs args, CallContext context, CancellationToken cancellation) =>
        new(new StoragePoolLookupByVolumeRet(driver.LookupPoolByVolume(args.Vol.ToReference()).ToWire()));

    public ValueTask<StoragePoolLookupByTargetPathRet> StoragePoolLookupByTargetPathAsync(
        StoragePoolLookupByTargetPathArgs args, CallContext context, CancellationToken cancellation) =>
        new(new StoragePoolLookupByTargetPathRet(driver.LookupPoolByTargetPath(args.Path).ToWire()));

    public ValueTask<StoragePoolGetInfoRet> StoragePoolGetInfoAsync(StoragePoolGetInfoArgs args, CallContext context, CancellationToken cancellation) =>
        new(driver.GetPoolInfo(args.Pool.ToReference()).ToWire());

    public ValueTask<StoragePoolGetXmlDescRet> StoragePoolGetXmlDescAsync(
        StoragePoolGetXmlDescArgs args, CallContext context, CancellationToken cancellation) =>
        new(new StoragePoolGetXmlDescRet(driver.GetPoolXml(args.Pool.ToReference(), args.Flags)));

    public ValueTask<StoragePoolIsActiveRet> StoragePoolIsActiveAsync(StoragePoolIsActiveArgs args, CallContext context, CancellationToken cancellation) =>
        new(new StoragePoolIsActiveRet(driver.IsPoolActive(args.Pool.ToReference()) ? 1 : 0));

    public ValueTask<StoragePoolIsPersistentRet> StoragePoolIsPersistentAsync(
        StoragePoolIsPersistentArgs args, CallContext context, CancellationToken cancellation) =>
        new(new StoragePoolIsPersistentRet(driver.IsPoolPersistent(args.Pool.ToReference()) ? 1 : 0));

    public ValueTask<StoragePoolGetAutostartRet> StoragePoolGetAutostartAsync(
        StoragePoolGetAutostartArgs args, CallContext context, CancellationToken cancellation) =>
        new(new StoragePoolGetAutostartRet(driver.GetPoolAutostart(args.Pool.ToReference()) ? 1 : 0));

    public ValueTask StoragePoolSetAutostartAsync(StoragePoolSetAutostartArgs args, CallContext context, CancellationToken cancellation) =>
        driver.SetPoolAutostartAsync(args.Pool.ToReference(), args.Autostart != 0, cancellation);

    public async ValueTask<StoragePoolDefineXmlRet> StoragePoolDefineXmlAsync(
        StoragePoolDefineXmlArgs args, CallContext context, CancellationToken cancellation) =>
        new((await driver.DefinePoolAsync(args.Xml, args.Flags, cancellation).ConfigureAwait(false)).ToWire());

    public async ValueTask<StoragePoolCreateXmlRet> StoragePoolCreateXmlAsync(
        StoragePoolCreateXmlArgs args, CallContext context, CancellationToken cancellation) =>
        new((await driver.CreatePoolAsync(args.Xml, args.Flags, cancellation).ConfigureAwait(false)).ToWire());

    public ValueTask StoragePoolCreateAsync(StoragePoolCreateArgs args, CallContext context, CancellationToken cancellation) =>
        driver.StartPoolAsync(args.Pool.ToReference(), args.Flags, cancellation);

    public ValueTask StoragePoolBuildAsync(StoragePoolBuildArgs args, CallContext context, CancellationToken cancellation) =>
        driver.BuildPoolAsync(args.Pool.ToReference(), args.Flags, cancellation);

    public ValueTask StoragePoolDestroyAsync(StoragePoolDestroyArgs args, CallContext context, CancellationToken cancellation) =>
        driver.DestroyPoolAsync(args.Pool.ToReference(), cancellation);

    public ValueTask StoragePoolDeleteAsync(StoragePoolDeleteArgs args, CallContext context, CancellationToken cancellation) =>
        driver.DeletePoolAsync(args.Pool.ToReference(), args.Flags, cancellation);

    public ValueTask StoragePoolUndefineAsync(StoragePoolUndefineArgs args, CallContext context, CancellationToken cancellation) =>
        driver.UndefinePoolAsync(args.Pool.ToReference(), cancellation);

    public ValueTask StoragePoolRefreshAsync(StoragePoolRefreshArgs args, CallContext context, CancellationToken cancellation) =>
        driver.RefreshPoolAsync(args.Pool.ToReference(), args.Flags, cancellation);

    public ValueTask<StoragePoolNumOfVolumesRet> StoragePoolNumOfVolumesAsync(
        StoragePoolNumOfVolumesArgs args, CallContext context, CancellationToken cancellation) =>
        new(new StoragePoolNumOfVolumesRet(driver.CountVolumes(args.Pool.ToReference())));

    public ValueTask<StoragePoolListVolumesRet> StoragePoolListVolumesAsync(
        StoragePoolListVolumesArgs args, CallContext context, CancellationToken cancellation)
    {
        ListBounds.CheckAsked(args.Maxnames, RemoteConstants.StorageVolListMax, "maxnames");
        var volumes = driver.ListVolumes(args.Pool.ToReference(), 0);
        return new(new StoragePoolListVolumesRet([.. volumes.Take(args.Maxnames).Select(volume => volume.Name)]));
    }

    public ValueTask<StoragePoolListAllVolumesRet> StoragePoolListAllVolumesAsync(
        StoragePoolListAllVolumesArgs args, CallContext context, CancellationToken cancellation)
    {
        var volumes = driver.ListVolumes(args.Pool.ToReference(), args.Flags);
        ListBounds.CheckResult(volumes.Count, RemoteConstants.StorageVolListMax, "storage_vols");
        if (args.NeedResults != 0)
        {
            context.UseReply(volumes.ToListReply());
        }

        return new(new StoragePoolListAllVolumesRet([], (uint)volumes.Count));
    }

    public async ValueTask<ConnectFindStoragePoolSourcesRet> ConnectFindStoragePoolSourcesAsync(
        ConnectFindStoragePoolSourcesArgs args, CallContext context, CancellationToken cancellation) =>
        new(await driver.FindPoolSourcesAsync(args.Type, args.SrcSpec, args.Flags, cancellation).ConfigureAwait(false));

    public ValueTask<ConnectGetStoragePoolCapabilitiesRet> ConnectGetStoragePoolCapabilitiesAsync(
        ConnectGetStoragePoolCapabilitiesArgs args, CallContext context, CancellationToken cancellation) =>
        new(new ConnectGetStoragePoolCapabilitiesRet(driver.GetPoolCapabilities(args.Flags)));

    private string[] Names(uint filter, int maxnames)
    {
        ListBounds.CheckAsked(maxnames, RemoteConstants.StoragePoolListMax, "maxnames");
        return [.. driver.ListPools(filter).Take(maxnames).Select(pool => pool.Name)];
    }
}
