namespace Cistern.Storage.Backends.Rbd;

/// <summary>What the header of an image says.</summary>
/// <param name="Size">Bytes.</param>
/// <param name="Order">The binary logarithm of the size of its objects.</param>
/// <param name="Features">Bits of <c>RBD_FEATURE</c>.</param>
/// <param name="Flags">Bits of <c>RBD_FLAG</c>.</param>
internal readonly record struct RbdHeader(ulong Size, int Order, ulong Features, ulong Flags)
{
    public const ulong Striping = 2;
    public const ulong FastDiff = 16;

    private const ulong ObjectMapInvalid = 1;
    private const ulong FastDiffInvalid = 2;

    /// <summary>Bytes of an object.</summary>
    public ulong ObjectSize => 1ul << Order;

    /// <summary>Objects that the image has when all of it is written; not for images with <see cref="Striping"/>.</summary>
    public ulong Objects => (Size / ObjectSize) + (Size % ObjectSize == 0 ? 0u : 1u);

    /// <summary>Bytes of all objects that there can be.</summary>
    public ulong MostAllocation => Objects * ObjectSize;

    /// <summary>Whether the object map tells what is allocated.</summary>
    public bool HasFastDiff => (Features & FastDiff) != 0 && (Flags & (FastDiffInvalid | ObjectMapInvalid)) == 0;
}
