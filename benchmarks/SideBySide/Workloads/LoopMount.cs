using Cistern.Benchmarks.SideBySide.Daemons;

namespace Cistern.Benchmarks.SideBySide.Workloads;

/// <summary>A file system of its own in a file, mounted while this lives. Needs root, and the file system's tools.</summary>
internal sealed class LoopMount : IDisposable
{
    private const long Size = 4L << 30;

    private readonly string _image;

    /// <exception cref="InvalidOperationException">It cannot be made or mounted here.</exception>
    public LoopMount(string parent, string fileSystem)
    {
        _image = System.IO.Path.Combine(parent, $"{fileSystem}.image");
        Path = Daemon.MakeDirectory(System.IO.Path.Combine(parent, fileSystem));
        using (var image = File.Create(_image))
        {
            image.SetLength(Size);
        }

        Tool.Run($"mkfs.{fileSystem}", "-q", _image);
        Tool.Run("mount", "-o", "loop", _image, Path);
        Daemon.MakeDirectory(Path);
    }

    /// <summary>Where it is mounted; everybody may write there.</summary>
    public string Path { get; }

    public void Dispose()
    {
        Tool.Run("umount", Path);
        File.Delete(_image);
        Directory.Delete(Path);
    }
}
