using System.Text;
using Cistern.RemoteProtocol.Errors;
using Cistern.RemoteProtocol.Remote;
using Cistern.Server.Rpc;
using Cistern.Server.Services.Node;

namespace Cistern.Server.Services;

/// <summary>The calls about the host that the server runs on.</summary>
public sealed class NodeService(KernelFiles files) : INodeProcedures<CallContext>
{
    private const ErrorDomain ConnectModule = ErrorDomain.Domain;
    private const ErrorDomain HypervisorModule = ErrorDomain.Qemu;
    private const int ModelLength = 32;

    private readonly NodeMemory _memory = new(files);

    public ValueTask<NodeGetInfoRet> NodeGetInfoAsync(CallContext context, CancellationToken cancellation)
    {
        context.RequireHypervisor(ConnectModule);
        var topology = NodeTopology.Read(files);
        var model = new byte[ModelLength];
        Encoding.ASCII.GetBytes(HostDescription.NativeArchitecture, model);
        var (nodes, sockets, cores, threads) = topology.Shape;
        return new(new NodeGetInfoRet(model, _memory.Host.TotalKib, topology.Online.Count, topology.Megahertz, nodes, sockets, cores, threads));
    }

    public ValueTask<NodeGetFreeMemoryRet> NodeGetFreeMemoryAsync(CallContext context, CancellationToken cancellation)
    {
        context.RequireHypervisor(ConnectModule);
        return new(new NodeGetFreeMemoryRet(_memory.Host.FreeKib * 1024));
    }

    public ValueTask<NodeGetCellsFreeMemoryRet> NodeGetCellsFreeMemoryAsync(
        NodeGetCellsFreeMemoryArgs args, CallContext context, CancellationToken cancellation)
    {
        context.RequireHypervisor(ConnectModule);
        NodeArguments.CheckCells(args.StartCell, args.Maxcells);
        var cells = CellsFrom(args.StartCell, args.Maxcells);
        return new(new NodeGetCellsFreeMemoryRet([.. cells.Select(cell => _memory.OfCell(cell).FreeKib * 1024)]));
    }

    public ValueTask<NodeGetCpuStatsRet> NodeGetCpuStatsAsync(NodeGetCpuStatsArgs args, CallContext context, CancellationToken cancellation)
    {
        context.RequireHypervisor(ConnectModule);
        NodeArguments.CheckStatistics(args.Nparams, RemoteConstants.NodeCpuStatsMax, args.CpuNum, "cpuNum", args.Flags, context.Procedure.Name);
        var times = CpuTimes.Read(files, args.Nparams == 0 ? -1 : args.CpuNum)
            ?? throw ServiceErrors.BadArgument($"there is no CPU {args.CpuNum}", "cpuNum");
        NodeArguments.CheckCount(args.Nparams, times.Count);
        return new(new NodeGetCpuStatsRet(
            args.Nparams == 0 ? [] : [.. times.Select(time => new NodeGetCpuStats(time.Name, time.Nanoseconds))], args.Nparams == 0 ? times.Count : 0));
    }

    public ValueTask<NodeGetMemoryStatsRet> NodeGetMemoryStatsAsync(NodeGetMemoryStatsArgs args, CallContext context, CancellationToken cancellation)
    {
        context.RequireHypervisor(ConnectModule);
        NodeArguments.CheckStatistics(args.Nparams, RemoteConstants.NodeMemoryStatsMax, args.CellNum, "cellNum", args.Flags, context.Procedure.Name);
        NodeArguments.CheckCell(args.CellNum, LastCell);
        var amounts = _memory.Statistics(args.CellNum);
        NodeArguments.CheckCount(args.Nparams, amounts.Count);
        return new(new NodeGetMemoryStatsRet(
            args.Nparams == 0 ? [] : [.. amounts.Select(amount => new NodeGetMemoryStats(amount.Name, amount.Kib))], args.Nparams == 0 ? amounts.Count : 0));
    }

    public ValueTask<NodeGetCpuMapRet> NodeGetCpuMapAsync(NodeGetCpuMapArgs args, CallContext context, CancellationToken cancellation)
    {
        context.RequireHypervisor(ConnectModule);
        NodeArguments.CheckNoFlags(args.Flags, context.Procedure.Name, ErrorDomain.None);
        var topology = NodeTopology.Read(files);
        var count = topology.Present.Max() + 1;
        var map = args.NeedMap == 0 ? [] : BitMap(topology.Online, count);
        return new(new NodeGetCpuMapRet(map, args.NeedOnline == 0 ? 0 : (uint)topology.Online.Count, count));
    }

    public ValueTask<NodeGetFreePagesRet> NodeGetFreePagesAsync(NodeGetFreePagesArgs args, CallContext context, CancellationToken cancellation)
    {
        context.RequireHypervisor(ConnectModule);
        NodeArguments.CheckPages(args.Pages.Length, args.CellCount, RemoteConstants.NodeMaxCells);
        NodeArguments.CheckNoFlags(args.Flags, context.Procedure.Name, HypervisorModule);
        var cells = CellsFrom(args.StartCell, (int)args.CellCount);
        return new(new NodeGetFreePagesRet([.. cells.SelectMany(cell => args.Pages.Select(size => FreePages(cell, size)))]));
    }

    private int LastCell => _memory.Cells is [.., var last] ? last : 0;

    private ulong FreePages(int cell, uint sizeKib) => _memory.Pages(cell, sizeKib)?.Free
        ?? throw ServiceErrors.OperationFailed($"page size {sizeKib} is not available on node {cell}");

    // -1, where a call takes it, is the whole host.
    private List<int> CellsFrom(int start, int count)
    {
        var last = LastCell;
        if (start < -1 || start > last)
        {
            throw ServiceErrors.Internal($"start cell {start} out of range (0-{last})");
        }

        return [.. Enumerable.Range(start, Math.Min(count, last - start + 1)).Where(cell => cell < 0 || _memory.Cells is [] || _memory.Cells.Contains(cell))];
    }

    private static byte[] BitMap(IEnumerable<int> members, int count)
    {
        var map = new byte[(count + 7) / 8];
        foreach (var member in members)
        {
            map[member / 8] |= (byte)(1 << (member % 8));
        }

        return map;
    }
}
