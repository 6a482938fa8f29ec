using System.Buffers;
using BenchmarkDotNet.Attributes;
using Cistern.RemoteProtocol.Framing;
using Cistern.RemoteProtocol.Remote;

namespace Cistern.Benchmarks.Micro;

/// <summary>Messages into and out of a buffer, as many at once as one read of a busy connection brings.</summary>
[MemoryDiagnoser]
public class FramingBenchmarks
{
    private const int Messages = 32;

    private readonly ArrayBufferWriter<byte> _output = new(64 * 1024);
    private readonly StoragePoolGetInfoArgs _args = new(new NonnullStoragePool("default", Guid.NewGuid()));
    private readonly MessageHeader _header = new(RemoteProgram.Number, RemoteProgram.Version, (int)RemoteProcedure.StoragePoolGetInfo, MessageType.Call, 1, MessageStatus.Ok);
    private readonly ReadOnlySequence<byte> _input;

    public FramingBenchmarks()
    {
        WriteMessages();
        _input = new ReadOnlySequence<byte>(_output.WrittenSpan.ToArray());
    }

    [Benchmark(OperationsPerInvoke = Messages)]
    public void WriteMessages()
    {
        _output.ResetWrittenCount();
        for (var i = 0; i < Messages; i++)
        {
            MessageFraming.Write(_output, _header, _args);
        }
    }

    [Benchmark(OperationsPerInvoke = Messages)]
    public long ReadFrames()
    {
        var input = _input;
        var bytes = 0L;
        while (MessageFraming.TryReadFrame(ref input, MessageLimits.Default, out var frame))
        {
            bytes += frame.Payload.Length;
        }

        return bytes;
    }
}
