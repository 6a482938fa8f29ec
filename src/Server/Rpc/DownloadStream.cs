using System.Buffers;
using Cistern.RemoteProtocol.Framing;
using Cistern.RemoteProtocol.Programs;
using Cistern.RemoteProtocol.Streams;
using Cistern.RemoteProtocol.Xdr;
using Cistern.Server.Transport;

namespace Cistern.Server.Rpc;

/// <summary>Sends a source's data, one packet at a time: the next is read when the last is the system's. Where possible the data stay in the kernel.</summary>
internal sealed class DownloadStream(RpcConnection connection, in MessageHeader call, ProcedureInfo procedure, IStreamSource source)
    : ServerStream(connection, call, procedure, source, source.Aborted)
{
    /// <summary>Full packets that are moved at once; they are unaligned, so their pages may be one more each than their bytes say.</summary>
    private const int PacketsInPipe = 3;

    private const int PipeSize = 1024 * 1024;

    public override void Start()
    {
        base.Start();
        _ = PumpAsync();
    }

    public override bool TryTakeData(in ReadOnlySequence<byte> data)
    {
        Fail(RpcException.Protocol("data on a stream that the server sends"));
        return true;
    }

    public override bool TryTakeHole(in ReadOnlySequence<byte> payload) =>
        throw new MessageFramingException("a hole on a stream that the server sends");

    public override void Finish() => End(StreamPacket.Finish(Call), default(XdrVoid));

    private async Task PumpAsync()
    {
        if (!TryUse())
        {
            return;
        }

        try
        {
            if (!Connection.TakesPipes || !await TrySendFromPipeAsync().ConfigureAwait(false))
            {
                await SendFromArrayAsync().ConfigureAwait(false);
            }
        }
        catch (Exception exception)
        {
            Fail(exception);
        }

        EndUse();
    }

    /// <returns>False when the source, or the rest of it, has to be read instead.</returns>
    private async Task<bool> TrySendFromPipeAsync()
    {
        using var pipe = KernelPipe.TryCreate(PipeSize);
        if (pipe is null)
        {
            return false;
        }

        var array = new byte[MessageFraming.PrefixSize + default(StreamHole).XdrSize];
        var packet = OutputBuffer.Packet(array);
        while (await source.MoveAsync(pipe.Input, PacketsInPipe * StreamPacket.MaxDataLength, Stopped).ConfigureAwait(false) is { } chunk)
        {
            if (chunk.Kind != StreamChunkKind.Data)
            {
                if (!await SendAsync(packet, array, chunk).ConfigureAwait(false))
                {
                    return true;
                }

                continue;
            }

            for (var rest = (int)chunk.Length; rest > 0; rest -= StreamPacket.MaxDataLength)
            {
                var size = Math.Min(rest, StreamPacket.MaxDataLength);
                MessageFraming.WriteHeader(array, StreamPacket.Data(Call), size);
                if (!await SendAsync(packet, MessageFraming.PrefixSize, pipe, size).ConfigureAwait(false))
                {
                    return true;
                }
            }
        }

        return false;
    }

    private async Task SendFromArrayAsync()
    {
        // Not given back after a failure: a read that was given up may still write into the array one day, and nobody else gets it.
        var array = ArrayPool<byte>.Shared.Rent(MessageFraming.PrefixSize + StreamPacket.MaxDataLength);
        var packet = OutputBuffer.Packet(array);
        var room = array.AsMemory(MessageFraming.PrefixSize, StreamPacket.MaxDataLength);
        while (await SendAsync(packet, array, await source.ReadAsync(room, Stopped).ConfigureAwait(false)).ConfigureAwait(false))
        {
        }

        ArrayPool<byte>.Shared.Return(array);
    }

    /// <summary>Sends a chunk whose data, if any, lie in the array.</summary>
    /// <returns>False when nothing is to follow.</returns>
    private ValueTask<bool> SendAsync(OutputBuffer packet, byte[] array, StreamChunk chunk)
    {
        switch (chunk.Kind)
        {
            case StreamChunkKind.Data:
                MessageFraming.WriteHeader(array, StreamPacket.Data(Call), (int)chunk.Length);
                return SendAsync(packet, MessageFraming.PrefixSize + (int)chunk.Length);
            case StreamChunkKind.Hole:
                WriteHole(array, chunk.Length);
                return SendAsync(packet, MessageFraming.PrefixSize + default(StreamHole).XdrSize);
            default:
                MessageFraming.WriteHeader(array, StreamPacket.Data(Call), 0);
                return SendEndAsync(packet);
        }
    }

    private async ValueTask<bool> SendEndAsync(OutputBuffer packet)
    {
        await SendAsync(packet, MessageFraming.PrefixSize).ConfigureAwait(false);
        return false;
    }

    /// <summary>Nothing follows the packet that ended the stream.</summary>
    private ValueTask<bool> SendAsync(OutputBuffer packet, int length, KernelPipe? pipe = null, int piped = 0)
    {
        ValueTask<bool> sent;
        lock (Gate)
        {
            if (HasEnded)
            {
                return new ValueTask<bool>(false);
            }

            sent = packet.Prepare(length, pipe, piped);
            Output.Enqueue(packet);
        }

        Output.Flush();
        return sent;
    }

    private void WriteHole(byte[] array, long length)
    {
        var hole = new StreamHole(length, 0);
        MessageFraming.WriteHeader(array, StreamPacket.Hole(Call), hole.XdrSize);
        var writer = new XdrWriter(array.AsSpan(MessageFraming.PrefixSize));
        hole.Write(ref writer);
    }
}
