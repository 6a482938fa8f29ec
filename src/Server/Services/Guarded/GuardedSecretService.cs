using Cistern.RemoteProtocol.Remote;
using Cistern.Server.Auth.Access;
using Cistern.Server.Mapping;
using Cistern.Server.Rpc;
using Cistern.Storage.Secrets;

namespace Cistern.Server.Services.Guarded;

/// <summary>The secret calls, each held to its rights on the secret it names, finds or defines; lists show what the client may see.</summary>
/// <param name="calls">Answers them.</param>
internal sealed class GuardedSecretService(SecretService calls, SecretStore secrets, AccessControl access) : ISecretProcedures<CallContext>
{
    public async ValueTask<ConnectNumOfSecretsRet> ConnectNumOfSecretsAsync(CallContext context, CancellationToken cancellation) =>
        new((await VisibleAsync(0, context, cancellation).ConfigureAwait(false)).Count);

    public async ValueTask<ConnectListSecretsRet> ConnectListSecretsAsync(
        ConnectListSecretsArgs args, CallContext context, CancellationToken cancellation)
    {
        ListBounds.CheckAsked(args.Maxuuids, RemoteConstants.SecretListMax, "maxuuids");
        var found = await VisibleAsync(0, context, cancellation).ConfigureAwait(false);
        return new([.. found.Take(args.Maxuuids).Select(secret => secret.Uuid.ToString())]);
    }

    public async ValueTask<ConnectListAllSecretsRet> ConnectListAllSecretsAsync(
        ConnectListAllSecretsArgs args, CallContext context, CancellationToken cancellation)
    {
        var found = await VisibleAsync(args.Flags, context, cancellation).ConfigureAwait(false);
        ListBounds.CheckResult(found.Count, RemoteConstants.SecretListMax, "secrets");
        return new(args.NeedResults != 0 ? [.. found.Select(secret => secret.ToWire())] : [], (uint)found.Count);
    }

    public async ValueTask<SecretLookupByUuidRet> SecretLookupByUuidAsync(
        SecretLookupByUuidArgs args, CallContext context, CancellationToken cancellation)
    {
        await RequireAsync(args.Uuid, context, cancellation).ConfigureAwait(false);
        return await calls.SecretLookupByUuidAsync(args, context, cancellation).ConfigureAwait(false);
    }

    public async ValueTask<SecretLookupByUsageRet> SecretLookupByUsageAsync(
        SecretLookupByUsageArgs args, CallContext context, CancellationToken cancellation)
    {
        var found = await calls.SecretLookupByUsageAsync(args, context, cancellation).ConfigureAwait(false);
        await RequireAsync(found.Secret.Uuid, context, cancellation).ConfigureAwait(false);
        return found;
    }

    public async ValueTask<SecretDefineXmlRet> SecretDefineXmlAsync(SecretDefineXmlArgs args, CallContext context, CancellationToken cancellation)
    {
        var defined = await secrets
            .DefineAsync(args.Xml, args.Flags, secret => RequireAsync(secret, context, cancellation), cancellation).ConfigureAwait(false);
        return new(defined.ToWire());
    }

    public async ValueTask<SecretGetXmlDescRet> SecretGetXmlDescAsync(SecretGetXmlDescArgs args, CallContext context, CancellationToken cancellation)
    {
        await RequireAsync(args.Secret.Uuid, context, cancellation).ConfigureAwait(false);
        return await calls.SecretGetXmlDescAsync(args, context, cancellation).ConfigureAwait(false);
    }

    public async ValueTask SecretSetValueAsync(SecretSetValueArgs args, CallContext context, CancellationToken cancellation)
    {
        await RequireAsync(args.Secret.Uuid, context, cancellation).ConfigureAwait(false);
        await calls.SecretSetValueAsync(args, context, cancellation).ConfigureAwait(false);
    }

    public async ValueTask<SecretGetValueRet> SecretGetValueAsync(SecretGetValueArgs args, CallContext context, CancellationToken cancellation)
    {
        await RequireAsync(args.Secret.Uuid, context, cancellation).ConfigureAwait(false);
        return await calls.SecretGetValueAsync(args, context, cancellation).ConfigureAwait(false);
    }

    public async ValueTask SecretUndefineAsync(SecretUndefineArgs args, CallContext context, CancellationToken cancellation)
    {
        await RequireAsync(args.Secret.Uuid, context, cancellation).ConfigureAwait(false);
        await calls.SecretUndefineAsync(args, context, cancellation).ConfigureAwait(false);
    }

    private ValueTask RequireAsync(Guid uuid, CallContext context, CancellationToken cancellation) =>
        RequireAsync(secrets.LookupByUuid(uuid), context, cancellation);

    private ValueTask RequireAsync(SecretReference secret, CallContext context, CancellationToken cancellation) =>
        access.RequireAsync(context, AccessTarget.Secret(secret), cancellation);

    private ValueTask<IReadOnlyList<SecretReference>> VisibleAsync(uint flags, CallContext context, CancellationToken cancellation) =>
        access.FilterAsync(context, secrets.List(flags), AccessTarget.Secret, cancellation);
}
