using System.Runtime.InteropServices;

namespace Cistern.Storage.Backends.Rbd.Native;

/// <summary>librbd (its header): results are non-negative, or a negated error number. The library is loaded by the first call.</summary>
internal static unsafe partial class RbdCalls
{
    public const string Library = "librbd.so.1";

    /// <summary>Flag of <see cref="WriteZeros"/>: the range takes space afterwards.</summary>
    public const int Allocate = 1;

    [LibraryImport(Library, EntryPoint = "rbd_version")]
    public static partial void Version(out int major, out int minor, out int extra);

    /// <param name="count">Room in <paramref name="images"/>; how many there are on return.</param>
    [LibraryImport(Library, EntryPoint = "rbd_list2")]
    public static partial int List(RadosPool pool, RbdImageName* images, ref nuint count);

    [LibraryImport(Library, EntryPoint = "rbd_image_spec_list_cleanup")]
    public static partial void FreeList(RbdImageName* images, nuint count);

    /// <param name="order">The binary logarithm of the size of objects; 0: the default.</param>
    [LibraryImport(Library, EntryPoint = "rbd_create", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Create(RadosPool pool, string name, ulong size, ref int order);

    [LibraryImport(Library, EntryPoint = "rbd_clone2", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Clone(
        RadosPool parentPool, string parent, string snapshot, RadosPool pool, string name, ulong features, ref int order, ulong stripeUnit, int stripeCount);

    [LibraryImport(Library, EntryPoint = "rbd_remove", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Remove(RadosPool pool, string name);

    [LibraryImport(Library, EntryPoint = "rbd_rename", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Rename(RadosPool pool, string from, string to);

    /// <param name="image">Set when the completion says that it is open.</param>
    [LibraryImport(Library, EntryPoint = "rbd_aio_open", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Open(RadosPool pool, string name, nint* image, string? snapshot, nint completion);

    /// <inheritdoc cref="Open"/>
    [LibraryImport(Library, EntryPoint = "rbd_aio_open_read_only", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int OpenReadOnly(RadosPool pool, string name, nint* image, string? snapshot, nint completion);

    [LibraryImport(Library, EntryPoint = "rbd_aio_close")]
    public static partial int Close(nint image, nint completion);

    [LibraryImport(Library, EntryPoint = "rbd_stat")]
    public static partial int Status(nint image, RbdImageStatus* status, nuint size);

    [LibraryImport(Library, EntryPoint = "rbd_get_features")]
    public static partial int Features(nint image, out ulong features);

    [LibraryImport(Library, EntryPoint = "rbd_get_flags")]
    public static partial int Flags(nint image, out ulong flags);

    [LibraryImport(Library, EntryPoint = "rbd_get_old_format")]
    public static partial int IsOldFormat(nint image, out byte old);

    [LibraryImport(Library, EntryPoint = "rbd_get_stripe_unit")]
    public static partial int StripeUnit(nint image, out ulong unit);

    [LibraryImport(Library, EntryPoint = "rbd_get_stripe_count")]
    public static partial int StripeCount(nint image, out ulong count);

    [LibraryImport(Library, EntryPoint = "rbd_resize")]
    public static partial int Resize(nint image, ulong size);

    /// <returns>How many there are; a range error when there is no room for them, and <paramref name="count"/> says how many.</returns>
    [LibraryImport(Library, EntryPoint = "rbd_snap_list")]
    public static partial int ListSnapshots(nint image, RbdSnapshot* snapshots, ref int count);

    [LibraryImport(Library, EntryPoint = "rbd_snap_list_end")]
    public static partial void FreeSnapshots(RbdSnapshot* snapshots);

    [LibraryImport(Library, EntryPoint = "rbd_snap_create", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int CreateSnapshot(nint image, string snapshot);

    [LibraryImport(Library, EntryPoint = "rbd_snap_remove", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int RemoveSnapshot(nint image, string snapshot);

    [LibraryImport(Library, EntryPoint = "rbd_snap_protect", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Protect(nint image, string snapshot);

    [LibraryImport(Library, EntryPoint = "rbd_snap_unprotect", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Unprotect(nint image, string snapshot);

    [LibraryImport(Library, EntryPoint = "rbd_snap_is_protected", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int IsProtected(nint image, string snapshot, out int isProtected);

    /// <param name="from">The snapshot that the image is compared with; null: with nothing.</param>
    /// <param name="callback">Told offset, length and whether there are data; a negative result ends it.</param>
    [LibraryImport(Library, EntryPoint = "rbd_diff_iterate2", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Differences(
        nint image,
        string? from,
        ulong offset,
        ulong length,
        byte includeParent,
        byte wholeObjects,
        delegate* unmanaged<ulong, nuint, int, nint, int> callback,
        nint argument);

    [LibraryImport(Library, EntryPoint = "rbd_aio_create_completion")]
    public static partial int CreateCompletion(nint argument, delegate* unmanaged<nint, nint, void> complete, out nint completion);

    [LibraryImport(Library, EntryPoint = "rbd_aio_get_return_value")]
    public static partial nint Result(nint completion);

    [LibraryImport(Library, EntryPoint = "rbd_aio_release")]
    public static partial void Release(nint completion);

    [LibraryImport(Library, EntryPoint = "rbd_aio_read")]
    public static partial int Read(nint image, ulong offset, nuint length, byte* buffer, nint completion);

    [LibraryImport(Library, EntryPoint = "rbd_aio_write")]
    public static partial int Write(nint image, ulong offset, nuint length, byte* data, nint completion);

    [LibraryImport(Library, EntryPoint = "rbd_aio_write_zeroes")]
    public static partial int WriteZeros(nint image, ulong offset, nuint length, nint completion, int zeroFlags, int flags);

    [LibraryImport(Library, EntryPoint = "rbd_aio_discard")]
    public static partial int Discard(nint image, ulong offset, ulong length, nint completion);

    [LibraryImport(Library, EntryPoint = "rbd_aio_flush")]
    public static partial int Flush(nint image, nint completion);
}

/// <summary>Structure <c>rbd_image_spec_t</c>: an identifier, empty for images of format 1, and a name, both ended by a zero.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly struct RbdImageName
{
    public readonly nint Id;
    public readonly nint Name;
}

/// <summary>Structure <c>rbd_snap_info_t</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly struct RbdSnapshot
{
    public readonly ulong Id;
    public readonly ulong Size;
    public readonly nint Name;
}

/// <summary>Structure <c>rbd_image_info_t</c>, up to what is not of use any more.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct RbdImageStatus
{
    public ulong Size;
    public ulong ObjectSize;
    public ulong Objects;
    public int Order;
    private fixed byte _rest[132];
}
