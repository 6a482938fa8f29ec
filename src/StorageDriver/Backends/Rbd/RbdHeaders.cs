using System.Buffers.Binary;
using System.Text;
using Cistern.Storage.Backends.Rbd.Native;
using Cistern.Storage.Host;

namespace Cistern.Storage.Backends.Rbd;

/// <summary>
/// Asks the storage daemons for what images' headers say, as the kernel's client does: an image is opened by many requests one after the other, and
/// described by one. Results are negated error numbers where they say so.
/// </summary>
internal static class RbdHeaders
{
    private const string Class = "rbd";

    /// <summary>The number of what is no snapshot.</summary>
    private const ulong Head = ulong.MaxValue - 1;

    private const int MaxIdSize = 256;

    /// <summary>The identifier of the image of a name.</summary>
    /// <returns>0 and the identifier, or a negated error number; images of format 1 have none.</returns>
    public static Task<(int Result, string Id)> FindIdAsync(RadosPool pool, string name) => pool.KeepAsync(async () =>
    {
        using NativeBuffer buffer = new(MaxIdSize);
        (int result, _) = await Completion.Rados(completion => Read(pool, $"rbd_id.{name}", completion, buffer)).ConfigureAwait(false);
        return result < 0 ? (result, "") : TryReadText(buffer.Span[..result], out string id) ? (0, id) : (-Errno.InputOutput, "");
    });

    /// <returns>0 and the header, or a negated error number.</returns>
    public static Task<(int Result, RbdHeader Header)> ReadAsync(RadosPool pool, string id) => pool.KeepAsync(async () =>
    {
        using HeaderRequest request = new();
        (int result, _) = await Completion.Rados(completion => RadosCalls.Perform(request.Handle, pool, completion, $"rbd_header.{id}", 0)).ConfigureAwait(false);
        return result < 0 ? (result, default) : (0, request.Read());
    });

    /// <summary>Bytes of the objects that the image has.</summary>
    /// <returns>Null when its object map cannot be read.</returns>
    public static Task<ulong?> ReadAllocationAsync(RadosPool pool, string id, RbdHeader header) => pool.KeepAsync<ulong?>(async () =>
    {
        using NativeBuffer buffer = new(ObjectMap.Size(header.Objects));
        (int result, _) = await Completion.Rados(completion => LoadMap(pool, $"rbd_object_map.{id}", completion, buffer)).ConfigureAwait(false);
        return result < 0 ? null : ObjectMap.Allocation(buffer.Span[..result], header);
    });

    /// <summary>The version of the pool's list of images, which every image that comes, goes, or is renamed raises; 0: there is no list yet.</summary>
    /// <returns>Negated error number; the version.</returns>
    public static Task<(int Result, ulong Version)> ReadListVersionAsync(RadosPool pool) => pool.KeepAsync(async () =>
    {
        using NativeBuffer buffer = new(2 * sizeof(ulong));
        (int result, ulong version) = await Completion.Rados(completion => Status(pool, "rbd_directory", completion, buffer)).ConfigureAwait(false);
        return result == -Errno.NoEntry ? (0, 0ul) : (result, version);
    });

    private static unsafe int Status(RadosPool pool, string name, nint completion, NativeBuffer buffer) =>
        RadosCalls.Status(pool, name, completion, (ulong*)buffer.Pointer, (long*)(buffer.Pointer + sizeof(ulong)));

    private static unsafe int Read(RadosPool pool, string name, nint completion, NativeBuffer buffer) =>
        RadosCalls.Read(pool, name, completion, buffer.Pointer, (nuint)buffer.Size, 0);

    private static unsafe int LoadMap(RadosPool pool, string name, nint completion, NativeBuffer buffer) =>
        RadosCalls.Execute(pool, name, completion, Class, "object_map_load", null, 0, buffer.Pointer, (nuint)buffer.Size);

    private static bool TryReadText(ReadOnlySpan<byte> encoded, out string text)
    {
        bool isWhole = encoded.Length >= sizeof(uint) && BinaryPrimitives.ReadUInt32LittleEndian(encoded) == encoded.Length - sizeof(uint);
        text = isWhole ? Encoding.UTF8.GetString(encoded[sizeof(uint)..]) : "";
        return isWhole;
    }

    /// <summary>One request for size, features and flags.</summary>
    private sealed unsafe class HeaderRequest : IDisposable
    {
        private const int InputSize = sizeof(ulong) + 1;
        private const int PartSize = 32;
        private const int SizeAt = PartSize;
        private const int FeaturesAt = 2 * PartSize;
        private const int FlagsAt = 3 * PartSize;

        private readonly NativeBuffer _memory = new(4 * PartSize);

        public HeaderRequest()
        {
            _memory.Span.Clear();
            BinaryPrimitives.WriteUInt64LittleEndian(_memory.Span, Head);
            Handle = RadosCalls.CreateRead();
            Add("get_size", sizeof(ulong), SizeAt);
            Add("get_features", InputSize, FeaturesAt);
            Add("get_flags", sizeof(ulong), FlagsAt);
        }

        public nint Handle { get; }

        public RbdHeader Read() => new(
            BinaryPrimitives.ReadUInt64LittleEndian(_memory.Span[(SizeAt + 1)..]),
            _memory.Span[SizeAt],
            BinaryPrimitives.ReadUInt64LittleEndian(_memory.Span[FeaturesAt..]),
            BinaryPrimitives.ReadUInt64LittleEndian(_memory.Span[FlagsAt..]));

        public void Dispose()
        {
            RadosCalls.ReleaseRead(Handle);
            _memory.Dispose();
        }

        /// <summary>Each part's answer begins at its place; what it takes there, and its result, are put at the end of the place.</summary>
        private void Add(string method, int inputSize, int place)
        {
            const int UsedAt = 16;
            const int ResultAt = 24;
            byte* output = _memory.Pointer + place;
            RadosCalls.AddExecute(
                Handle, Class, method, _memory.Pointer, (nuint)inputSize, output, UsedAt, (nuint*)(output + UsedAt), (int*)(output + ResultAt));
        }
    }
}
