using System.Runtime.InteropServices;

namespace Cistern.Server.Services.Node;

/// <summary>What does not change about the host while the server runs.</summary>
public sealed record HostDescription
{
    public required Guid Uuid { get; init; }

    /// <summary>libvirt's name of the host's processor architecture, which is the kernel's.</summary>
    public static string NativeArchitecture { get; } = Name(RuntimeInformation.OSArchitecture);

    public required NodeTopology Topology { get; init; }

    /// <summary>Whether the kernel's virtualisation can be used from here.</summary>
    public required bool HasKvm { get; init; }

    /// <param name="identity">Null: the host's own uuid.</param>
    public static HostDescription Read(KernelFiles files, HostIdentity? identity = null) => new()
    {
        Uuid = (identity ?? new HostIdentity()).Read(files),
        Topology = NodeTopology.Read(files),
        HasKvm = files.Exists("/dev/kvm"),
    };

    private static string Name(Architecture architecture) => architecture switch
    {
        Architecture.X64 => "x86_64",
        Architecture.X86 => "i686",
        Architecture.Arm64 => "aarch64",
        Architecture.Arm => "armv7l",
        Architecture.Ppc64le => "ppc64le",
        var other => other.ToString().ToLowerInvariant(),
    };
}
