namespace Cistern.Benchmarks.SideBySide.Workloads;

/// <summary>A file in a directory of its own, which goes with it.</summary>
internal sealed class ScratchFile : IDisposable
{
    private readonly string _directory;

    /// <param name="parent">The directory to make the file's own in.</param>
    /// <param name="contents">What makes the file: <c>volume-0</c>.</param>
    public ScratchFile(string parent, Contents contents)
    {
        _directory = System.IO.Path.Combine(parent, $"side-by-side-{Guid.NewGuid():N}");
        Directory.CreateDirectory(_directory);
        contents.Fill(_directory);
    }

    public string Path => System.IO.Path.Combine(_directory, "volume-0");

    public void Dispose() => Directory.Delete(_directory, recursive: true);
}
