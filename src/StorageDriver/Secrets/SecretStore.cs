using System.Collections.Immutable;
using Cistern.Storage.Errors;
using Microsoft.Extensions.Logging;

namespace Cistern.Storage.Secrets;

/// <summary>
/// The secrets of an instance. Reads look at a published snapshot; changes are made one at a time, on disk first.
/// Errors are of the secret domain (30).
/// </summary>
public sealed class SecretStore : ISecretValues, IDisposable
{
    private const uint Validate = 1;

    private readonly SecretFiles _files;
    private readonly SemaphoreSlim _gate = new(1, 1);
    private ImmutableDictionary<Guid, StoredSecret> _secrets;
    private ImmutableArray<Action<SecretEvent>> _listeners = [];

    private SecretStore(SecretFiles files, IEnumerable<StoredSecret> secrets)
    {
        _files = files;
        _secrets = secrets.ToImmutableDictionary(secret => secret.Definition.Uuid);
    }

    /// <param name="folder">Where persistent secrets are kept (libvirt's <c>/etc/libvirt/secrets</c>); made when missing.</param>
    public static SecretStore Open(string folder, ILoggerFactory loggers)
    {
        var log = loggers.CreateLogger<SecretStore>();
        var files = new SecretFiles(folder);
        return new(files, files.Load((path, reason) => log.SecretSkipped(path, reason.Message)));
    }

    /// <summary>Calls <paramref name="listener"/> for every event from now on, in order, one call at a time; it must not block.</summary>
    public IDisposable Subscribe(Action<SecretEvent> listener)
    {
        ImmutableInterlocked.Update(ref _listeners, listeners => listeners.Add(listener));
        return new Subscription(this, listener);
    }

    /// <param name="flags"><c>virConnectListAllSecretsFlags</c>: 1 ephemeral, 2 not, 4 private, 8 not; a pair with no bit set does not filter.</param>
    public IReadOnlyList<SecretReference> List(uint flags)
    {
        CheckFlags(flags, 0xF, "ListAllSecrets");
        return [.. _secrets.Values.Select(secret => secret.Definition)
            .Where(secret => Passes(flags, secret.IsEphemeral) && Passes(flags >> 2, secret.IsPrivate))
            .Select(secret => secret.Reference)];
    }

    public SecretReference LookupByUuid(Guid uuid) => Find(uuid).Definition.Reference;

    /// <param name="usageType">Any number; only those of <see cref="SecretUsageType"/> can find something.</param>
    public SecretReference LookupByUsage(int usageType, string usageId) =>
        FindByUsage((SecretUsageType)usageType, usageId)?.Reference ?? throw StorageErrors.NoSecretWithUsage(usageId);

    /// <param name="flags">None is known.</param>
    public string GetXml(Guid uuid, uint flags)
    {
        CheckFlags(flags, 0, "SecretGetXMLDesc");
        return SecretXml.Format(Find(uuid).Definition);
    }

    /// <param name="flags">None is known.</param>
    public byte[] GetValue(Guid uuid, uint flags)
    {
        CheckFlags(flags, 0, "SecretGetValue");
        var secret = Find(uuid);
        return secret.Definition.IsPrivate ? throw StorageErrors.SecretIsPrivate() : secret.Value ?? throw StorageErrors.SecretWithoutValue(uuid);
    }

    ValueTask<ReadOnlyMemory<byte>> ISecretValues.GetValueAsync(
        Definitions.SecretReference secret, SecretUsageType usage, CancellationToken cancellation)
    {
        var found = secret.Uuid is { } uuid
            ? Find(uuid)
            : FindStored(usage, secret.Usage ?? "") ?? throw StorageErrors.NoSecretWithUsage(secret.Usage ?? "");
        CheckUsage(found.Definition.Reference, usage);
        return ValueTask.FromResult<ReadOnlyMemory<byte>>(found.Value ?? throw StorageErrors.SecretWithoutValue(found.Definition.Uuid));
    }

    ValueTask<Guid?> ISecretValues.FindAsync(SecretUsageType usage, string usageId, CancellationToken cancellation) =>
        ValueTask.FromResult(FindStored(usage, usageId)?.Definition.Uuid);

    /// <summary>Whether a secret that a document names is for that use.</summary>
    /// <exception cref="StorageException">8/0.</exception>
    public static void CheckUsage(SecretReference secret, SecretUsageType usage)
    {
        if (secret.UsageType != SecretUsageType.None && secret.UsageType != usage)
        {
            throw StorageErrors.SecretUsageWrong(secret.Uuid, SecretXml.UsageName(secret.UsageType), SecretXml.UsageName(usage));
        }
    }

    /// <inheritdoc cref="DefineAsync(string, uint, Func{SecretReference, ValueTask}, CancellationToken)"/>
    public ValueTask<SecretReference> DefineAsync(string xml, uint flags, CancellationToken cancellation) =>
        DefineAsync(xml, flags, authorize: null, cancellation);

