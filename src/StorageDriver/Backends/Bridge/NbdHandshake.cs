using System.Buffers.Binary;
using System.Text;

namespace Cistern.Storage.Backends.Bridge;

/// <summary>The haggling with a client, up to where it is served: fixed newstyle, one export, whose name is empty.</summary>
internal sealed class NbdHandshake(BridgeStream stream, NbdExport export)
{
    private const int MaxOptionSize = 64 * 1024;
    private const int PaddingSize = 124;
    private const int MinBlockSize = 1;
    private const int PreferredBlockSize = 64 * 1024;

    private bool _structuredReplies;
    private bool _allocation;

    /// <summary>Returns what was agreed on; null when the client does not want to be served.</summary>
    /// <exception cref="InvalidDataException">The client does not keep to the protocol.</exception>
    /// <exception cref="EndOfStreamException">The client left.</exception>
    public NbdAgreement? Run()
    {
        Span<byte> greeting = stackalloc byte[18];
        BinaryPrimitives.WriteUInt64BigEndian(greeting, Nbd.Greeting);
        BinaryPrimitives.WriteUInt64BigEndian(greeting[8..], Nbd.OptionMagic);
        BinaryPrimitives.WriteUInt16BigEndian(greeting[16..], Nbd.FixedNewstyle | Nbd.NoZeroes);
        stream.Write(greeting);

        uint flags = stream.ReadUInt32();
        if ((flags & Nbd.FixedNewstyle) == 0 || (flags & ~(uint)(Nbd.FixedNewstyle | Nbd.NoZeroes)) != 0)
        {
            throw new InvalidDataException($"flags 0x{flags:x} of a client");
        }

        while (true)
        {
            if (stream.ReadUInt64() != Nbd.OptionMagic)
            {
                throw new InvalidDataException("no option where one has to be");
            }

            NbdOption option = (NbdOption)stream.ReadUInt32();
            byte[] data = ReadData();
            switch (option)
            {
                case NbdOption.ExportName:
                    Export(data, padded: (flags & Nbd.NoZeroes) == 0);
                    return Agreement;
                case NbdOption.Abort:
                    Reply(option, NbdOptionReply.Acknowledged);
                    return null;
                case NbdOption.Go when Describe(option, data):
                    return Agreement;
                default:
                    Answer(option, data);
                    break;
            }
        }
    }

    private NbdAgreement Agreement => new(_structuredReplies, _allocation);

    private byte[] ReadData()
    {
        uint length = stream.ReadUInt32();
        if (length > MaxOptionSize)
        {
            throw new InvalidDataException($"an option of {length} bytes");
        }

        byte[] data = new byte[length];
        stream.Read(data);
        return data;
    }

    /// <summary>Options after which the haggling goes on.</summary>
    private void Answer(NbdOption option, byte[] data)
    {
        switch (option)
        {
            case NbdOption.List when data.Length == 0:
                Reply(option, NbdOptionReply.Server, new byte[sizeof(uint)]);
                Reply(option, NbdOptionReply.Acknowledged);
                break;
            case NbdOption.Info:
                Describe(option, data);
                break;
            case NbdOption.StructuredReply when data.Length == 0:
                _structuredReplies = true;
                Reply(option, NbdOptionReply.Acknowledged);
                break;
            case NbdOption.ListMetaContext or NbdOption.SetMetaContext:
                AnswerContexts(option, data);
                break;
            case NbdOption.Go:
                // Answered when it was found wrong.
                break;
            default:
                Reply(option, option is NbdOption.List or NbdOption.StructuredReply ? NbdOptionReply.Invalid : NbdOptionReply.Unsupported);
                break;
        }
    }

    private void Export(ReadOnlySpan<byte> name, bool padded)
    {
        if (!name.IsEmpty)
        {
            throw new InvalidDataException("an export that is not there");
        }

        Span<byte> reply = stackalloc byte[10 + PaddingSize];
        reply.Clear();
        BinaryPrimitives.WriteUInt64BigEndian(reply, export.Length);
        BinaryPrimitives.WriteUInt16BigEndian(reply[8..], (ushort)export.Flags);
        stream.Write(padded ? reply : reply[..10]);
    }

