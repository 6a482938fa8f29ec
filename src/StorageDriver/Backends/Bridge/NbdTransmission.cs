using System.Buffers;
using System.Buffers.Binary;
using Cistern.Storage.Errors;
using Cistern.Storage.Host;

namespace Cistern.Storage.Backends.Bridge;

/// <summary>Serves a client's requests, one after the other, once the handshake is done. Blocks: for the bridge's own thread.</summary>
/// <param name="failed">Told of failures of the volume, before the client is told a mere number.</param>
internal sealed class NbdTransmission(
    BridgeStream stream, IVolumeExtents volume, NbdExport export, NbdAgreement agreed, Action<StorageException> failed)
{
    /// <summary>Error numbers of the protocol: those of Linux.</summary>
    private static readonly int[] Known = [Errno.NotPermitted, Errno.InputOutput, Errno.NoMemory, Errno.InvalidArgument, Errno.NoSpace];

    private CancellationToken _ended;

    /// <summary>Returns when the client wants no more.</summary>
    /// <param name="ended">Ends calls on the volume that wait.</param>
    /// <exception cref="InvalidDataException">The client does not keep to the protocol.</exception>
    /// <exception cref="EndOfStreamException">The client left without a word.</exception>
    public void Run(CancellationToken ended)
    {
        _ended = ended;
        while (true)
        {
            if (stream.ReadUInt32() != Nbd.RequestMagic)
            {
                throw new InvalidDataException("no request where one has to be");
            }

            Request request = new(stream.ReadUInt16(), (NbdCommand)stream.ReadUInt16(), stream.ReadUInt64(), stream.ReadUInt64(), stream.ReadUInt32());
            if (request.Command == NbdCommand.Disconnect)
            {
                return;
            }

            Serve(request);
        }
    }

    private void Serve(Request request)
    {
        bool carriesData = request.Command is NbdCommand.Read or NbdCommand.Write;
        if (carriesData && request.Length > Nbd.MaxData)
        {
            throw new InvalidDataException($"a request for {request.Length} bytes");
        }

        byte[] buffer = ArrayPool<byte>.Shared.Rent(carriesData ? (int)request.Length : 0);
        try
        {
            if (request.Command == NbdCommand.Write)
            {
                stream.Read(buffer.AsSpan(0, (int)request.Length));
            }

            Serve(request, buffer);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private void Serve(Request request, byte[] buffer)
    {
        int error = Check(request);
        VolumeExtent extent = default;
        if (error == 0)
        {
            try
            {
                Perform(request, buffer, ref extent);
            }
            catch (StorageException failure)
            {
                failed(failure);
                error = Known.Contains(failure.Errno) ? failure.Errno : Errno.InputOutput;
            }
        }

        Reply(request, error, buffer, extent);
    }

    private int Check(Request request) =>
        request.Command is not (NbdCommand.Read or NbdCommand.Write or NbdCommand.Flush or NbdCommand.Trim or NbdCommand.WriteZeroes or NbdCommand.BlockStatus)
            ? Errno.InvalidArgument
        : export.IsReadOnly && request.Command is (NbdCommand.Write or NbdCommand.Trim or NbdCommand.WriteZeroes)
            ? Errno.NotPermitted
        : request.Command != NbdCommand.Flush && (request.Length > export.Length || request.Offset > export.Length - request.Length)
            ? request.Command == NbdCommand.Write ? Errno.NoSpace : Errno.InvalidArgument
        : request.Command == NbdCommand.BlockStatus && (!agreed.Allocation || request.Length == 0)
            ? Errno.InvalidArgument
        : 0;

    /// <param name="extent">Set by the status of blocks.</param>
    private void Perform(Request request, byte[] buffer, ref VolumeExtent extent)
    {
        long offset = (long)request.Offset;
        switch (request.Command)
        {
            case NbdCommand.Read:
                Read(offset, buffer.AsMemory(0, (int)request.Length));
                break;
            case NbdCommand.Write:
                Wait(volume.WriteAtAsync(offset, new ReadOnlySequence<byte>(buffer, 0, (int)request.Length), _ended));
                break;
            case NbdCommand.Trim or NbdCommand.WriteZeroes:
                // A wish for zeros that are no hole is not heard: what is made here is thin.
                Wait(volume.ZeroAsync(offset, request.Length, _ended));
                break;
            case NbdCommand.BlockStatus:
                extent = volume.NextExtentAsync(offset, _ended).AsTask().GetAwaiter().GetResult();
                break;
        }

        if (request.Command == NbdCommand.Flush || (!export.IsReadOnly && (request.Flags & Nbd.ForceUnitAccess) != 0))
        {
            Wait(volume.FlushAsync(_ended));
        }
    }

    private void Read(long offset, Memory<byte> buffer)
    {
        while (!buffer.IsEmpty)
        {
            int read = volume.ReadAtAsync(offset, buffer, _ended).AsTask().GetAwaiter().GetResult();
            if (read == 0)
            {
                throw StorageErrors.System(Errno.InputOutput, "a volume became shorter while it was read");
            }

            offset += read;
            buffer = buffer[read..];
        }
    }

    private void Reply(Request request, int error, byte[] buffer, VolumeExtent extent)
    {
        ReadOnlySpan<byte> data = request.Command == NbdCommand.Read && error == 0 ? buffer.AsSpan(0, (int)request.Length) : [];
        Span<byte> more = stackalloc byte[12];
        switch (request.Command)
        {
            case NbdCommand.Read or NbdCommand.BlockStatus when agreed.StructuredReplies && error != 0:
                BinaryPrimitives.WriteUInt32BigEndian(more, (uint)error);
                BinaryPrimitives.WriteUInt16BigEndian(more[4..], 0);
                WriteChunk(request, NbdChunk.Error, more[..6], []);
                break;
            case NbdCommand.Read when agreed.StructuredReplies && !data.IsEmpty:
                BinaryPrimitives.WriteUInt64BigEndian(more, request.Offset);
                WriteChunk(request, NbdChunk.OffsetData, more[..8], data);
                break;
            case NbdCommand.Read when agreed.StructuredReplies:
                WriteChunk(request, NbdChunk.None, [], []);
                break;
            case NbdCommand.BlockStatus when error == 0:
                BinaryPrimitives.WriteUInt32BigEndian(more, Nbd.AllocationContextId);
                BinaryPrimitives.WriteUInt32BigEndian(more[4..], (uint)Math.Clamp(extent.Length, 1, request.Length));
                BinaryPrimitives.WriteUInt32BigEndian(more[8..], extent.IsHole ? Nbd.Hole : 0);
                WriteChunk(request, NbdChunk.BlockStatus, more, []);
                break;
            default:
                WriteSimple(request, error, data);
                break;
        }
    }

    private void WriteSimple(Request request, int error, ReadOnlySpan<byte> data)
    {
        Span<byte> header = stackalloc byte[16];
        BinaryPrimitives.WriteUInt32BigEndian(header, Nbd.SimpleReplyMagic);
        BinaryPrimitives.WriteUInt32BigEndian(header[4..], (uint)error);
        BinaryPrimitives.WriteUInt64BigEndian(header[8..], request.Handle);
        stream.Write(header);
        stream.Write(data);
    }

    private void WriteChunk(Request request, NbdChunk kind, ReadOnlySpan<byte> more, ReadOnlySpan<byte> data)
    {
        Span<byte> header = stackalloc byte[20];
        BinaryPrimitives.WriteUInt32BigEndian(header, Nbd.StructuredReplyMagic);
        BinaryPrimitives.WriteUInt16BigEndian(header[4..], Nbd.Done);
        BinaryPrimitives.WriteUInt16BigEndian(header[6..], (ushort)kind);
        BinaryPrimitives.WriteUInt64BigEndian(header[8..], request.Handle);
        BinaryPrimitives.WriteUInt32BigEndian(header[16..], (uint)(more.Length + data.Length));
        stream.Write(header);
        stream.Write(more);
        stream.Write(data);
    }

    private static void Wait(ValueTask work) => work.AsTask().GetAwaiter().GetResult();

    private readonly record struct Request(ushort Flags, NbdCommand Command, ulong Handle, ulong Offset, uint Length);
}
