namespace Cistern.Storage.Backends.Scsi;

/// <summary>The unit serial number page of the vital product data (80h): what older units have only.</summary>
internal static class ScsiSerialPage
{
    private const byte Code = 0x80;
    private const int HeaderLength = 4;

    /// <summary>Begins with <c>S</c> and the maker, as scsi_id(8) has it; null when there is no such page.</summary>
    /// <param name="maker">Vendor and model, with their blanks.</param>
    public static string? Serial(ReadOnlySpan<byte> page, string maker) =>
        page.Length >= HeaderLength && page[1] == Code
            ? ScsiText.Clean($"S{maker}{ScsiText.Read(page[HeaderLength..Math.Min(page.Length, HeaderLength + page[3])])}")
            : null;
}
