using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Cistern.Server.Services.Node;

/// <summary>What is answered about guests that the host could run.</summary>
public static partial class GuestLimits
{
    /// <summary>libvirt's own bound for guests without the kernel's help.</summary>
    private const int EmulatedCpus = 16;

    // linux/kvm.h
    private const uint KvmCheckExtension = 0xAE03;
    private const nint KvmCapMaxVcpus = 66;

    private static readonly string[] Architectures =
    [
        "alpha", "armv6l", "armv7l", "armv7b", "aarch64", "cris", "i686", "ia64", "lm32", "loongarch64", "m68k", "microblaze", "microblazeel", "mips", "mipsel",
        "mips64", "mips64el", "openrisc", "parisc", "parisc64", "ppc", "ppcle", "ppc64", "ppc64le", "ppcemb", "riscv32", "riscv64", "s390", "s390x", "sh4", "sh4eb",
        "sparc", "sparc64", "unicore32", "x86_64", "xtensa", "xtensaeb",
    ];

    private static readonly string[] VirtualisationTypes =
    [
        "qemu", "kqemu", "kvm", "xen", "lxc", "uml", "openvz", "test", "vmware", "hyperv", "vbox", "phyp", "parallels", "bhyve", "vz", "hvf",
    ];

    public static bool IsArchitecture(string name) => Architectures.Contains(name);

    /// <param name="type">Virtualisation type; null: any.</param>
    /// <exception cref="Rpc.RpcException">8/10 for a type that is not served.</exception>
    public static int MaximumCpus(string? type) => type?.ToLowerInvariant() switch
    {
        null or "qemu" => EmulatedCpus,
        "kvm" => KvmCpus(),
        _ => throw ServiceErrors.InvalidHypervisorArgument($"unknown type '{type}'"),
    };

    /// <exception cref="Rpc.RpcException">8/10 for a word that is none.</exception>
    public static void CheckGuest(string? architecture, string? virtualisation)
    {
        if (architecture is not null && !IsArchitecture(architecture))
        {
            throw ServiceErrors.InvalidHypervisorArgument($"unknown architecture: {architecture}");
        }

        if (virtualisation is not null && !VirtualisationTypes.Contains(virtualisation))
        {
            throw ServiceErrors.InvalidHypervisorArgument($"unknown virttype: {virtualisation}");
        }
    }

    private static int KvmCpus()
    {
        const string Device = "/dev/kvm";
        try
        {
            using var device = File.OpenHandle(Device);
            var limit = CheckExtension(device, KvmCheckExtension, KvmCapMaxVcpus);

            // A kernel that does not say supports four (its API document).
            return limit > 0 ? limit : 4;
        }
        catch (Exception missing) when (missing is IOException or UnauthorizedAccessException)
        {
            throw ServiceErrors.SystemError($"Unable to open {Device}: {missing.Message}");
        }
    }

    [LibraryImport("libc", EntryPoint = "ioctl")]
    private static partial int CheckExtension(SafeFileHandle device, nuint request, nint capability);
}
