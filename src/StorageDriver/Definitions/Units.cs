using Cistern.Storage.Errors;

namespace Cistern.Storage.Definitions;

/// <summary>Sizes with libvirt's units.</summary>
public static class Units
{
    private const string Powers = "kmgtpe";

    /// <summary>
    /// Bytes of <paramref name="value"/> times <paramref name="unit"/>: <c>b</c>, <c>byte</c>, <c>bytes</c> or none; one of k m g t p e alone or
    /// with <c>iB</c> for powers of 1024, with <c>B</c> for powers of 1000. Case does not matter.
    /// </summary>
    /// <exception cref="StorageException">8: unknown unit; 82: more than <paramref name="limit"/>.</exception>
    public static ulong Scale(ulong value, string? unit, ulong limit = long.MaxValue)
    {
        var factor = Factor(unit ?? "");
        if (factor == 0)
        {
            throw StorageErrors.UnknownUnit(unit!);
        }

        return value <= limit / factor ? value * factor : throw StorageErrors.SizeTooLarge(value, unit, limit);
    }

    public static bool IsKnown(string unit) => Factor(unit) != 0;

    /// <summary>0 for an unknown unit.</summary>
    private static ulong Factor(string unit)
    {
        if (unit.Length == 0 || Is(unit, "b") || Is(unit, "byte") || Is(unit, "bytes"))
        {
            return 1;
        }

        var power = Powers.IndexOf(char.ToLowerInvariant(unit[0]), StringComparison.Ordinal) + 1;
        ulong thousand = unit.Length == 1 || Is(unit[1..], "iB") ? 1024u : Is(unit[1..], "B") ? 1000u : 0u;
        ulong factor = power == 0 ? 0u : 1u;
        for (; power > 0; power--)
        {
            factor *= thousand;
        }

        return factor;
    }

    private static bool Is(string text, string word) => text.Equals(word, StringComparison.OrdinalIgnoreCase);
}
