using Cistern.RemoteProtocol.Remote;
using Cistern.Server.Mapping;
using Cistern.Server.Rpc;
using Cistern.Storage.Secrets;

namespace Cistern.Server.Services;

/// <summary>The secret calls.</summary>
public sealed class SecretService(SecretStore secrets) : ISecretProcedures<CallContext>
{
    public ValueTask<ConnectNumOfSecretsRet> ConnectNumOfSecretsAsync(CallContext context, CancellationToken cancellation) =>
        new(new ConnectNumOfSecretsRet(secrets.List(0).Count));

    public ValueTask<ConnectListSecretsRet> ConnectListSecretsAsync(ConnectListSecretsArgs args, CallContext context, CancellationToken cancellation)
    {
        ListBounds.CheckAsked(args.Maxuuids, RemoteConstants.SecretListMax, "maxuuids");
        return new(new ConnectListSecretsRet([.. secrets.List(0).Take(args.Maxuuids).Select(secret => secret.Uuid.ToString())]));
    }

    public ValueTask<ConnectListAllSecretsRet> ConnectListAllSecretsAsync(
        ConnectListAllSecretsArgs args, CallContext context, CancellationToken cancellation)
    {
        var found = secrets.List(args.Flags);
        ListBounds.CheckResult(found.Count, RemoteConstants.SecretListMax, "secrets");
        return new(new ConnectListAllSecretsRet(args.NeedResults != 0 ? [.. found.Select(secret => secret.ToWire())] : [], (uint)found.Count));
    }

    public ValueTask<SecretLookupByUuidRet> SecretLookupByUuidAsync(SecretLookupByUuidArgs args, CallContext context, CancellationToken cancellation) =>
        new(new SecretLookupByUuidRet(secrets.LookupByUuid(args.Uuid).ToWire()));

    public ValueTask<SecretLookupByUsageRet> SecretLookupByUsageAsync(SecretLookupByUsageArgs args, CallContext context, CancellationToken cancellation) =>
        new(new SecretLookupByUsageRet(secrets.LookupByUsage(args.UsageType, args.UsageID).ToWire()));

    public async ValueTask<SecretDefineXmlRet> SecretDefineXmlAsync(SecretDefineXmlArgs args, CallContext context, CancellationToken cancellation) =>
        new((await secrets.DefineAsync(args.Xml, args.Flags, cancellation).ConfigureAwait(false)).ToWire());

    public ValueTask<SecretGetXmlDescRet> SecretGetXmlDescAsync(SecretGetXmlDescArgs args, CallContext context, CancellationToken cancellation) =>
        new(new SecretGetXmlDescRet(secrets.GetXml(args.Secret.Uuid, args.Flags)));

    public ValueTask SecretSetValueAsync(SecretSetValueArgs args, CallContext context, CancellationToken cancellation) =>
        secrets.SetValueAsync(args.Secret.Uuid, args.Value, args.Flags, cancellation);

    public ValueTask<SecretGetValueRet> SecretGetValueAsync(SecretGetValueArgs args, CallContext context, CancellationToken cancellation) =>
        new(new SecretGetValueRet(secrets.GetValue(args.Secret.Uuid, args.Flags)));

    public ValueTask SecretUndefineAsync(SecretUndefineArgs args, CallContext context, CancellationToken cancellation) =>
        secrets.UndefineAsync(args.Secret.Uuid, cancellation);
}
