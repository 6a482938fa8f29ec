using Cistern.RemoteProtocol.Remote;
using Cistern.Server.Auth.Access;
using Cistern.Server.Mapping;
using Cistern.Server.Rpc;
using Cistern.Storage;

namespace Cistern.Server.Services.Guarded;

/// <summary>The pool calls, each held to its rights on the pool it names or finds; lists show what the client may see.</summary>
/// <param name="calls">Answers them.</param>
internal sealed class GuardedStoragePoolService(StoragePoolService calls, StorageDriver driver, AccessControl access) : IStoragePoolProcedures<CallContext>
{
    public async ValueTask<ConnectNumOfStoragePoolsRet> ConnectNumOfStoragePoolsAsync(CallContext context, CancellationToken cancellation) =>
        new((await VisibleAsync(StoragePoolService.OnlyActive, context, cancellation).ConfigureAwait(false)).Count);

    public async ValueTask<ConnectListStoragePoolsRet> ConnectListStoragePoolsAsync(
        ConnectListStoragePoolsArgs args, CallContext context, CancellationToken cancellation) =>
        new(await NamesAsync(StoragePoolService.OnlyActive, args.Maxnames, context, cancellation).ConfigureAwait(false));

    public async ValueTask<ConnectNumOfDefinedStoragePoolsRet> ConnectNumOfDefinedStoragePoolsAsync(CallContext context, CancellationToken cancellation) =>
        new((await VisibleAsync(StoragePoolService.OnlyInactive, context, cancellation).ConfigureAwait(false)).Count);

    public async ValueTask<ConnectListDefinedStoragePoolsRet> ConnectListDefinedStoragePoolsAsync(
        ConnectListDefinedStoragePoolsArgs args, CallContext context, CancellationToken cancellation) =>
        new(await NamesAsync(StoragePoolService.OnlyInactive, args.Maxnames, context, cancellation).ConfigureAwait(false));

    public async ValueTask<ConnectListAllStoragePoolsRet> ConnectListAllStoragePoolsAsync(
        ConnectListAllStoragePoolsArgs args, CallContext context, CancellationToken cancellation)
    {
        var pools = await VisibleAsync(args.Flags, context, cancellation).ConfigureAwait(false);
        ListBounds.CheckResult(pools.Count, RemoteConstants.StoragePoolListMax, "storage_pools");
        return new(args.NeedResults != 0 ? pools.ToWire() : [], (uint)pools.Count);
    }

    public async ValueTask<StoragePoolLookupByNameRet> StoragePoolLookupByNameAsync(
        StoragePoolLookupByNameArgs args, CallContext context, CancellationToken cancellation)
    {
        var found = await calls.StoragePoolLookupByNameAsync(args, context, cancellation).ConfigureAwait(false);
        await RequireAsync(found.Pool.ToReference(), context, cancellation).ConfigureAwait(false);
        return found;
    }

    public async ValueTask<StoragePoolLookupByUuidRet> StoragePoolLookupByUuidAsync(
        StoragePoolLookupByUuidArgs args, CallContext context, CancellationToken cancellation)
    {
        var found = await calls.StoragePoolLookupByUuidAsync(args, context, cancellation).ConfigureAwait(false);
        await RequireAsync(found.Pool.ToReference(), context, cancellation).ConfigureAwait(false);
        return found;
    }

    public async ValueTask<StoragePoolLookupByVolumeRet> StoragePoolLookupByVolumeAsync(
        StoragePoolLookupByVolumeArgs args, CallContext context, CancellationToken cancellation)
    {
        var found = await calls.StoragePoolLookupByVolumeAsync(args, context, cancellation).ConfigureAwait(false);
        await RequireAsync(found.Pool.ToReference(), context, cancellation).ConfigureAwait(false);
        return found;
    }

    public async ValueTask<StoragePoolLookupByTargetPathRet> StoragePoolLookupByTargetPathAsync(
        StoragePoolLookupByTargetPathArgs args, CallContext context, CancellationToken cancellation)
    {
        var found = await calls.StoragePoolLookupByTargetPathAsync(args, context, cancellation).ConfigureAwait(false);
        await RequireAsync(found.Pool.ToReference(), context, cancellation).ConfigureAwait(false);
        return found;
    }

