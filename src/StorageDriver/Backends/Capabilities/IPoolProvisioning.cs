namespace Cistern.Storage.Backends.Capabilities;

/// <summary>The pool itself can be made and removed.</summary>
public interface IPoolProvisioning
{
    /// <param name="flags"><c>virStoragePoolBuildFlags</c>: 4 no-overwrite, 8 overwrite; unknown bits answer 8/18.</param>
    ValueTask BuildAsync(PoolContext pool, uint flags, CancellationToken cancellation);

    /// <param name="flags"><c>virStoragePoolDeleteFlags</c>; unknown bits answer 8/18.</param>
    ValueTask DeleteAsync(PoolContext pool, uint flags, CancellationToken cancellation);
}
