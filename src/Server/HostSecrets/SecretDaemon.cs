using System.Net.Sockets;
using Cistern.RemoteProtocol.Remote;
using Cistern.RemoteProtocol.Xdr;
using Cistern.Server.Auth;
using Cistern.Storage.Errors;
using Cistern.Storage.Secrets;
using SecretReference = Cistern.Storage.Definitions.SecretReference;

namespace Cistern.Server.HostSecrets;

/// <summary>
/// The secrets of the host where another daemon keeps them (virtsecretd, or libvirtd), else the server's own: whichever is there when one is needed. The
/// daemon gives private values to the host's daemons only, which show that they are that by the host's token (libvirt's virConnectSetIdentity).
/// </summary>
/// <param name="socket">Where the daemon listens; null: never asks one.</param>
/// <param name="uri">What it is opened as.</param>
/// <param name="own">The server's own secrets.</param>
internal sealed class SecretDaemon(string? socket, string uri, SystemToken token, ISecretValues own) : ISecretValues
{
    private const string TokenParameter = "system.token";

    /// <summary>For all calls of one question together.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    public ValueTask<ReadOnlyMemory<byte>> GetValueAsync(SecretReference secret, SecretUsageType usage, CancellationToken cancellation) =>
        AskAsync(
            async (daemon, token) =>
            {
                var found = await FindAsync(daemon, secret, usage, token).ConfigureAwait(false);
                SecretStore.CheckUsage(new(found.Uuid, (SecretUsageType)found.UsageType, found.UsageID), usage);
                return await ValueAsync(daemon, found, token).ConfigureAwait(false);
            },
            () => own.GetValueAsync(secret, usage, cancellation),
            cancellation);

    public ValueTask<Guid?> FindAsync(SecretUsageType usage, string usageId, CancellationToken cancellation) =>
        AskAsync<Guid?>(
            async (daemon, token) =>
            {
                try
                {
                    return (await FindAsync(daemon, new SecretReference(null, usageId), usage, token).ConfigureAwait(false)).Uuid;
                }
                catch (StorageException missing) when (missing.Code == StorageErrorCode.NoSecret)
                {
                    return null;
                }
            },
            () => own.FindAsync(usage, usageId, cancellation),
            cancellation);

    /// <param name="ask">Asks the daemon.</param>
    /// <param name="otherwise">When there is none.</param>
    private async ValueTask<T> AskAsync<T>(
        Func<DaemonConnection, CancellationToken, ValueTask<T>> ask, Func<ValueTask<T>> otherwise, CancellationToken cancellation)
    {
        if (socket is null)
        {
            return await otherwise().ConfigureAwait(false);
        }

        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        patience.CancelAfter(Patience);
        try
        {
            using var daemon = await DaemonConnection.OpenAsync(socket, patience.Token).ConfigureAwait(false);
            if (daemon is null)
            {
                return await otherwise().ConfigureAwait(false);
            }

            await IntroduceAsync(daemon, patience.Token).ConfigureAwait(false);
            return await ask(daemon, patience.Token).ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is DaemonErrorException or IOException or SocketException)
        {
            throw StorageErrors.SecretDaemonFailed(socket, failure.Message, failure);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw StorageErrors.SecretDaemonFailed(socket, $"no answer in {Patience.TotalSeconds} seconds");
        }
    }

    /// <summary>Everything up to the first question: authentication, the opening, and who is asking.</summary>
    private async ValueTask IntroduceAsync(DaemonConnection daemon, CancellationToken cancellation)
    {
        var schemes = (await daemon.CallAsync<XdrVoid, AuthListRet>(RemoteProcedure.AuthList, default, cancellation).ConfigureAwait(false)).Types;
        switch (schemes)
        {
            case [] or [AuthType.None, ..]:
                break;
            case [AuthType.Polkit, ..]:
                await daemon.CallAsync<XdrVoid, AuthPolkitRet>(RemoteProcedure.AuthPolkit, default, cancellation).ConfigureAwait(false);
                break;
            default:
                throw new IOException("it demands a password of its clients on the unix socket");
        }

        await daemon.CallAsync<ConnectOpenArgs, XdrVoid>(RemoteProcedure.ConnectOpen, new(uri, 0), cancellation).ConfigureAwait(false);
        if (await token.ReadAsync(cancellation).ConfigureAwait(false) is { } secret)
        {
            TypedParam[] identity = [new(TokenParameter, TypedParamValue.OfS(secret))];
            await daemon.CallAsync<ConnectSetIdentityArgs, XdrVoid>(RemoteProcedure.ConnectSetIdentity, new(identity, 0), cancellation).ConfigureAwait(false);
        }
    }

    private static async ValueTask<NonnullSecret> FindAsync(
        DaemonConnection daemon, SecretReference secret, SecretUsageType usage, CancellationToken cancellation)
    {
        try
        {
            return secret.Uuid is { } uuid
                ? (await daemon.CallAsync<SecretLookupByUuidArgs, SecretLookupByUuidRet>(
                    RemoteProcedure.SecretLookupByUuid, new(uuid), cancellation).ConfigureAwait(false)).Secret
                : (await daemon.CallAsync<SecretLookupByUsageArgs, SecretLookupByUsageRet>(
                    RemoteProcedure.SecretLookupByUsage, new((int)usage, secret.Usage ?? ""), cancellation).ConfigureAwait(false)).Secret;
        }
        catch (DaemonErrorException missing) when (missing.Code == (int)StorageErrorCode.NoSecret)
        {
            throw secret.Uuid is { } uuid ? StorageErrors.NoSecretWithUuid(uuid) : StorageErrors.NoSecretWithUsage(secret.Usage ?? "");
        }
    }

    private static async ValueTask<ReadOnlyMemory<byte>> ValueAsync(DaemonConnection daemon, NonnullSecret secret, CancellationToken cancellation)
    {
        try
        {
            return (await daemon.CallAsync<SecretGetValueArgs, SecretGetValueRet>(
                RemoteProcedure.SecretGetValue, new(secret, 0), cancellation).ConfigureAwait(false)).Value;
        }
        catch (DaemonErrorException empty) when (empty.Code == (int)StorageErrorCode.NoSecret)
        {
            throw StorageErrors.SecretWithoutValue(secret.Uuid);
        }
    }
}
