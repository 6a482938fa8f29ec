using System.Diagnostics;
using System.Text.Json.Nodes;
using Cistern.Storage.Images;

namespace Cistern.StorageDriver.Tests.Images;

/// <summary>The real qemu-img and qemu-io, to compare with.</summary>
internal static class QemuTools
{
    public static bool Installed { get; } = Array.TrueForAll(["qemu-img", "qemu-io"], IsInstalled);

    /// <summary>Runs a tool and returns its output; fails the test on any other exit code than 0.</summary>
    public static string Run(string tool, params string[] arguments)
    {
        var (exitCode, output, error) = Start(tool, arguments);
        for (var attempt = 1; exitCode != 0 && error.Contains(QemuImg.Unmeasured, StringComparison.Ordinal) && attempt < 20; attempt++)
        {
            (exitCode, output, error) = Start(tool, arguments);
        }

        Assert.True(exitCode == 0, $"{tool} {string.Join(' ', arguments)}: {output}{error}");
        return output;
    }

    private static (int ExitCode, string Output, string Error) Start(string tool, string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(tool, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output, error.Result);
    }

    /// <summary>What qemu-img says of an image, without its name and the blocks it takes.</summary>
    public static string Info(string path)
    {
        var info = JsonNode.Parse(Run("qemu-img", "info", "--output=json", path))!.AsObject();
        info.Remove("filename");
        info.Remove("actual-size");
        return info.ToJsonString();
    }

    private static bool IsInstalled(string tool) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(folder => File.Exists(Path.Combine(folder, tool)));
}

/// <summary>A test that needs qemu-utils.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class QemuFactAttribute : FactAttribute
{
    public QemuFactAttribute() => Skip = QemuTools.Installed ? null : "qemu-utils is not installed";
}

/// <summary>A theory that needs qemu-utils.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class QemuTheoryAttribute : TheoryAttribute
{
    public QemuTheoryAttribute() => Skip = QemuTools.Installed ? null : "qemu-utils is not installed";
}
