using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using Cistern.Storage.Commands;
using Cistern.Storage.Errors;
using Cistern.Storage.Persistence;
using Cistern.Storage.Secrets;
using Microsoft.Extensions.Logging;

namespace Cistern.Storage.Backends.Iscsi;

/// <summary>
/// Begins and ends the session of a pool. A session that the server began is noted in a file of the run folder, which outlives the server as the
/// session does: only such a session is ended with the pool.
/// </summary>
internal static class IscsiLogin
{
    /// <summary>First word of a note; what a later version writes is not taken for a session of ours.</summary>
    private const string Version = "1";

    /// <summary>Second word of a note: the tool's record of the target was made for the pool, and goes with the session.</summary>
    private const string OwnRecord = "own-record";

    private const string OthersRecord = "others-record";

    /// <exception cref="StorageException">66/30, 8/0: no password can be had; 8/18: nor used; 38/18: nor written; 1/0: the tool failed; 68/18: no answer.</exception>
    public static async ValueTask BeginAsync(PoolContext pool, CancellationToken cancellation)
    {
        var (host, target) = IscsiSource.Require(pool.Definition);
        var settings = await ChapAsync(pool, cancellation).ConfigureAwait(false);
        string? iface = await RequireInterfaceAsync(pool, cancellation).ConfigureAwait(false);
        bool isOwn = IscsiRecord.Find(host, target, iface) is null;
        await using Undo undo = new(pool.Host.Loggers.CreateLogger<IscsiBackend>());
        Note(pool, isOwn);
        undo.Add(() => EndAsync(pool, CancellationToken.None));
        await pool.Host.RunAsync(IscsiCommands.NewRecord(host, target, iface), cancellation).ConfigureAwait(false);
        if (isOwn)
        {
            settings = settings.SetItems(IscsiRecord.PoolSettings);
        }

        if (settings.Count > 0)
        {
            IscsiRecord.Write(IscsiRecord.Find(host, target, iface) ?? throw StorageErrors.NoIscsiRecord(target), settings);
        }

        await pool.Host.RunAsync(IscsiCommands.Login(host, target, iface), cancellation).ConfigureAwait(false);
        undo.Commit();
    }

    /// <summary>Ends the session if it is the server's.</summary>
    /// <exception cref="StorageException">1/0: the tool failed; 68/18: it did not end.</exception>
    public static async ValueTask EndAsync(PoolContext pool, CancellationToken cancellation)
    {
        string note = NotePath(pool);
        if (!File.Exists(note) || (await File.ReadAllTextAsync(note, cancellation).ConfigureAwait(false)).Split(' ') is not [Version, var record])
        {
            return;
        }

        var (host, target) = IscsiSource.Require(pool.Definition);
        string? iface = await FindInterfaceAsync(pool.Host, pool.Definition.Source.InitiatorIqn, cancellation).ConfigureAwait(false);
        if (IscsiSessions.Find(pool.Host.Kernel, target, pool.Definition.Source.InitiatorIqn) is not null)
        {
            await pool.Host.RunAsync(IscsiCommands.Logout(host, target, iface), cancellation).ConfigureAwait(false);
        }

        if (record == OwnRecord)
        {
            await pool.Host.Commands.RunAsync(IscsiCommands.DeleteRecord(host, target, iface), cancellation).ConfigureAwait(false);
        }

        File.Delete(note);
    }

    /// <summary>The tool's interface with a name of the initiator; null where the default is meant, or there is none.</summary>
    public static async ValueTask<string?> FindInterfaceAsync(HostContext host, string? iqn, CancellationToken cancellation) =>
        iqn is null ? null : IscsiOutput.FindInterface(await host.RunAsync(IscsiCommands.ListInterfaces, cancellation).ConfigureAwait(false), iqn);

    private static async ValueTask<string?> RequireInterfaceAsync(PoolContext pool, CancellationToken cancellation)
    {
        if (pool.Definition.Source.InitiatorIqn is not { } iqn)
        {
            return null;
        }

        if (await FindInterfaceAsync(pool.Host, iqn, cancellation).ConfigureAwait(false) is { } found)
        {
            return found;
        }

        string iface = $"cistern-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(iqn)))[..8]}";
        await pool.Host.RunAsync(IscsiCommands.NewInterface(iface), cancellation).ConfigureAwait(false);
        await pool.Host.RunAsync(IscsiCommands.NameInitiator(iface, iqn), cancellation).ConfigureAwait(false);
        return iface;
    }

    private static async ValueTask<ImmutableDictionary<string, string>> ChapAsync(PoolContext pool, CancellationToken cancellation)
    {
        if (pool.Definition.Source.Auth is not { } auth)
        {
            return ImmutableDictionary<string, string>.Empty;
        }

        if (auth.Type != "chap")
        {
            throw StorageErrors.OnlyChap(auth.Type);
        }

        var secret = await pool.Host.Secrets.GetValueAsync(auth.Secret, SecretUsageType.Iscsi, cancellation).ConfigureAwait(false);
        return ImmutableDictionary.CreateRange(IscsiRecord.Chap(auth.Username, secret.Span));
    }

    private static void Note(PoolContext pool, bool isOwnRecord) => AtomicFile.Write(NotePath(pool), $"{Version} {(isOwnRecord ? OwnRecord : OthersRecord)}");

    private static string NotePath(PoolContext pool) => Path.Join(pool.Host.RunDirectory, $"{pool.Definition.Uuid}.iscsi");
}
