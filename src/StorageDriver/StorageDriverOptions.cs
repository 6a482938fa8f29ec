using System.Collections.Immutable;
using Cistern.Storage.Backends;
using Cistern.Storage.Commands;
using Cistern.Storage.Secrets;

namespace Cistern.Storage;

/// <summary>Where the driver keeps its files, in libvirt's layout, and how it behaves.</summary>
public sealed record StorageDriverOptions
{
    /// <summary>Folder of the pools' XML files and of <c>autostart/</c> (libvirt's <c>/etc/libvirt/storage</c>).</summary>
    public required string ConfigDirectory { get; init; }

    /// <summary>Folder of the state of running pools (libvirt's <c>/run/libvirt/storage</c>).</summary>
    public required string RunDirectory { get; init; }

    /// <summary>Longest time that one blocking call on a pool's storage may take.</summary>
    public TimeSpan StorageTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Whether what changes outside the server is noticed without a refresh (<c>live_pools</c>).</summary>
    public bool LivePools { get; init; } = true;

    /// <summary>Names of pools that are not watched though the others are (<c>live_pools_off</c>).</summary>
    public ImmutableHashSet<string> NotLivePools { get; init; } = [];

    /// <summary>Whether a volume that something else on the host stands on or holds is kept from deletion (<c>delete_guard</c>).</summary>
    public bool DeleteGuard { get; init; } = true;

    /// <summary>The pool types that can be used.</summary>
    public BackendRegistry Backends { get; init; } = BackendRegistry.Default;

    public HostTools Tools { get; init; } = new();

    /// <summary>How tools are run; null: as child processes.</summary>
    public ICommandRunner? Commands { get; init; }

    /// <summary>Where the passphrases of encrypted volumes come from; null: there are none.</summary>
    public ISecretValues? Secrets { get; init; }

    public TimeProvider Clock { get; init; } = TimeProvider.System;
}
