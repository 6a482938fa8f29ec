using System.Numerics;
using Cistern.Storage.Images;

namespace Cistern.Fuzz.Images;

/// <summary>Image headers, which guests write.</summary>
internal static class ImageTargets
{
    public static void Image(ReadOnlySpan<byte> input)
    {
        var reader = new Reader(input.ToArray());
        var header = ImageProbe.Probe(reader);
        Check(header.Capacity is null or <= long.MaxValue, "capacity");
        Check(header.CapacityIn((ulong)input.Length) <= long.MaxValue, "capacity in the file");
        Check(header.ClusterSize == 0 || BitOperations.IsPow2(header.ClusterSize), "cluster size");
        Check(reader.BytesRead <= 2 * 0x8200, "bytes read");
        if (header.BackingPath is { } backing)
        {
            Check(backing.Length is > 0 and <= 4095, "backing path");
            Check(!BackingString.IsPath(backing) || BackingString.Resolve(backing, "/pool/image").StartsWith('/'), "resolved backing path");
        }
    }

    /// <summary>Magic numbers and words that probes look for.</summary>
    public static readonly string[] Words =
        ["QED", "KDMV", "conectix", "WithouFreSpacExt", "OOOM", "LUKS", "CD001", "parentFileNameHint=\"", "raw", "qcow2", "json:", "nbd://", "/base", "\0\0\0\u0003"];

    private static void Check(bool holds, string what)
    {
        if (!holds)
        {
            throw new InvalidOperationException($"{what} is out of bounds");
        }
    }

    /// <summary>Gives a few bytes a read, as a slow file may.</summary>
    private sealed class Reader(byte[] bytes) : IImageReader
    {
        private const int Most = 4096;

        public int BytesRead { get; private set; }

        public int ReadAt(Span<byte> buffer, long offset)
        {
            var rest = bytes.AsSpan((int)Math.Min(offset, bytes.Length));
            var count = Math.Min(Math.Min(rest.Length, buffer.Length), Most);
            rest[..count].CopyTo(buffer);
            BytesRead += count;
            return count;
        }
    }
}
