using Cistern.Storage.Host;

namespace Cistern.Storage.Backends.Files;

/// <summary>A running pool whose storage is its target folder, whatever that leads to.</summary>
internal sealed record FilePoolSession(bool IsLocal) : IFilePoolSession
{
    public static FilePoolSession Open(string target) => new(FileSystemStatus.Get(target, out FileSystemStatus status) == 0 && status.IsLocal);

    public void Require()
    {
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
