using Cistern.RemoteProtocol.Api;
using Cistern.RemoteProtocol.Errors;
using Cistern.RemoteProtocol.Remote;
using Cistern.Server.Auth;
using Cistern.Server.Auth.Access;
using Cistern.Server.Rpc;
using Cistern.Server.Services.Node;
using Cistern.Storage;

namespace Cistern.Server.Services;

/// <summary>The calls about the connection itself.</summary>
/// <param name="access">Null: everybody may do everything.</param>
/// <param name="identity">Null: the host's own uuid.</param>
/// <param name="token">Makes a client trusted to call for others; null: only root is.</param>
public sealed class ConnectService(
    StorageDriver driver, KernelFiles files, InstalledEmulator emulator, AccessControl? access = null, SystemToken? token = null,
    HostIdentity? identity = null)
    : IConnectProcedures<CallContext>
{
    private const ErrorDomain ConnectModule = ErrorDomain.Domain;
    private const ErrorDomain HypervisorModule = ErrorDomain.Qemu;

    /// <summary>The release of libvirt whose storage calls and answers are served; clients switch features on by it.</summary>
    internal const ulong ServedLibvirtVersion = 9_000_000;

    /// <summary>
    /// What is said where no QEMU is installed: the one of the served libvirt's time, new enough that clients offer qcow2 as the default format.
    /// </summary>
    private const ulong AssumedHypervisorVersion = 7_002_000;

    private readonly Lazy<HostDescription> _host = new(() => HostDescription.Read(files, identity));

    public async ValueTask ConnectOpenAsync(ConnectOpenArgs args, CallContext context, CancellationToken cancellation)
    {
        // A name that is absent, rather than empty, was an error to libvirtd too.
        var name = args.Name ?? throw ServiceErrors.InternalRpc("connection not open");
        var uri = name.Length == 0 ? ConnectionKind.DefaultUri : name;
        ConnectionKind.Check(uri);
        if (access is not null)
        {
            await access.RequireAsync(context, ConnectionKind.DriverName(uri), AccessTarget.Connection, cancellation).ConfigureAwait(false);
        }

        context.Client.Open(uri, readOnly: (args.Flags & (uint)ConnectFlags.Ro) != 0);
    }

    public ValueTask ConnectCloseAsync(CallContext context, CancellationToken cancellation)
    {
        context.Client.CloseAfterReply();
        return ValueTask.CompletedTask;
    }

    public ValueTask<ConnectSupportsFeatureRet> ConnectSupportsFeatureAsync(
        ConnectSupportsFeatureArgs args, CallContext context, CancellationToken cancellation)
    {
        var feature = (DrvFeature)args.Feature;
        if (feature == DrvFeature.ProgramKeepalive)
        {
            context.Client.EnableKeepAlive();
        }
        else if (!context.Client.IsOpen)
        {
            throw ServiceErrors.InternalRpc("connection not open");
        }

        return new(new ConnectSupportsFeatureRet(Supports(feature, context) ? 1 : 0));
    }

    public ValueTask<ConnectGetTypeRet> ConnectGetTypeAsync(CallContext context, CancellationToken cancellation) =>
        new(new ConnectGetTypeRet(context.IsStorageOnly() ? "storage" : "QEMU"));

    public async ValueTask<ConnectGetVersionRet> ConnectGetVersionAsync(CallContext context, CancellationToken cancellation)
    {
        context.RequireHypervisor(ConnectModule);
        return new((await emulator.FindAsync(cancellation).ConfigureAwait(false))?.Version ?? AssumedHypervisorVersion);
    }

    public ValueTask<ConnectGetLibVersionRet> ConnectGetLibVersionAsync(CallContext context, CancellationToken cancellation) =>
        new(new ConnectGetLibVersionRet(ServedLibvirtVersion));

    public ValueTask<ConnectGetHostnameRet> ConnectGetHostnameAsync(CallContext context, CancellationToken cancellation)
    {
        context.RequireHypervisor(ConnectModule);

        // With its domain where it has one, which Environment.MachineName cuts off.
        return new(new ConnectGetHostnameRet(files.Line("/proc/sys/kernel/hostname") ?? Environment.MachineName));
    }

    public ValueTask<ConnectGetUriRet> ConnectGetUriAsync(CallContext context, CancellationToken cancellation) =>
        new(new ConnectGetUriRet(context.Client.OpenedUri!));

    /// <summary>Only this side of the connection: it ends in this process. The client library adds what it knows of its transport.</summary>
    public ValueTask<ConnectIsSecureRet> ConnectIsSecureAsync(CallContext context, CancellationToken cancellation) => new(new ConnectIsSecureRet(1));

    public async ValueTask<ConnectGetCapabilitiesRet> ConnectGetCapabilitiesAsync(CallContext context, CancellationToken cancellation)
    {
        if (context.IsStorageOnly())
        {
            return new(CapabilitiesXml.FormatStorage(driver.SupportedPoolTypes));
        }

        var installed = await emulator.FindAsync(cancellation).ConfigureAwait(false);
        return new(CapabilitiesXml.FormatHost(_host.Value, new NodeMemory(files), installed));
    }

    public ValueTask<ConnectGetMaxVcpusRet> ConnectGetMaxVcpusAsync(ConnectGetMaxVcpusArgs args, CallContext context, CancellationToken cancellation)
    {
        context.RequireHypervisor(ConnectModule);
        return new(new ConnectGetMaxVcpusRet(GuestLimits.MaximumCpus(args.Type)));
    }

    public ValueTask<ConnectGetSysinfoRet> ConnectGetSysinfoAsync(ConnectGetSysinfoArgs args, CallContext context, CancellationToken cancellation)
    {
        context.RequireHypervisor(ConnectModule);
        NodeArguments.CheckNoFlags(args.Flags, context.Procedure.Name, HypervisorModule);
        throw ServiceErrors.HypervisorUnsupported("Host SMBIOS information is not available");
    }

    public ValueTask<ConnectGetCpuModelNamesRet> ConnectGetCpuModelNamesAsync(
        ConnectGetCpuModelNamesArgs args, CallContext context, CancellationToken cancellation)
    {
        context.RequireHypervisor(ConnectModule);
        NodeArguments.CheckNoFlags(args.Flags, context.Procedure.Name, HypervisorModule);

        // No list of models: to clients this says that any model is accepted.
        return GuestLimits.IsArchitecture(args.Arch)
            ? new(new ConnectGetCpuModelNamesRet([], 0))
            : throw ServiceErrors.InvalidHypervisorArgument($"cannot find architecture {args.Arch}");
    }

    public ValueTask<ConnectGetDomainCapabilitiesRet> ConnectGetDomainCapabilitiesAsync(
        ConnectGetDomainCapabilitiesArgs args, CallContext context, CancellationToken cancellation)
    {
        context.RequireHypervisor(ConnectModule);
        NodeArguments.CheckNoFlags(args.Flags, context.Procedure.Name, HypervisorModule);
        GuestLimits.CheckGuest(args.Arch, args.Virttype);
        throw ServiceErrors.HypervisorUnsupported($"this server runs no guests of architecture '{args.Arch ?? HostDescription.NativeArchitecture}'");
    }

    public ValueTask ConnectRegisterCloseCallbackAsync(CallContext context, CancellationToken cancellation) => ValueTask.CompletedTask;

    public ValueTask ConnectUnregisterCloseCallbackAsync(CallContext context, CancellationToken cancellation) => ValueTask.CompletedTask;

    /// <summary>Everybody's word is accepted, as by libvirtd, but only that of a trusted daemon is believed. Where rights depend on it, others are told so.</summary>
    public async ValueTask ConnectSetIdentityAsync(ConnectSetIdentityArgs args, CallContext context, CancellationToken cancellation)
    {
        var forwarded = ForwardedIdentity.Read(args.Params);
        var peer = context.Client.Identity;
        if (peer.IsLocalRoot || (token is not null && forwarded.SystemToken is { } told && await token.IsAsync(told, cancellation).ConfigureAwait(false)))
        {
            context.Client.CallFor(forwarded.Apply(peer));
        }
        else if (access is not null)
        {
            throw AuthErrors.AccessDenied(context.Client.DriverName());
        }
    }

    private static bool Supports(DrvFeature feature, CallContext context) => feature switch
    {
        DrvFeature.ProgramKeepalive or DrvFeature.RemoteEventCallback or DrvFeature.RemoteCloseCallback => true,
        DrvFeature.TypedParamString => !context.IsStorageOnly(),
        DrvFeature.FdPassing => context.Client.Identity.Transport == TransportKind.Unix,
        _ => false,
    };
}
