using System.Buffers;
using Cistern.RemoteProtocol.Framing;
using Cistern.RemoteProtocol.Programs;
using Cistern.RemoteProtocol.Streams;
using Cistern.RemoteProtocol.Xdr;

namespace Cistern.Server.Rpc;

/// <summary>Sends a source's data, one packet at a time: the next is read when the last is the system's.</summary>
internal sealed class DownloadStream(RpcConnection connection, in MessageHeader call, ProcedureInfo procedure, IStreamSource source)
    : ServerStream(connection, call, procedure, source, source.Aborted)
{
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

        var array = ArrayPool<byte>.Shared.Rent(MessageFraming.PrefixSize + StreamPacket.MaxDataLength);
        try
        {
            await SendAllAsync(array).ConfigureAwait(false);
            ArrayPool<byte>.Shared.Return(array);
        }
        catch (Exception exception)
        {
            // A read that was given up may still write into the array one day: nobody else gets it.
            Fail(exception);
        }

        EndUse();
    }

    private async Task SendAllAsync(byte[] array)
    {
        var packet = new OutputBuffer(array);
        var room = array.AsMemory(MessageFraming.PrefixSize, StreamPacket.MaxDataLength);
        while (true)
        {
            var chunk = await source.ReadAsync(room, Stopped).ConfigureAwait(false);
            switch (chunk.Kind)
            {
                case StreamChunkKind.Data:
                    MessageFraming.WriteHeader(array, StreamPacket.Data(Call), (int)chunk.Length);
                    break;
                case StreamChunkKind.Hole:
                    WriteHole(array, chunk.Length);
                    break;
                default:
                    MessageFraming.WriteHeader(array, StreamPacket.Data(Call), 0);
                    break;
            }

            var length = MessageFraming.PrefixSize + chunk.Kind switch
            {
                StreamChunkKind.Data => (int)chunk.Length,
                StreamChunkKind.Hole => default(StreamHole).XdrSize,
                _ => 0,
            };
            if (!await SendAsync(packet, length).ConfigureAwait(false) || chunk.Kind == StreamChunkKind.End)
            {
                return;
            }
        }
    }

    /// <summary>Nothing follows the packet that ended the stream.</summary>
    private ValueTask<bool> SendAsync(OutputBuffer packet, int length)
    {
        ValueTask<bool> sent;
        lock (Gate)
        {
            if (HasEnded)
            {
                return new ValueTask<bool>(false);
            }

            sent = packet.Prepare(length);
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