    /// <param name="flags">1: validate.</param>
    /// <param name="authorize">Asked about the document's secret before anything else of it is read; throws when it may not be defined.</param>
    public async ValueTask<SecretReference> DefineAsync(
        string xml, uint flags, Func<SecretReference, ValueTask>? authorize, CancellationToken cancellation)
    {
        CheckFlags(flags, Validate, "SecretDefineXML");
        SecretReference? named = null;
        if (authorize is not null)
        {
            named = SecretXml.ReadReference(xml);
            await authorize(named.Value).ConfigureAwait(false);
        }

        var definition = SecretXml.Parse(xml, (flags & Validate) != 0);
        definition = definition with { Uuid = named?.Uuid ?? definition.Uuid };

        await ChangeAsync(
            () =>
            {
                CheckRedefinition(definition);
                Store(new(definition, _secrets.GetValueOrDefault(definition.Uuid)?.Value));
                return new(SecretEventKind.Defined, definition.Reference);
            },
            cancellation).ConfigureAwait(false);
        return definition.Reference;
    }

    /// <param name="flags">None is known.</param>
    public async ValueTask SetValueAsync(Guid uuid, byte[] value, uint flags, CancellationToken cancellation)
    {
        if (value.Length == 0)
        {
            throw StorageErrors.SecretValueEmpty();
        }

        CheckFlags(flags, 0, "SecretSetValue");
        await ChangeAsync(
            () =>
            {
                var definition = Find(uuid).Definition;
                if (!definition.IsEphemeral)
                {
                    _files.WriteValue(uuid, value);
                }

                Publish(_secrets.SetItem(uuid, new(definition, value)));
                return new(SecretEventKind.ValueChanged, definition.Reference);
            },
            cancellation).ConfigureAwait(false);
    }

    public async ValueTask UndefineAsync(Guid uuid, CancellationToken cancellation) => await ChangeAsync(
        () =>
        {
            var definition = Find(uuid).Definition;
            if (!definition.IsEphemeral)
            {
                _files.Delete(uuid);
            }

            Publish(_secrets.Remove(uuid));
            return new(SecretEventKind.Undefined, definition.Reference);
        },
        cancellation).ConfigureAwait(false);

    public void Dispose() => _gate.Dispose();

    /// <summary>The rules for a secret that is there already, and for a usage that another one has.</summary>
    private void CheckRedefinition(SecretDefinition definition)
    {
        if (_secrets.GetValueOrDefault(definition.Uuid)?.Definition is not { } existing)
        {
            if (definition.UsageType != SecretUsageType.None && FindByUsage(definition.UsageType, definition.UsageId) is { } other)
            {
                throw StorageErrors.SecretUsageTaken(other.Uuid, other.UsageId);
            }
        }
        else if (existing.UsageType != definition.UsageType || existing.UsageId != definition.UsageId)
        {
            throw StorageErrors.SecretUsageTaken(existing.Uuid, existing.UsageId);
        }
        else if (existing.IsPrivate && !definition.IsPrivate)
        {
            throw StorageErrors.SecretPrivateFlagDropped();
        }
    }

    // A secret that turns ephemeral leaves the disk, one that turns persistent goes there with its value.
    private void Store(StoredSecret secret)
    {
        var uuid = secret.Definition.Uuid;
        var wasOnDisk = _secrets.GetValueOrDefault(uuid) is { Definition.IsEphemeral: false };
        if (!secret.Definition.IsEphemeral)
        {
            _files.WriteDefinition(secret.Definition);
            if (!wasOnDisk && secret.Value is { } value)
            {
                _files.WriteValue(uuid, value);
            }
        }
        else if (wasOnDisk)
        {
            _files.Delete(uuid);
        }

        Publish(_secrets.SetItem(uuid, secret));
    }

    private async ValueTask ChangeAsync(Func<SecretEvent> change, CancellationToken cancellation)
    {
        await _gate.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            // Files are synchronised: not on the caller's thread.
            var happened = await Task.Run(change, CancellationToken.None).ConfigureAwait(false);
            foreach (var listener in _listeners)
            {
                listener(happened);
            }
        }
        finally
        {
            _gate.Release();
        }
    }

    private void Publish(ImmutableDictionary<Guid, StoredSecret> secrets) => Volatile.Write(ref _secrets, secrets);

    private StoredSecret Find(Guid uuid) => Volatile.Read(ref _secrets).GetValueOrDefault(uuid) ?? throw StorageErrors.NoSecretWithUuid(uuid);

    private SecretDefinition? FindByUsage(SecretUsageType type, string id) => FindStored(type, id)?.Definition;

    private StoredSecret? FindStored(SecretUsageType type, string id) => type == SecretUsageType.None
        ? null
        : Volatile.Read(ref _secrets).Values.FirstOrDefault(secret => secret.Definition.UsageType == type && secret.Definition.UsageId == id);

    // The lower bit of the pair asks for those that are, the upper one for those that are not.
    private static bool Passes(uint pair, bool value) => (pair & 3) == 0 || (pair & (value ? 1u : 2u)) != 0;

    private static void CheckFlags(uint flags, uint known, string function)
    {
        if ((flags & ~known) != 0)
        {
            throw StorageErrors.UnsupportedSecretFlags(flags & ~known, function);
        }
    }

    private sealed class Subscription(SecretStore store, Action<SecretEvent> listener) : IDisposable
    {
        public void Dispose() => ImmutableInterlocked.Update(ref store._listeners, listeners => listeners.Remove(listener));
    }
}
