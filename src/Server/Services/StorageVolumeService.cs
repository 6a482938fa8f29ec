using Cistern.RemoteProtocol.Remote;
using Cistern.Server.Mapping;
using Cistern.Server.Rpc;
using Cistern.Storage;

namespace Cistern.Server.Services;

/// <summary>The volume calls.</summary>
public sealed class StorageVolumeService(StorageDriver driver) : IStorageVolProcedures<CallContext>
{
    /// <summary>The flag of uploads and downloads that lets holes travel as such.</summary>
    private const uint SparseStream = 1;

    public async ValueTask<StorageVolCreateXmlRet> StorageVolCreateXmlAsync(
        StorageVolCreateXmlArgs args, CallContext context, CancellationToken cancellation) =>
        new((await driver.CreateVolumeAsync(args.Pool.ToReference(), args.Xml, args.Flags, cancellation).ConfigureAwait(false)).ToWire());

    public async ValueTask<StorageVolCreateXmlFromRet> StorageVolCreateXmlFromAsync(
        StorageVolCreateXmlFromArgs args, CallContext context, CancellationToken cancellation)
    {
        var created = await driver
            .CreateVolumeFromAsync(args.Pool.ToReference(), args.Xml, args.Clonevol.ToReference(), args.Flags, cancellation)
            .ConfigureAwait(false);
        return new(created.ToWire());
    }

    public ValueTask StorageVolDeleteAsync(StorageVolDeleteArgs args, CallContext context, CancellationToken cancellation) =>
        driver.DeleteVolumeAsync(args.Vol.ToReference(), args.Flags, cancellation);

    public async ValueTask<StorageVolLookupByNameRet> StorageVolLookupByNameAsync(
        StorageVolLookupByNameArgs args, CallContext context, CancellationToken cancellation) =>
        new((await driver.LookupVolumeByNameAsync(args.Pool.ToReference(), args.Name, cancellation).ConfigureAwait(false)).ToWire());

    public async ValueTask<StorageVolLookupByKeyRet> StorageVolLookupByKeyAsync(
        StorageVolLookupByKeyArgs args, CallContext context, CancellationToken cancellation) =>
        new((await driver.LookupVolumeByKeyAsync(args.Key, cancellation).ConfigureAwait(false)).ToWire());

    public async ValueTask<StorageVolLookupByPathRet> StorageVolLookupByPathAsync(
        StorageVolLookupByPathArgs args, CallContext context, CancellationToken cancellation) =>
        new((await driver.LookupVolumeByPathAsync(args.Path, cancellation).ConfigureAwait(false)).ToWire());

    public async ValueTask<StorageVolGetInfoRet> StorageVolGetInfoAsync(
        StorageVolGetInfoArgs args, CallContext context, CancellationToken cancellation) =>
        (await driver.GetVolumeInfoAsync(args.Vol.ToReference(), 0, cancellation).ConfigureAwait(false)).ToWire();

    public async ValueTask<StorageVolGetInfoFlagsRet> StorageVolGetInfoFlagsAsync(
        StorageVolGetInfoFlagsArgs args, CallContext context, CancellationToken cancellation) =>
        (await driver.GetVolumeInfoAsync(args.Vol.ToReference(), args.Flags, cancellation).ConfigureAwait(false)).ToWireWithFlags();

    public async ValueTask<StorageVolGetXmlDescRet> StorageVolGetXmlDescAsync(
        StorageVolGetXmlDescArgs args, CallContext context, CancellationToken cancellation) =>
        new(await driver.GetVolumeXmlAsync(args.Vol.ToReference(), args.Flags, cancellation).ConfigureAwait(false));

    public ValueTask<StorageVolGetPathRet> StorageVolGetPathAsync(StorageVolGetPathArgs args, CallContext context, CancellationToken cancellation) =>
        new(new StorageVolGetPathRet(driver.GetVolumePath(args.Vol.ToReference())));

    public ValueTask StorageVolResizeAsync(StorageVolResizeArgs args, CallContext context, CancellationToken cancellation) =>
        driver.ResizeVolumeAsync(args.Vol.ToReference(), args.Capacity, args.Flags, cancellation);

    public ValueTask StorageVolWipeAsync(StorageVolWipeArgs args, CallContext context, CancellationToken cancellation) =>
        driver.WipeVolumeAsync(args.Vol.ToReference(), algorithm: 0, args.Flags, cancellation);

    public ValueTask StorageVolWipePatternAsync(StorageVolWipePatternArgs args, CallContext context, CancellationToken cancellation) =>
        driver.WipeVolumeAsync(args.Vol.ToReference(), args.Algorithm, args.Flags, cancellation);

    public async ValueTask StorageVolUploadAsync(StorageVolUploadArgs args, CallContext context, CancellationToken cancellation)
    {
        var upload = await driver.OpenUploadAsync(args.Vol.ToReference(), args.Offset, args.Length, args.Flags, cancellation).ConfigureAwait(false);
        context.AttachStream(new UploadSink(upload, sparse: (args.Flags & SparseStream) != 0));
    }

    public async ValueTask StorageVolDownloadAsync(StorageVolDownloadArgs args, CallContext context, CancellationToken cancellation)
    {
        var download = await driver.OpenDownloadAsync(args.Vol.ToReference(), args.Offset, args.Length, args.Flags, cancellation).ConfigureAwait(false);
        context.AttachStream(new DownloadSource(download));
    }
}
