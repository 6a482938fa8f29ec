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

    public static HostDescription Read(KernelFiles files) => new()
    {
        Uuid = ReadUuid(files),
        Topology = NodeTopology.Read(files),
        HasKvm = files.Exists("/dev/kvm"),
    };

    // The firmware's id is for root only; the machine id (machine-id(5)) is there for everybody and as stable.
    private static Guid ReadUuid(KernelFiles files) =>
        Guid.TryParse(files.Line("/sys/class/dmi/id/product_uuid"), out var firmware) && firmware != Guid.Empty ? firmware
        : Guid.TryParse(files.Line("/etc/machine-id"), out var machine) ? machine
        : Guid.NewGuid();

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
