using Cistern.RemoteProtocol.Framing;
using Cistern.RemoteProtocol.Remote;
using Cistern.RemoteProtocol.Streams;

namespace Cistern.Benchmarks.SideBySide.Wire;

/// <summary>Volume data over a raw connection, without looking at it.</summary>
internal static class VolumeStream
{
    private const uint Sparse = 1;

    /// <summary>Downloads the whole volume; the number of bytes that came as data.</summary>
    public static long Download(RawClient client, NonnullStorageVol volume, bool sparse = false)
    {
        client.Send(RawClient.Encode(RemoteProcedure.StorageVolDownload, new StorageVolDownloadArgs(volume, 0, 0, sparse ? Sparse : 0)));
        long total = 0;
        MessageHeader header;
        int length;
        do
        {
            // The first data may overtake the reply.
            length = client.ReceiveAndDrop(out header);
            total += header.Type == MessageType.Stream ? length : 0;
        }
        while (header.Type != MessageType.Stream || length > 0);

        Finish(client, header);
        return total;
    }

    /// <summary>Writes that many bytes from the volume's start, in the packets that virsh sends.</summary>
    public static void Upload(RawClient client, NonnullStorageVol volume, long length)
    {
        client.Send(RawClient.Encode(RemoteProcedure.StorageVolUpload, new StorageVolUploadArgs(volume, 0, (ulong)length, 0)));
        client.Receive(out var call);
        var packet = new byte[MessageFraming.PrefixSize + StreamPacket.MaxDataLength];
        new Random(1).NextBytes(packet);
        for (var rest = length; rest > 0;)
        {
            var size = (int)Math.Min(rest, StreamPacket.MaxDataLength);
            MessageFraming.WriteHeader(packet, StreamPacket.Data(call), size);
            client.SendAll(packet.AsSpan(0, MessageFraming.PrefixSize + size));
            rest -= size;
        }

        Finish(client, call);
    }

    private static void Finish(RawClient client, in MessageHeader call)
    {
        var finish = new byte[MessageFraming.PrefixSize];
        MessageFraming.WriteHeader(finish, StreamPacket.Finish(call), 0);
        client.SendAll(finish);
        client.Receive(out _);
    }
}
