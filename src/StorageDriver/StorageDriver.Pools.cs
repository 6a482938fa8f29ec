using Cistern.Storage.Backends;
using Cistern.Storage.Backends.Capabilities;
using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;
using Cistern.Storage.Pools;
using Cistern.Storage.Xml;

namespace Cistern.Storage;

public sealed partial class StorageDriver
{
    private const uint Validate = 1;
    private const uint InactiveXml = 1;
    private const uint CreateFlags = 7;

    /// <param name="flags"><c>virConnectListAllStoragePoolsFlags</c>; 0 lists all.</param>
    public IReadOnlyList<PoolReference> ListPools(uint flags)
    {
        CheckFlags(flags, PoolFilter.Mask, nameof(ListPools));
        List<PoolReference> pools = [];
        foreach (var pool in Registry.All)
        {
            if (flags == 0 || PoolFilter.Matches(pool.State, flags))
            {
                pools.Add(pool.Reference);
            }
        }

        return pools;
    }

    public PoolReference LookupPoolByName(string name) => Registry.Require(name).Reference;

    public PoolReference LookupPoolByUuid(Guid uuid) => Registry.Require(new PoolReference("", uuid)).Reference;

    public PoolReference LookupPoolByVolume(VolumeReference volume) => Registry.Require(volume.Pool).Reference;

    /// <summary>Active pools only.</summary>
    public PoolReference LookupPoolByTargetPath(string path)
    {
        var sanitized = PathSanitizer.Sanitize(path);
        return ActivePoolAt(sanitized)?.Reference ?? throw StorageErrors.NoPoolWithTargetPath(path);
    }

    public PoolInfo GetPoolInfo(PoolReference pool)
    {
        var state = Registry.Require(pool).State;
        return new PoolInfo(state.RunState, state.Definition.Numbers);
    }

    /// <param name="flags">1: the definition for the next start.</param>
    public string GetPoolXml(PoolReference pool, uint flags)
    {
        CheckFlags(flags, InactiveXml, nameof(GetPoolXml));
        var state = Registry.Require(pool).State;
        var definition = flags == InactiveXml ? state.NewDefinition ?? state.Definition : state.Definition;
        return PoolXml.Format(definition, PoolTypes.Get(definition.Type), definition.Numbers, active: state.IsActive && flags == 0);
    }

    public bool IsPoolActive(PoolReference pool) => Registry.Require(pool).State.IsActive;

    public bool IsPoolPersistent(PoolReference pool) => Registry.Require(pool).State.Persistent;

    public bool GetPoolAutostart(PoolReference pool) => Registry.Require(pool).State.Autostart;

    /// <summary>Switching it off ends the attempts to start a pool that could not be started with the server.</summary>
    public async ValueTask SetPoolAutostartAsync(PoolReference pool, bool autostart, CancellationToken cancellation)
    {
        var found = Registry.Require(pool);
        await _definitions.SetAutostartAsync(found, autostart, cancellation).WaitAsync(cancellation).ConfigureAwait(false);
        if (!autostart)
        {
            _autostart.End(found);
        }
    }

    /// <inheritdoc cref="DefinePoolAsync(string, uint, Func{PoolReference, ValueTask}, CancellationToken)"/>
    public ValueTask<PoolReference> DefinePoolAsync(string xml, uint flags, CancellationToken cancellation) =>
        DefinePoolAsync(xml, flags, authorize: null, cancellation);

    /// <param name="flags"><c>virStoragePoolDefineFlags</c>: 1 validate.</param>
    /// <param name="authorize">Asked about the document's pool before anything else of it is read; throws when it may not be defined.</param>
    public async ValueTask<PoolReference> DefinePoolAsync(
        string xml, uint flags, Func<PoolReference, ValueTask>? authorize, CancellationToken cancellation)
    {
        CheckFlags(flags, Validate, nameof(DefinePoolAsync));
        var definition = await ParsePoolAsync(xml, validate: flags == Validate, authorize).ConfigureAwait(false);
        return await _definitions.DefineAsync(definition, cancellation).WaitAsync(cancellation).ConfigureAwait(false);
    }

    /// <inheritdoc cref="CreatePoolAsync(string, uint, Func{PoolReference, ValueTask}, CancellationToken)"/>
    public ValueTask<PoolReference> CreatePoolAsync(string xml, uint flags, CancellationToken cancellation) =>
        CreatePoolAsync(xml, flags, authorize: null, cancellation);

    /// <summary>Makes and starts a transient pool (virStoragePoolCreateXML), or starts a defined one with another document.</summary>
    /// <param name="flags"><c>virStoragePoolCreateFlags</c>: 1 build, 2 with overwrite, 4 with no-overwrite.</param>
    /// <param name="authorize">As for <see cref="DefinePoolAsync(string, uint, Func{PoolReference, ValueTask}, CancellationToken)"/>.</param>
    public async ValueTask<PoolReference> CreatePoolAsync(
        string xml, uint flags, Func<PoolReference, ValueTask>? authorize, CancellationToken cancellation)
    {
        CheckFlags(flags, CreateFlags, nameof(CreatePoolAsync));
        var definition = await ParsePoolAsync(xml, validate: false, authorize).ConfigureAwait(false);
        return await _activation.CreateAsync(definition, BuildFlags(flags), cancellation).WaitAsync(cancellation).ConfigureAwait(false);
    }

