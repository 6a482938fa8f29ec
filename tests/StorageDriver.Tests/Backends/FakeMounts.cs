using Cistern.Storage.Host;
using Cistern.Support;

namespace Cistern.Storage.Tests.Backends;

/// <summary>A kernel that says what a test wants to be mounted at a real folder.</summary>
internal sealed class FakeMounts : IDisposable
{
    public FakeMounts()
    {
        Directory.CreateDirectory(Folder["self"]);
        Kernel = new KernelRoots(Folder.Path, Folder.Path);
    }

    /// <summary>The kernel's views; room for a test's other files.</summary>
    public TemporaryFolder Folder { get; } = new();

    public KernelRoots Kernel { get; }

    /// <param name="source">What is mounted at the folder; null: nothing.</param>
    /// <param name="over">What is mounted over that, as only the table tells.</param>
    public void Set(string folder, string? source, string? over = null)
    {
        Assert.Equal(0, FileStatusCalls.Get(folder, out FileStatus status));
        string line = source is null ? "" : $"{status.MountId} 1 0:99 / {Escape(folder)} rw shared:7 - ext4 {Escape(source)} rw\n";
        line += over is null ? "" : $"{status.MountId + 1} {status.MountId} 0:98 / {Escape(folder)} rw - tmpfs {Escape(over)} rw\n";
        File.WriteAllText(Folder["self/mountinfo"], "1 0 0:1 / / rw - overlay overlay rw\n" + line);
    }

    public void Dispose() => Folder.Dispose();

    private static string Escape(string path) => path.Replace(" ", "\\040", StringComparison.Ordinal);
}
