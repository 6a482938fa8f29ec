using Cistern.RemoteProtocol.Remote;
using Cistern.Server.Auth.Access;
using Cistern.Server.Mapping;
using Cistern.Server.Rpc;
using Cistern.Storage;
using Cistern.Storage.Errors;

namespace Cistern.Server.Services.Guarded;

/// <summary>The volume calls, each held to its rights on the volume it names, finds or creates.</summary>
/// <param name="calls">Answers them.</param>
internal sealed class GuardedStorageVolumeService(StorageVolumeService calls, StorageDriver driver, AccessControl access) : IStorageVolProcedures<CallContext>
{
    public async ValueTask<StorageVolCreateXmlRet> StorageVolCreateXmlAsync(
        StorageVolCreateXmlArgs args, CallContext context, CancellationToken cancellation)
    {
        var created = await driver
            .CreateVolumeAsync(args.Pool.ToReference(), args.Xml, args.Flags, (pool, volume) => RequireAsync(pool, volume, context, cancellation), cancellation)
            .ConfigureAwait(false);
        return new(created.ToWire());
    }

    public async ValueTask<StorageVolCreateXmlFromRet> StorageVolCreateXmlFromAsync(
        StorageVolCreateXmlFromArgs args, CallContext context, CancellationToken cancellation)
    {
        var created = await driver
            .CreateVolumeFromAsync(
                args.Pool.ToReference(),
                args.Xml,
                args.Clonevol.ToReference(),
                args.Flags,
                (pool, volume) => RequireAsync(pool, volume, context, cancellation),
                cancellation)
            .ConfigureAwait(false);
        return new(created.ToWire());
    }

    public async ValueTask StorageVolDeleteAsync(StorageVolDeleteArgs args, CallContext context, CancellationToken cancellation)
    {
        await RequireAsync(args.Vol, context, cancellation).ConfigureAwait(false);
        await calls.StorageVolDeleteAsync(args, context, cancellation).ConfigureAwait(false);
    }

    public async ValueTask<StorageVolLookupByNameRet> StorageVolLookupByNameAsync(
        StorageVolLookupByNameArgs args, CallContext context, CancellationToken cancellation)
    {
        var found = await calls.StorageVolLookupByNameAsync(args, context, cancellation).ConfigureAwait(false);
        await RequireAsync(found.Vol, context, cancellation).ConfigureAwait(false);
        return found;
    }

    /// <summary>A volume that the client may not see is one that does not exist, as it is to libvirt's.</summary>
    public async ValueTask<StorageVolLookupByKeyRet> StorageVolLookupByKeyAsync(
        StorageVolLookupByKeyArgs args, CallContext context, CancellationToken cancellation)
    {
        var found = await calls.StorageVolLookupByKeyAsync(args, context, cancellation).ConfigureAwait(false);
        return await MaySeeAsync(found.Vol, context, cancellation).ConfigureAwait(false) ? found : throw StorageErrors.NoVolumeWithKey(args.Key);
    }

    /// <inheritdoc cref="StorageVolLookupByKeyAsync"/>
    public async ValueTask<StorageVolLookupByPathRet> StorageVolLookupByPathAsync(
        StorageVolLookupByPathArgs args, CallContext context, CancellationToken cancellation)
    {
        var found = await calls.StorageVolLookupByPathAsync(args, context, cancellation).ConfigureAwait(false);
        return await MaySeeAsync(found.Vol, context, cancellation).ConfigureAwait(false) ? found : throw StorageErrors.NoVolumeWithPath(args.Path);
    }

    public async ValueTask<StorageVolGetInfoRet> StorageVolGetInfoAsync(StorageVolGetInfoArgs args, CallContext context, CancellationToken cancellation)
    {
        await RequireAsync(args.Vol, context, cancellation).ConfigureAwait(false);
        return await calls.StorageVolGetInfoAsync(args, context, cancellation).ConfigureAwait(false);
    }

    public async ValueTask<StorageVolGetInfoFlagsRet> StorageVolGetInfoFlagsAsync(
        StorageVolGetInfoFlagsArgs args, CallContext context, CancellationToken cancellation)
    {
        await RequireAsync(args.Vol, context, cancellation).ConfigureAwait(false);
        return await calls.StorageVolGetInfoFlagsAsync(args, context, cancellation).ConfigureAwait(false);
    }

    public async ValueTask<StorageVolGetXmlDescRet> StorageVolGetXmlDescAsync(
        StorageVolGetXmlDescArgs args, CallContext context, CancellationToken cancellation)
    {
        await RequireAsync(args.Vol, context, cancellation).ConfigureAwait(false);
        return await calls.StorageVolGetXmlDescAsync(args, context, cancellation).ConfigureAwait(false);
    }

    public async ValueTask<StorageVolGetPathRet> StorageVolGetPathAsync(StorageVolGetPathArgs args, CallContext context, CancellationToken cancellation)
    {
        await RequireAsync(args.Vol, context, cancellation).ConfigureAwait(false);
        return await calls.StorageVolGetPathAsync(args, context, cancellation).ConfigureAwait(false);
    }

    public async ValueTask StorageVolResizeAsync(StorageVolResizeArgs args, CallContext context, CancellationToken cancellation)
    {
        await RequireAsync(args.Vol, context, cancellation).ConfigureAwait(false);
        await calls.StorageVolResizeAsync(args, context, cancellation).ConfigureAwait(false);
    }

    public async ValueTask StorageVolWipeAsync(StorageVolWipeArgs args, CallContext context, CancellationToken cancellation)
    {
        await RequireAsync(args.Vol, context, cancellation).ConfigureAwait(false);
        await calls.StorageVolWipeAsync(args, context, cancellation).ConfigureAwait(false);
    }

    public async ValueTask StorageVolWipePatternAsync(StorageVolWipePatternArgs args, CallContext context, CancellationToken cancellation)
    {
        await RequireAsync(args.Vol, context, cancellation).ConfigureAwait(false);
        await calls.StorageVolWipePatternAsync(args, context, cancellation).ConfigureAwait(false);
    }

    public async ValueTask StorageVolUploadAsync(StorageVolUploadArgs args, CallContext context, CancellationToken cancellation)
    {
        await RequireAsync(args.Vol, context, cancellation).ConfigureAwait(false);
        await calls.StorageVolUploadAsync(args, context, cancellation).ConfigureAwait(false);
    }

    public async ValueTask StorageVolDownloadAsync(StorageVolDownloadArgs args, CallContext context, CancellationToken cancellation)
    {
        await RequireAsync(args.Vol, context, cancellation).ConfigureAwait(false);
        await calls.StorageVolDownloadAsync(args, context, cancellation).ConfigureAwait(false);
    }

    private ValueTask RequireAsync(NonnullStorageVol named, CallContext context, CancellationToken cancellation)
    {
        var (pool, volume) = driver.FindVolume(named.ToReference());
        return RequireAsync(pool, volume, context, cancellation);
    }

    private ValueTask RequireAsync(PoolReference pool, VolumeReference volume, CallContext context, CancellationToken cancellation) =>
        access.RequireAsync(context, AccessTarget.Volume(pool, volume), cancellation);

    private async ValueTask<bool> MaySeeAsync(NonnullStorageVol found, CallContext context, CancellationToken cancellation)
    {
        try
        {
            await RequireAsync(found, context, cancellation).ConfigureAwait(false);
            return true;
        }
        catch (RpcException)
        {
            return false;
        }
    }
}
