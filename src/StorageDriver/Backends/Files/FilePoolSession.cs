using Cistern.Storage.Host;

namespace Cistern.Storage.Backends.Files;

/// <summary>What is known of a running pool of files.</summary>
/// <param name="IsLocal">Calls on the target's own file system cannot hang, so that a mere look may be made on the caller's thread.</param>
internal sealed record FilePoolSession(bool IsLocal) : IPoolSession
{
    public static FilePoolSession Open(string target) => new(FileSystemStatus.Get(target, out FileSystemStatus status) == 0 && status.IsLocal);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
