using BenchmarkDotNet.Attributes;
using Cistern.RemoteProtocol.Remote;
using Cistern.RemoteProtocol.Xdr;

namespace Cistern.Benchmarks.Micro;

/// <summary>The generated codecs: the smallest usual call, and the largest usual reply.</summary>
[MemoryDiagnoser]
public class CodecBenchmarks
{
    private const int Volumes = 10_000;

    private readonly StoragePoolGetInfoRet _info = new(1, 1UL << 40, 1UL << 39, 1UL << 39);
    private readonly StoragePoolListAllVolumesRet _list = new(
        [.. Enumerable.Range(0, Volumes).Select(i => new NonnullStorageVol("default", $"volume-{i:d5}.img", $"/var/lib/libvirt/images/volume-{i:d5}.img"))], Volumes);

    private readonly byte[] _infoArgs = Encode(new StoragePoolGetInfoArgs(new NonnullStoragePool("default", Guid.NewGuid())));
    private readonly byte[] _buffer = new byte[2 << 20];
    private readonly byte[] _encodedList;

    public CodecBenchmarks() => _encodedList = Encode(_list);

    [Benchmark]
    public StoragePoolGetInfoArgs ReadGetInfoArgs() => Decode<StoragePoolGetInfoArgs>(_infoArgs);

    [Benchmark]
    public int WriteGetInfoRet() => Encode(_info, _buffer);

    [Benchmark]
    public int WriteListOf10000() => Encode(_list, _buffer);

    [Benchmark]
    public StoragePoolListAllVolumesRet ReadListOf10000() => Decode<StoragePoolListAllVolumesRet>(_encodedList);

    internal static byte[] Encode<T>(T value)
        where T : IXdrCodec<T>
    {
        var bytes = new byte[value.XdrSize];
        Encode(value, bytes);
        return bytes;
    }

    private static int Encode<T>(in T value, Span<byte> destination)
        where T : IXdrCodec<T>
    {
        var writer = new XdrWriter(destination[..value.XdrSize]);
        value.Write(ref writer);
        return writer.Written;
    }

    private static T Decode<T>(ReadOnlySpan<byte> bytes)
        where T : IXdrCodec<T>
    {
        var reader = new XdrReader(bytes);
        return T.Read(ref reader);
    }
}
