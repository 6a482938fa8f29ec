namespace Cistern.Storage.Host;

/// <summary>Where the kernel's own views of the host are; a test may give a captured tree instead.</summary>
/// <param name="Proc">Root of proc(5).</param>
/// <param name="Sys">Root of sysfs(5).</param>
/// <param name="Dev">Folder of the device nodes and of udev's links to them.</param>
public sealed record KernelRoots(string Proc = "/proc", string Sys = "/sys", string Dev = "/dev")
{
    /// <summary>Those of this host.</summary>
    public static KernelRoots Host { get; } = new();
}
