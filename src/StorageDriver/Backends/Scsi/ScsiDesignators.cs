using System.Buffers.Binary;
using System.Globalization;

namespace Cistern.Storage.Backends.Scsi;

/// <summary>The device identification page of the vital product data (83h): the names of a unit, of different worth.</summary>
internal sealed class ScsiDesignators
{
    private const byte Code = 0x83;
    private const int HeaderLength = 4;
    private const int VendorSpecific = 0;
    private const int T10Vendor = 1;
    private const int Eui64 = 2;
    private const int Naa = 3;
    private const int TargetPortGroup = 5;
    private const int Registered = 5;
    private const int RegisteredExtended = 6;
    private const int OfUnit = 0;
    private const int OfPort = 1;
    private const int Binary = 1;
    private const int Ascii = 2;

    private readonly byte[] _page;

    /// <param name="page">As read from the unit; null or anything else than such a page names nothing.</param>
    public ScsiDesignators(byte[]? page) => _page = page is { Length: > HeaderLength } && page[1] == Code ? page : [];

    /// <summary>In hexadecimal; null when the page does not tell it.</summary>
    public string? PortGroup
    {
        get
        {
            foreach (Designator designator in All())
            {
                if (designator is { Type: TargetPortGroup, Association: OfUnit or OfPort, CodeSet: Binary, Value.Length: >= 4 })
                {
                    return BinaryPrimitives.ReadUInt16BigEndian(designator.Value.AsSpan(2)).ToString("x", CultureInfo.InvariantCulture);
                }
            }

            return null;
        }
    }

    /// <summary>The unit's best name, behind a digit that says of which type it is; null when it has none.</summary>
    /// <param name="maker">Vendor and model, with their blanks: part of a name that is unique for them only.</param>
    public string? Serial(string maker)
    {
        if (_page.Length > 6 && _page[6] != 0)
        {
            // Before SPC-2 the page was one binary name without a header of its own.
            return "3" + Convert.ToHexStringLower(_page.AsSpan(HeaderLength, Math.Min(_page.Length - HeaderLength, _page[3])));
        }

        Designator? best = All().Where(designator => designator.Worth is not null).MinBy(designator => designator.Worth);
        return best is null
            ? null
            : ScsiText.Clean(
                $"{best.Type:x}{(best.Type == VendorSpecific ? maker : "")}{(best.CodeSet == Binary ? Convert.ToHexStringLower(best.Value) : ScsiText.Read(best.Value))}");
    }

    private IEnumerable<Designator> All()
    {
        int end = _page.Length == 0 ? 0 : Math.Min(_page.Length, HeaderLength + BinaryPrimitives.ReadUInt16BigEndian(_page.AsSpan(2)));
        for (int at = HeaderLength; at + HeaderLength < end; at += HeaderLength + _page[at + 3])
        {
            int length = Math.Min(_page[at + 3], end - at - HeaderLength);
            yield return new Designator(_page[at + 1] & 0xF, (_page[at + 1] >> 4) & 3, _page[at] & 0xF, _page.AsSpan(at + HeaderLength, length).ToArray());
        }
    }

    private sealed record Designator(int Type, int Association, int CodeSet, byte[] Value)
    {
        /// <summary>The smaller the better, in the order of scsi_id(8); null: not a name of the unit.</summary>
        public int? Worth =>
            Association == OfUnit && CodeSet is Binary or Ascii && TypeWorth is { } worth ? (worth * 2) + (CodeSet == Binary ? 0 : 1) : null;

        private int? TypeWorth => Type switch
        {
            Naa when Value.Length > 0 => (Value[0] >> 4) switch { RegisteredExtended => 0, Registered => 1, _ => 2 },
            Eui64 => 3,
            T10Vendor => 4,
            VendorSpecific => 5,
            _ => null,
        };
    }
}
