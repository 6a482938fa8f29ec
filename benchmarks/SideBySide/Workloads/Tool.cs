using System.ComponentModel;
using System.Diagnostics;

namespace Cistern.Benchmarks.SideBySide.Workloads;

/// <summary>A program of the host that prepares a workload, or does it in libvirtd's place.</summary>
internal static class Tool
{
    /// <summary>The distribution's python, which has the distribution's bindings.</summary>
    public const string Python = "/usr/bin/python3";

    /// <exception cref="InvalidOperationException">It is not there, or failed.</exception>
    public static void Run(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        try
        {
            using var process = Process.Start(start)!;
            process.OutputDataReceived += (_, _) => { };
            process.BeginOutputReadLine();
            var errors = process.StandardError.ReadToEnd();
            process.WaitForExit();
            if (process.ExitCode != 0)
            {
                throw new InvalidOperationException($"{program}: {errors.TrimEnd()}");
            }
        }
        catch (Win32Exception missing)
        {
            throw new InvalidOperationException($"{program}: {missing.Message}", missing);
        }
    }
}
