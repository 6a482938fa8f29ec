using Cistern.Storage.Errors;

namespace Cistern.Storage.Backends.Files;

/// <summary>What is known of a running pool of files.</summary>
internal interface IFilePoolSession : IPoolSession
{
    /// <summary>Calls on the target's own file system cannot hang, so that a mere look may be made on the caller's thread.</summary>
    bool IsLocal { get; }

    /// <summary>Makes sure, before anything is done in the target folder, that the pool's storage is what it leads to.</summary>
    /// <exception cref="StorageException">38/18: it does not.</exception>
    void Require();
}
