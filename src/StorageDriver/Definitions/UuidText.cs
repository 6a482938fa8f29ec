using System.Diagnostics.CodeAnalysis;

namespace Cistern.Storage.Definitions;

/// <summary>The spellings of uuids that libvirt reads. It writes only the lower-case one with dashes, which is <see cref="Guid.ToString()"/>.</summary>
public static class UuidText
{
    /// <summary>32 hexadecimal digits; dashes and blanks may stand between pairs of digits, white space around the whole.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out Guid uuid)
    {
        uuid = default;
        if (text is null)
        {
            return false;
        }

        Span<byte> bytes = stackalloc byte[16];
        var rest = text.AsSpan().TrimStart(NumberText.WhiteSpace);
        for (var i = 0; i < bytes.Length; i++)
        {
            rest = rest.TrimStart("- ");
            if (rest.Length < 2 || !char.IsAsciiHexDigit(rest[0]) || !char.IsAsciiHexDigit(rest[1]))
            {
                return false;
            }

            bytes[i] = Convert.FromHexString(rest[..2])[0];
            rest = rest[2..];
        }

        uuid = new Guid(bytes, bigEndian: true);
        return rest.TrimStart(NumberText.WhiteSpace).IsEmpty;
    }
}
