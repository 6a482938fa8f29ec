using Cistern.RemoteProtocol.Errors;

namespace Cistern.Server.Services;

/// <summary>The ranges that the calls about the host check.</summary>
internal static class NodeArguments
{
    private const int MaximumCells = 1024;

    public static void CheckNoFlags(uint flags, string function, ErrorDomain domain)
    {
        if (flags != 0)
        {
            throw ServiceErrors.UnsupportedFlags(flags, function, domain);
        }
    }

    public static void CheckCells(int start, int count)
    {
        ListBounds.CheckAsked(Math.Max(0, count), MaximumCells, "maxcells");
        if (start < 0)
        {
            throw ServiceErrors.BadConnectArgument($"start cell {start} must not be negative", "startCell");
        }

        if (count <= 0)
        {
            throw ServiceErrors.BadConnectArgument($"number of cells {count} must be greater than zero", "maxCells");
        }
    }

    /// <param name="which">The CPU or cell asked about; -1: all.</param>
    public static void CheckStatistics(int count, int limit, int which, string argument, uint flags, string function)
    {
        if (count < 0 || count > limit)
        {
            throw ServiceErrors.InternalRpc(count < 0 ? "nparams must be non-negative" : "nparams too large");
        }

        if (which < -1)
        {
            throw ServiceErrors.BadConnectArgument($"{argument} {which}: only -1 is accepted as a negative value", argument);
        }

        CheckNoFlags(flags, function, ErrorDomain.None);
    }

    /// <summary>A client first asks with 0 how many there are, then for exactly those.</summary>
    public static void CheckCount(int asked, int available)
    {
        if (asked != 0 && asked != available)
        {
            throw ServiceErrors.BadArgument($"nparams {asked} must be {available}", "nparams");
        }
    }

    public static void CheckCell(int cell, int last)
    {
        if (cell > last)
        {
            throw ServiceErrors.BadArgument($"cellNum {cell} must be less than or equal to {last}", "cellNum");
        }
    }

    public static void CheckPages(int sizes, uint cells, int limit)
    {
        if ((ulong)sizes * cells > (ulong)limit)
        {
            throw ServiceErrors.InternalRpc($"the counts of {sizes} page sizes in {cells} cells are more than {limit}");
        }

        if (sizes == 0 || cells == 0)
        {
            throw ServiceErrors.BadConnectArgument(sizes == 0 ? "npages must not be zero" : "cellCount must not be zero", sizes == 0 ? "npages" : "cellCount");
        }
    }
}
