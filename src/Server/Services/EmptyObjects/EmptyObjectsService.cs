using Cistern.RemoteProtocol.Errors;
using Cistern.RemoteProtocol.Remote;
using Cistern.Server.Rpc;

namespace Cistern.Server.Services.EmptyObjects;

/// <summary>
/// The calls about kinds of objects that a storage server has none of: lists are empty, look-ups find nothing, events can be registered
/// for and never come.
/// Clients such as virt-manager need these answers to reach the storage. One file a kind.
/// </summary>
public sealed partial class EmptyObjectsService : IEmptyObjectsProcedures<CallContext>
{
    // Bits of each list call's flags that libvirt knows; others answer 8.
    private const uint DomainListFlags = 0xffff;
    private const uint DomainStatisticsFlags = 0xe00000ff;
    private const uint NetworkListFlags = 0x3f;
    private const uint InterfaceListFlags = 0x3;
    private const uint NodeDeviceListFlags = 0xc03fffff;
    private const uint NoFlags = 0;

    private static void Check(CallContext context, ErrorDomain domain, uint flags, uint known)
    {
        context.RequireHypervisor(domain);
        if ((flags & ~known) != 0)
        {
            throw ServiceErrors.UnsupportedFlags(flags & ~known, context.Procedure.Name, domain);
        }
    }

    private static void CheckOldList(CallContext context, ErrorDomain domain, int asked, int limit)
    {
        context.RequireHypervisor(domain);
        ListBounds.CheckAsked(asked, limit, "maxnames");
    }
}
