namespace Cistern.Storage.Definitions;

/// <summary>Numbers as the C library reads them: white space and a sign may stand before the digits, nothing after them.</summary>
internal static class NumberText
{
    public const string WhiteSpace = " \t\n\v\f\r";

    /// <summary>False for anything but an unsigned number of 64 bits; a minus sign is refused even before 0.</summary>
    /// <param name="numberBase">8, 10, or 0 for decimal with the prefixes <c>0x</c> and <c>0</c>.</param>
    public static bool TryParse(ReadOnlySpan<char> text, out ulong value, int numberBase = 10)
    {
        var digits = text.TrimStart(WhiteSpace);
        if (digits is ['+', ..])
        {
            digits = digits[1..];
        }

        return TryParseDigits(digits, numberBase, out value);
    }

    /// <summary>As the unsigned form, within the bounds given.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, long minimum, long maximum, out long value, int numberBase = 10)
    {
        value = 0;
        var digits = text.TrimStart(WhiteSpace);
        var negative = digits is ['-', ..];
        if (digits is ['-' or '+', ..])
        {
            digits = digits[1..];
        }

        if (!TryParseDigits(digits, numberBase, out var magnitude) || magnitude > long.MaxValue)
        {
            return false;
        }

        value = negative ? -(long)magnitude : (long)magnitude;
        return value >= minimum && value <= maximum;
    }

    private static bool TryParseDigits(ReadOnlySpan<char> digits, int numberBase, out ulong value)
    {
        if (numberBase == 0)
        {
            numberBase = digits is ['0', 'x' or 'X', _, ..] ? 16 : digits is ['0', _, ..] ? 8 : 10;
            digits = numberBase == 16 ? digits[2..] : digits;
        }

        value = 0;
        foreach (var c in digits)
        {
            var digit = HexValue(c);
            if (digit >= numberBase || value > (ulong.MaxValue - (ulong)digit) / (ulong)numberBase)
            {
                return false;
            }

            value = (value * (ulong)numberBase) + (ulong)digit;
        }

        return !digits.IsEmpty;
    }

    private static int HexValue(char c) => c switch
    {
        >= '0' and <= '9' => c - '0',
        >= 'a' and <= 'f' => c - 'a' + 10,
        >= 'A' and <= 'F' => c - 'A' + 10,
        _ => int.MaxValue,
    };
}