    /// <param name="flags"><c>virStoragePoolBuildFlags</c>, checked by the backend.</param>
    public async ValueTask BuildPoolAsync(PoolReference pool, uint flags, CancellationToken cancellation) =>
        await _activation.BuildAsync(Registry.Require(pool), flags, cancellation).WaitAsync(cancellation).ConfigureAwait(false);

    /// <param name="flags">As for <see cref="CreatePoolAsync(string, uint, CancellationToken)"/>.</param>
    public async ValueTask StartPoolAsync(PoolReference pool, uint flags, CancellationToken cancellation)
    {
        CheckFlags(flags, CreateFlags, nameof(StartPoolAsync));
        await _activation.StartAsync(Registry.Require(pool), BuildFlags(flags), cancellation).WaitAsync(cancellation).ConfigureAwait(false);
    }

    public async ValueTask RefreshPoolAsync(PoolReference pool, uint flags, CancellationToken cancellation)
    {
        CheckFlags(flags, 0, nameof(RefreshPoolAsync));
        await _scanner.RefreshAsync(Registry.Require(pool), cancellation).ConfigureAwait(false);
    }

    /// <summary>Also ends the attempts to start a pool that could not be started with the server, which is not active and says so.</summary>
    public async ValueTask DestroyPoolAsync(PoolReference pool, CancellationToken cancellation)
    {
        var found = Registry.Require(pool);
        _autostart.End(found);
        await _activation.DestroyAsync(found, cancellation).WaitAsync(cancellation).ConfigureAwait(false);
    }

    /// <param name="flags"><c>virStoragePoolDeleteFlags</c>, checked by the backend.</param>
    public async ValueTask DeletePoolAsync(PoolReference pool, uint flags, CancellationToken cancellation) =>
        await _activation.DeleteAsync(Registry.Require(pool), flags, cancellation).WaitAsync(cancellation).ConfigureAwait(false);

    public async ValueTask UndefinePoolAsync(PoolReference pool, CancellationToken cancellation)
    {
        var found = Registry.Require(pool);
        await _definitions.UndefineAsync(found, cancellation).WaitAsync(cancellation).ConfigureAwait(false);
        _autostart.End(found);
    }

    /// <summary>The sources found, as a <c>sources</c> document.</summary>
    public async ValueTask<string> FindPoolSourcesAsync(string type, string? specification, uint flags, CancellationToken cancellation)
    {
        var info = PoolTypes.Find(type) ?? throw StorageErrors.UnknownPoolType(type);
        var backend = _driver.Backends.Find(info.Type) as ISourceDiscovery ?? throw StorageErrors.NotSupported(type, "finding sources");
        CheckFlags(flags, 0, nameof(FindPoolSourcesAsync));
        var wanted = specification is null ? null : SourceListXml.Parse(specification, info);
        var sources = await backend.FindSourcesAsync(_driver.Host, wanted, cancellation).ConfigureAwait(false);
        return SourceListXml.Format(sources, info);
    }

    /// <summary>The <c>storagepoolCapabilities</c> document.</summary>
    public string GetPoolCapabilities(uint flags)
    {
        CheckFlags(flags, 0, nameof(GetPoolCapabilities));
        return PoolCapabilitiesXml.Format(PoolTypes.All.Select(info => (info, _driver.Backends.Find(info.Type) is not null)));
    }

    /// <summary>Names of the supported pool types, in numeric order, for the connection's capabilities document.</summary>
    public IReadOnlyList<string> SupportedPoolTypes =>
        [.. PoolTypes.All.Where(info => _driver.Backends.Find(info.Type) is not null).Select(info => info.Name)];

    private static void CheckFlags(uint flags, uint known, string operation)
    {
        if ((flags & ~known) != 0)
        {
            throw StorageErrors.UnsupportedFlags(flags & ~known, operation.Replace("Async", "", StringComparison.Ordinal));
        }
    }

    /// <summary>The build flags within create flags; null: no build was asked for. Overwrite wins, as libvirt has it.</summary>
    private static uint? BuildFlags(uint createFlags) => createFlags switch
    {
        0 => null,
        _ when (createFlags & 2) != 0 => 8,
        _ when (createFlags & 4) != 0 => 4,
        _ => 0,
    };

    private async ValueTask<PoolDefinition> ParsePoolAsync(string xml, bool validate, Func<PoolReference, ValueTask>? authorize)
    {
        PoolReference? named = null;
        if (authorize is not null)
        {
            named = PoolXml.ReadReference(xml);
            await authorize(named.Value).ConfigureAwait(false);
        }

        var definition = PoolXml.Parse(xml, validate, PoolTypes.Get);
        definition = definition with { Uuid = named?.Uuid ?? definition.Uuid };
        _driver.Backend(definition);
        return definition;
    }

    private StoragePool? ActivePoolAt(string targetPath) =>
        Registry.All.FirstOrDefault(pool => pool.State is { IsActive: true, Definition.Target.Path: var path } && path == targetPath);
}
