using Cistern.Benchmarks.SideBySide.Daemons;

namespace Cistern.Benchmarks.SideBySide.Workloads;

/// <summary>A pool on a directory of its own, which goes with it.</summary>
internal sealed class DirectoryPool : Pool
{
    /// <summary>A file changed within the resolution of its time stamps may be probed once more; the usual volume is older.</summary>
    public static readonly TimeSpan Settling = TimeSpan.FromSeconds(1.2);

    private readonly Contents _contents;

    /// <param name="daemon">Serves the pool.</param>
    /// <param name="parent">The directory to make the pool's own in: the daemon's disk or memory.</param>
    /// <param name="contents">What the directory holds when the pool starts; nothing when null.</param>
    public DirectoryPool(Daemon daemon, string parent, Contents? contents = null)
        : this(daemon, contents ?? Contents.None, Filled(parent, contents ?? Contents.None))
    {
    }

    private DirectoryPool(Daemon daemon, Contents contents, string target)
        : base(daemon, "dir", $"<target><path>{target}</path></target>") => (_contents, Target) = (contents, target);

    public string Target { get; }

    public override void Dispose()
    {
        base.Dispose();
        if (!_contents.Keep)
        {
            Directory.Delete(Target, recursive: true);
        }
    }

    private static string Filled(string parent, Contents contents)
    {
        var target = Path.Combine(parent, contents.Keep ? contents.Name : $"pool-{Guid.NewGuid():N}");
        if (!Directory.Exists(target))
        {
            contents.Fill(Daemons.Daemon.MakeDirectory(target));
            Thread.Sleep(Settling);
        }

        return target;
    }
}
