namespace Cistern.Server.Services;

/// <summary>The bounds that the protocol sets to lists.</summary>
internal static class ListBounds
{
    /// <summary>Checks how many items a client asks for at most.</summary>
    public static void CheckAsked(int asked, int limit, string argument)
    {
        if (asked < 0)
        {
            throw ServiceErrors.Rpc($"{argument} must be non-negative");
        }

        if (asked > limit)
        {
            throw ServiceErrors.Rpc($"{argument} {asked} is above the limit {limit}");
        }
    }

    /// <summary>Checks that a whole list fits into a reply.</summary>
    public static void CheckResult(int count, int limit, string items)
    {
        if (count > limit)
        {
            throw ServiceErrors.InternalRpc($"Too many {items} '{count}' for limit '{limit}'");
        }
    }
}