    public async ValueTask<StoragePoolGetInfoRet> StoragePoolGetInfoAsync(
        StoragePoolGetInfoArgs args, CallContext context, CancellationToken cancellation)
    {
        await RequireAsync(args.Pool, context, cancellation).ConfigureAwait(false);
        return await calls.StoragePoolGetInfoAsync(args, context, cancellation).ConfigureAwait(false);
    }

    public async ValueTask<StoragePoolGetXmlDescRet> StoragePoolGetXmlDescAsync(
        StoragePoolGetXmlDescArgs args, CallContext context, CancellationToken cancellation)
    {
        await RequireAsync(args.Pool, context, cancellation).ConfigureAwait(false);
        return await calls.StoragePoolGetXmlDescAsync(args, context, cancellation).ConfigureAwait(false);
    }

    public async ValueTask<StoragePoolIsActiveRet> StoragePoolIsActiveAsync(
        StoragePoolIsActiveArgs args, CallContext context, CancellationToken cancellation)
    {
        await RequireAsync(args.Pool, context, cancellation).ConfigureAwait(false);
        return await calls.StoragePoolIsActiveAsync(args, context, cancellation).ConfigureAwait(false);
    }

    public async ValueTask<StoragePoolIsPersistentRet> StoragePoolIsPersistentAsync(
        StoragePoolIsPersistentArgs args, CallContext context, CancellationToken cancellation)
    {
        await RequireAsync(args.Pool, context, cancellation).ConfigureAwait(false);
        return await calls.StoragePoolIsPersistentAsync(args, context, cancellation).ConfigureAwait(false);
    }

    public async ValueTask<StoragePoolGetAutostartRet> StoragePoolGetAutostartAsync(
        StoragePoolGetAutostartArgs args, CallContext context, CancellationToken cancellation)
    {
        await RequireAsync(args.Pool, context, cancellation).ConfigureAwait(false);
        return await calls.StoragePoolGetAutostartAsync(args, context, cancellation).ConfigureAwait(false);
    }

    public async ValueTask StoragePoolSetAutostartAsync(StoragePoolSetAutostartArgs args, CallContext context, CancellationToken cancellation)
    {
        await RequireAsync(args.Pool, context, cancellation).ConfigureAwait(false);
        await calls.StoragePoolSetAutostartAsync(args, context, cancellation).ConfigureAwait(false);
    }

    public async ValueTask<StoragePoolDefineXmlRet> StoragePoolDefineXmlAsync(
        StoragePoolDefineXmlArgs args, CallContext context, CancellationToken cancellation)
    {
        var defined = await driver
            .DefinePoolAsync(args.Xml, args.Flags, pool => RequireAsync(pool, context, cancellation), cancellation).ConfigureAwait(false);
        return new(defined.ToWire());
    }

    public async ValueTask<StoragePoolCreateXmlRet> StoragePoolCreateXmlAsync(
        StoragePoolCreateXmlArgs args, CallContext context, CancellationToken cancellation)
    {
        var created = await driver
            .CreatePoolAsync(args.Xml, args.Flags, pool => RequireAsync(pool, context, cancellation), cancellation).ConfigureAwait(false);
        return new(created.ToWire());
    }

    public async ValueTask StoragePoolCreateAsync(StoragePoolCreateArgs args, CallContext context, CancellationToken cancellation)
    {
        await RequireAsync(args.Pool, context, cancellation).ConfigureAwait(false);
        await calls.StoragePoolCreateAsync(args, context, cancellation).ConfigureAwait(false);
    }

    public async ValueTask StoragePoolBuildAsync(StoragePoolBuildArgs args, CallContext context, CancellationToken cancellation)
    {
        await RequireAsync(args.Pool, context, cancellation).ConfigureAwait(false);
        await calls.StoragePoolBuildAsync(args, context, cancellation).ConfigureAwait(false);
    }

    public async ValueTask StoragePoolDestroyAsync(StoragePoolDestroyArgs args, CallContext context, CancellationToken cancellation)
    {
        await RequireAsync(args.Pool, context, cancellation).ConfigureAwait(false);
        await calls.StoragePoolDestroyAsync(args, context, cancellation).ConfigureAwait(false);
    }

    public async ValueTask StoragePoolDeleteAsync(StoragePoolDeleteArgs args, CallContext context, CancellationToken cancellation)
    {
        await RequireAsync(args.Pool, context, cancellation).ConfigureAwait(false);
        await calls.StoragePoolDeleteAsync(args, context, cancellation).ConfigureAwait(false);
    }

