using System.Diagnostics;

namespace Cistern.Storage.Tests;

/// <summary>A loop device on an image; it goes with this.</summary>
internal sealed class LoopDevice : IDisposable
{
    public LoopDevice(string image) => Path = Run("-f", "--show", image);

    public string Path { get; }

    public void Dispose() => Run("-d", Path);

    private static string Run(params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo("losetup", arguments) { RedirectStandardOutput = true })!;
        string output = process.StandardOutput.ReadToEnd().Trim();
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
        return output;
    }
}
