using System.Runtime.InteropServices;

namespace Cistern.Storage.Backends.Rbd.Native;

/// <summary>librados (its header): results are non-negative, or a negated error number. The library is loaded by the first call.</summary>
internal static unsafe partial class RadosCalls
{
    public const string Library = "librados.so.2";

    [LibraryImport(Library, EntryPoint = "rados_version")]
    public static partial void Version(out int major, out int minor, out int extra);

    /// <param name="id">The client's name without <c>client.</c>; null: the default.</param>
    [LibraryImport(Library, EntryPoint = "rados_create", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Create(out nint cluster, string? id);

    [LibraryImport(Library, EntryPoint = "rados_conf_set", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Set(RadosCluster cluster, string option, string value);

    /// <param name="value">Ended by a zero.</param>
    [LibraryImport(Library, EntryPoint = "rados_conf_set", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Set(RadosCluster cluster, string option, byte* value);

    [LibraryImport(Library, EntryPoint = "rados_connect")]
    public static partial int Connect(RadosCluster cluster);

    [LibraryImport(Library, EntryPoint = "rados_shutdown")]
    public static partial void Shutdown(nint cluster);

    [LibraryImport(Library, EntryPoint = "rados_cluster_stat")]
    public static partial int Status(RadosCluster cluster, out RadosClusterStatus status);

    /// <summary>Names, each ended by a zero, one more zero at the end.</summary>
    /// <returns>The size that all names need.</returns>
    [LibraryImport(Library, EntryPoint = "rados_pool_list")]
    public static partial int ListPools(RadosCluster cluster, byte* names, nuint size);

    [LibraryImport(Library, EntryPoint = "rados_ioctx_create", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int OpenPool(RadosCluster cluster, string pool, out nint context);

    [LibraryImport(Library, EntryPoint = "rados_ioctx_destroy")]
    public static partial void ClosePool(nint context);

    /// <summary>Structure <c>rados_pool_stat_t</c>: sixteen numbers, of which the first is the bytes of all objects.</summary>
    [LibraryImport(Library, EntryPoint = "rados_ioctx_pool_stat")]
    public static partial int PoolStatus(RadosPool pool, ulong* status);

    /// <summary>Names of what a pool is used for, each ended by a zero.</summary>
    [LibraryImport(Library, EntryPoint = "rados_application_list")]
    public static partial int ListApplications(RadosPool pool, byte* names, ref nuint size);

    [LibraryImport(Library, EntryPoint = "rados_aio_create_completion2")]
    public static partial int CreateCompletion(nint argument, delegate* unmanaged<nint, nint, void> complete, out nint completion);

    [LibraryImport(Library, EntryPoint = "rados_aio_get_return_value")]
    public static partial int Result(nint completion);

    [LibraryImport(Library, EntryPoint = "rados_aio_release")]
    public static partial void Release(nint completion);

    [LibraryImport(Library, EntryPoint = "rados_aio_read", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Read(RadosPool pool, string @object, nint completion, byte* buffer, nuint size, ulong offset);

    /// <param name="time">Of the last change, in seconds.</param>
    [LibraryImport(Library, EntryPoint = "rados_aio_stat", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Status(RadosPool pool, string @object, nint completion, ulong* size, long* time);

    [LibraryImport(Library, EntryPoint = "rados_aio_get_version")]
    public static partial ulong Version(nint completion);

    /// <summary>Has the storage daemon run a method of a class; its result is the size of the answer.</summary>
    [LibraryImport(Library, EntryPoint = "rados_aio_exec", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Execute(
        RadosPool pool, string @object, nint completion, string @class, string method, byte* input, nuint inputSize, byte* output, nuint outputSize);

    [LibraryImport(Library, EntryPoint = "rados_create_read_op")]
    public static partial nint CreateRead();

    [LibraryImport(Library, EntryPoint = "rados_release_read_op")]
    public static partial void ReleaseRead(nint read);

    /// <summary>As <see cref="Execute"/>, as a part of one request.</summary>
    [LibraryImport(Library, EntryPoint = "rados_read_op_exec_user_buf", StringMarshalling = StringMarshalling.Utf8)]
    public static partial void AddExecute(
        nint read, string @class, string method, byte* input, nuint inputSize, byte* output, nuint outputSize, nuint* used, int* result);

    [LibraryImport(Library, EntryPoint = "rados_aio_read_op_operate", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Perform(nint read, RadosPool pool, nint completion, string @object, int flags);
}

/// <summary>Structure <c>rados_cluster_stat_t</c>: the first three in KiB.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly struct RadosClusterStatus
{
    public readonly ulong Size;
    public readonly ulong Used;
    public readonly ulong Available;
    public readonly ulong Objects;
}
