using Cistern.Storage.Host;

namespace Cistern.Storage.Backends.Mounts;

/// <summary>What a pool mounts at its target while it runs.</summary>
internal interface IMountSource
{
    /// <summary>As command lines and errors name it.</summary>
    string Name { get; }

    /// <summary>Whether a mount is one of this source.</summary>
    bool Is(KernelRoots kernel, Mount mount);
}
