using System.Buffers.Binary;
using System.Numerics;

namespace Cistern.Storage.Backends.Rbd;

/// <summary>The map of an image that says which of its objects there are, as the cluster stores it: a header with the count, two bits an object, checksums.</summary>
internal static class ObjectMap
{
    private const int ObjectsPerByte = 4;
    private const int BlockSize = 4096;

    /// <summary>Bytes around the bits, checksums not counted.</summary>
    private const int Overhead = 256;

    /// <summary>Room for the map of that many objects.</summary>
    public static int Size(ulong objects)
    {
        ulong bytes = (objects / ObjectsPerByte) + 1;
        return checked((int)(bytes + (((bytes / BlockSize) + 1) * sizeof(uint)) + Overhead));
    }

    /// <summary>Bytes of the objects that there are.</summary>
    /// <returns>Null when it is not a map of that image.</returns>
    public static ulong? Allocation(ReadOnlySpan<byte> map, RbdHeader image)
    {
        const int LengthSize = sizeof(uint);
        const int VersionSize = 6;
        const int HeaderSize = VersionSize + sizeof(ulong);
        if (map.Length < LengthSize + HeaderSize || BinaryPrimitives.ReadUInt32LittleEndian(map) is var header && (header < HeaderSize || header > map.Length - LengthSize))
        {
            return null;
        }

        ulong objects = BinaryPrimitives.ReadUInt64LittleEndian(map[(LengthSize + VersionSize)..]);
        ReadOnlySpan<byte> bits = map[(LengthSize + (int)header)..];
        if (objects < image.Objects || image.Objects > (ulong)bits.Length * ObjectsPerByte)
        {
            return null;
        }

        ulong found = 0;
        int whole = (int)(image.Objects / ObjectsPerByte);
        foreach (byte value in bits[..whole])
        {
            found += (ulong)BitOperations.PopCount((value | ((uint)value >> 1)) & 0x55);
        }

        for (ulong rest = (ulong)whole * ObjectsPerByte; rest < image.Objects; rest++)
        {
            found += Exists(bits, rest) ? 1u : 0u;
        }

        // The last object may be one in part.
        ulong beyond = image.Objects > 0 && Exists(bits, image.Objects - 1) ? image.MostAllocation - image.Size : 0;
        return (found * image.ObjectSize) - beyond;
    }

    private static bool Exists(ReadOnlySpan<byte> bits, ulong index) =>
        ((bits[(int)(index / ObjectsPerByte)] >> (2 * (ObjectsPerByte - 1 - (int)(index % ObjectsPerByte)))) & 3) != 0;
}