    /// <summary>Tells of the export that info and go name; false when there is no such export.</summary>
    private bool Describe(NbdOption option, ReadOnlySpan<byte> data)
    {
        if (!TryReadName(ref data, out string name) || data.Length < sizeof(ushort)
            || data.Length != sizeof(ushort) + (sizeof(ushort) * BinaryPrimitives.ReadUInt16BigEndian(data)))
        {
            Reply(option, NbdOptionReply.Invalid);
            return false;
        }

        if (name.Length > 0)
        {
            Reply(option, NbdOptionReply.UnknownExport);
            return false;
        }

        Span<byte> info = stackalloc byte[14];
        BinaryPrimitives.WriteUInt16BigEndian(info, Nbd.InfoExport);
        BinaryPrimitives.WriteUInt64BigEndian(info[2..], export.Length);
        BinaryPrimitives.WriteUInt16BigEndian(info[10..], (ushort)export.Flags);
        Reply(option, NbdOptionReply.Info, info[..12]);
        BinaryPrimitives.WriteUInt16BigEndian(info, Nbd.InfoBlockSize);
        BinaryPrimitives.WriteUInt32BigEndian(info[2..], MinBlockSize);
        BinaryPrimitives.WriteUInt32BigEndian(info[6..], PreferredBlockSize);
        BinaryPrimitives.WriteUInt32BigEndian(info[10..], Nbd.MaxData);
        Reply(option, NbdOptionReply.Info, info);
        Reply(option, NbdOptionReply.Acknowledged);
        return true;
    }

    private void AnswerContexts(NbdOption option, ReadOnlySpan<byte> data)
    {
        if (!_structuredReplies || !TryReadName(ref data, out string name) || data.Length < sizeof(uint))
        {
            Reply(option, NbdOptionReply.Invalid);
            return;
        }

        uint count = BinaryPrimitives.ReadUInt32BigEndian(data);
        data = data[sizeof(uint)..];
        bool wanted = count == 0 && option == NbdOption.ListMetaContext;
        for (; count > 0; count--)
        {
            if (!TryReadName(ref data, out string query))
            {
                Reply(option, NbdOptionReply.Invalid);
                return;
            }

            wanted |= query == Nbd.AllocationContext || (query == "base:" && option == NbdOption.ListMetaContext);
        }

        if (name.Length > 0 || !data.IsEmpty)
        {
            Reply(option, data.IsEmpty ? NbdOptionReply.UnknownExport : NbdOptionReply.Invalid);
            return;
        }

        _allocation = option == NbdOption.SetMetaContext ? wanted : _allocation;
        if (wanted)
        {
            byte[] context = [0, 0, 0, (byte)Nbd.AllocationContextId, .. Encoding.UTF8.GetBytes(Nbd.AllocationContext)];
            Reply(option, NbdOptionReply.MetaContext, context);
        }

        Reply(option, NbdOptionReply.Acknowledged);
    }

    private static bool TryReadName(ref ReadOnlySpan<byte> data, out string name)
    {
        name = "";
        if (data.Length < sizeof(uint) || BinaryPrimitives.ReadUInt32BigEndian(data) > data.Length - sizeof(uint))
        {
            return false;
        }

        int length = (int)BinaryPrimitives.ReadUInt32BigEndian(data);
        name = Encoding.UTF8.GetString(data.Slice(sizeof(uint), length));
        data = data[(sizeof(uint) + length)..];
        return true;
    }

    private void Reply(NbdOption option, NbdOptionReply reply, ReadOnlySpan<byte> data = default)
    {
        Span<byte> header = stackalloc byte[20];
        BinaryPrimitives.WriteUInt64BigEndian(header, Nbd.OptionReplyMagic);
        BinaryPrimitives.WriteUInt32BigEndian(header[8..], (uint)option);
        BinaryPrimitives.WriteUInt32BigEndian(header[12..], (uint)reply);
        BinaryPrimitives.WriteUInt32BigEndian(header[16..], (uint)data.Length);
        stream.Write(header);
        stream.Write(data);
    }
}
