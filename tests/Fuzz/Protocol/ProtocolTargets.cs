using System.Buffers;
using System.Buffers.Binary;
using System.Reflection;
using Cistern.RemoteProtocol.Framing;
using Cistern.RemoteProtocol.Remote;
using Cistern.RemoteProtocol.Xdr;

namespace Cistern.Fuzz.Protocol;

/// <summary>What a peer's bytes go through before a service sees them.</summary>
public static class ProtocolTargets
{
    /// <summary>The decoder of each procedure that has arguments.</summary>
    private static readonly Dictionary<int, FuzzInput> Decoders = RemoteProgram.Procedures
        .Select(procedure => (procedure.Number, Type: ArgumentsOf((RemoteProcedure)procedure.Number)))
        .Where(entry => entry.Type is not null)
        .ToDictionary(entry => entry.Number, entry => DecoderOf(entry.Type!));

    /// <summary>A stream of messages: what is read is the bytes that were there, in order.</summary>
    public static void Frame(ReadOnlySpan<byte> input)
    {
        var bytes = input.ToArray();
        var buffer = new ReadOnlySequence<byte>(bytes);
        var prefix = new byte[MessageFraming.PrefixSize];
        try
        {
            while (MessageFraming.TryReadFrame(ref buffer, MessageLimits.Default, out var frame))
            {
                var start = bytes.Length - (int)buffer.Length - (int)frame.Payload.Length - prefix.Length;
                MessageFraming.WriteHeader(prefix, frame.Header, (int)frame.Payload.Length);
                Require(bytes.AsSpan(start, prefix.Length).SequenceEqual(prefix), "the header is not the one that was read");
            }
        }
        catch (MessageFramingException)
        {
            // The connection would be closed.
        }
    }

    /// <summary>A header alone: any 24 bytes are one.</summary>
    public static void Header(ReadOnlySpan<byte> input)
    {
        try
        {
            RoundTrip<MessageHeader>(input);
        }
        catch (XdrFormatException) when (input.Length < FramingConstants.MessageHeaderMax)
        {
            // Too short to be one.
        }
    }

    /// <summary>The number of a procedure in the first word, then its arguments.</summary>
    public static void Arguments(ReadOnlySpan<byte> input)
    {
        if (input.Length < XdrSizes.Word || !Decoders.TryGetValue(BinaryPrimitives.ReadInt32BigEndian(input), out var decode))
        {
            return;
        }

        var before = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            decode(input[XdrSizes.Word..]);
        }
        catch (XdrFormatException)
        {
            // The call would be answered with an error.
        }

        Require(GC.GetAllocatedBytesForCurrentThread() - before < 65536 + (64L * input.Length), "far more was allocated than came in");
    }

    /// <summary>What can be read can be written, in its declared size, and reads as the same value.</summary>
    private static void RoundTrip<T>(ReadOnlySpan<byte> input)
        where T : IXdrCodec<T>
    {
        var reader = new XdrReader(input);
        var once = Write(T.Read(ref reader));
        reader = new XdrReader(once);
        var twice = Write(T.Read(ref reader));
        Require(once.AsSpan().SequenceEqual(twice), "the value changes by being written and read");
    }

    private static byte[] Write<T>(T value)
        where T : IXdrCodec<T>
    {
        var bytes = new byte[value.XdrSize];
        var writer = new XdrWriter(bytes);
        value.Write(ref writer);
        Require(writer.Written == bytes.Length, "the size of the value is not the size of its bytes");
        return bytes;
    }

    private static Type? ArgumentsOf(RemoteProcedure procedure) =>
        typeof(RemoteProgram).Assembly.GetType($"{typeof(RemoteProgram).Namespace}.{procedure}Args");

    private static FuzzInput DecoderOf(Type arguments) => typeof(ProtocolTargets)
        .GetMethod(nameof(RoundTrip), BindingFlags.NonPublic | BindingFlags.Static)!
        .MakeGenericMethod(arguments)
        .CreateDelegate<FuzzInput>();

    private static void Require(bool condition, string problem)
    {
        if (!condition)
        {
            throw new InvalidOperationException(problem);
        }
    }
}