    public async ValueTask StoragePoolUndefineAsync(StoragePoolUndefineArgs args, CallContext context, CancellationToken cancellation)
    {
        await RequireAsync(args.Pool, context, cancellation).ConfigureAwait(false);
        await calls.StoragePoolUndefineAsync(args, context, cancellation).ConfigureAwait(false);
    }

    public async ValueTask StoragePoolRefreshAsync(StoragePoolRefreshArgs args, CallContext context, CancellationToken cancellation)
    {
        await RequireAsync(args.Pool, context, cancellation).ConfigureAwait(false);
        await calls.StoragePoolRefreshAsync(args, context, cancellation).ConfigureAwait(false);
    }

    public async ValueTask<StoragePoolNumOfVolumesRet> StoragePoolNumOfVolumesAsync(
        StoragePoolNumOfVolumesArgs args, CallContext context, CancellationToken cancellation) =>
        new((await VolumesAsync(args.Pool, 0, context, cancellation).ConfigureAwait(false)).Count);

    public async ValueTask<StoragePoolListVolumesRet> StoragePoolListVolumesAsync(
        StoragePoolListVolumesArgs args, CallContext context, CancellationToken cancellation)
    {
        ListBounds.CheckAsked(args.Maxnames, RemoteConstants.StorageVolListMax, "maxnames");
        var volumes = await VolumesAsync(args.Pool, 0, context, cancellation).ConfigureAwait(false);
        return new([.. volumes.Take(args.Maxnames).Select(volume => volume.Name)]);
    }

    public async ValueTask<StoragePoolListAllVolumesRet> StoragePoolListAllVolumesAsync(
        StoragePoolListAllVolumesArgs args, CallContext context, CancellationToken cancellation)
    {
        var volumes = await VolumesAsync(args.Pool, args.Flags, context, cancellation).ConfigureAwait(false);
        ListBounds.CheckResult(volumes.Count, RemoteConstants.StorageVolListMax, "storage_vols");
        if (args.NeedResults != 0)
        {
            context.UseReply(volumes.ToListReply());
        }

        return new([], (uint)volumes.Count);
    }

    // The two that are about the connection only: the gate has asked.
    public ValueTask<ConnectFindStoragePoolSourcesRet> ConnectFindStoragePoolSourcesAsync(
        ConnectFindStoragePoolSourcesArgs args, CallContext context, CancellationToken cancellation) =>
        calls.ConnectFindStoragePoolSourcesAsync(args, context, cancellation);

    public ValueTask<ConnectGetStoragePoolCapabilitiesRet> ConnectGetStoragePoolCapabilitiesAsync(
        ConnectGetStoragePoolCapabilitiesArgs args, CallContext context, CancellationToken cancellation) =>
        calls.ConnectGetStoragePoolCapabilitiesAsync(args, context, cancellation);

    private ValueTask RequireAsync(NonnullStoragePool pool, CallContext context, CancellationToken cancellation) =>
        RequireAsync(driver.LookupPoolByUuid(pool.Uuid), context, cancellation);

    private ValueTask RequireAsync(PoolReference pool, CallContext context, CancellationToken cancellation) =>
        access.RequireAsync(context, AccessTarget.Pool(pool), cancellation);

    private ValueTask<IReadOnlyList<PoolReference>> VisibleAsync(uint filter, CallContext context, CancellationToken cancellation) =>
        access.FilterAsync(context, driver.ListPools(filter), AccessTarget.Pool, cancellation);

    private async ValueTask<string[]> NamesAsync(uint filter, int maxnames, CallContext context, CancellationToken cancellation)
    {
        ListBounds.CheckAsked(maxnames, RemoteConstants.StoragePoolListMax, "maxnames");
        return [.. (await VisibleAsync(filter, context, cancellation).ConfigureAwait(false)).Take(maxnames).Select(pool => pool.Name)];
    }

    private async ValueTask<IReadOnlyList<VolumeReference>> VolumesAsync(
        NonnullStoragePool named, uint flags, CallContext context, CancellationToken cancellation)
    {
        var pool = driver.LookupPoolByUuid(named.Uuid);
        await RequireAsync(pool, context, cancellation).ConfigureAwait(false);
        return await access
            .FilterAsync(context, driver.ListVolumes(pool, flags), volume => AccessTarget.Volume(pool, volume), cancellation).ConfigureAwait(false);
    }
}
