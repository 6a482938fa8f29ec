using System.Buffers.Binary;
using Cistern.Server.Transport;

namespace Cistern.Server.Tests.Support;

/// <summary>Wraps pieces as SASL does: a length, then the bytes, turned.</summary>
internal sealed class TestLayer : ISecurityLayer
{
    private const int MaxWrapped = 1000;

    private readonly List<byte> _incomplete = [];

    public bool IsDisposed { get; private set; }

    public int MaxPlainBytes => 10;

    public byte[] Wrap(ReadOnlySpan<byte> plain)
    {
        var wrapped = new byte[sizeof(int) + plain.Length];
        BinaryPrimitives.WriteInt32BigEndian(wrapped, plain.Length);
        for (var index = 0; index < plain.Length; index++)
        {
            wrapped[sizeof(int) + index] = (byte)~plain[index];
        }

        return wrapped;
    }

    public byte[] Unwrap(ReadOnlySpan<byte> wrapped)
    {
        _incomplete.AddRange(wrapped);
        List<byte> plain = [];
        while (_incomplete.Count >= sizeof(int))
        {
            var length = BinaryPrimitives.ReadInt32BigEndian(_incomplete.Take(sizeof(int)).ToArray());
            if (length > MaxWrapped)
            {
                throw new IOException("not wrapped");
            }

            if (_incomplete.Count < sizeof(int) + length)
            {
                break;
            }

            plain.AddRange(_incomplete.Skip(sizeof(int)).Take(length).Select(turned => (byte)~turned));
            _incomplete.RemoveRange(0, sizeof(int) + length);
        }

        return [.. plain];
    }

    public void Dispose() => IsDisposed = true;
}
