using System.Runtime.InteropServices;
using Cistern.Server.Transport;

namespace Cistern.Server.Hosting.Background;

/// <summary>Writes to standard output or error as it is at the moment: .NET's own console keeps hold of what it was at first.</summary>
internal sealed class StandardStream : Stream
{
    public const int Output = 1;
    public const int Error = 2;

    private readonly SocketHandle _descriptor;

    private StandardStream(int descriptor)
    {
        _descriptor = new SocketHandle(descriptor);
    }

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>A writer that keeps nothing back.</summary>
    public static TextWriter Writer(int descriptor) => new StreamWriter(new StandardStream(descriptor)) { AutoFlush = true };

    public override unsafe void Write(ReadOnlySpan<byte> buffer)
    {
        fixed (byte* start = buffer)
        {
            for (nint written = 0, count; written < buffer.Length; written += count)
            {
                count = LinuxSockets.Write(_descriptor, start + written, buffer.Length - written);
                if (count < 0 && Marshal.GetLastPInvokeError() == LinuxSockets.EINTR)
                {
                    count = 0;
                }
                else if (count <= 0)
                {
                    // Nobody reads it any more: nobody misses it.
                    return;
                }
            }
        }
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
