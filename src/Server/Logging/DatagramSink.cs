using System.Net.Sockets;
using System.Text;

namespace Cistern.Server.Logging;

/// <summary>Messages for a local daemon that takes each as a datagram. It may come later, and go.</summary>
/// <param name="path">Of its socket.</param>
/// <param name="format">What it takes.</param>
internal sealed class DatagramSink(string path, DatagramSink.Format format) : ILogSink
{
    /// <summary>Bytes that every daemon takes.</summary>
    private const int Longest = 32 * 1024;

    private readonly UnixDomainSocketEndPoint _daemon = new(path);
    private readonly Socket _socket = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified) { Blocking = false };

    public delegate string Format(in LogEntry entry);

    public void Write(in LogEntry entry)
    {
        try
        {
            var bytes = Encoding.UTF8.GetBytes(format(entry));
            _socket.SendTo(bytes.AsSpan(0, Math.Min(bytes.Length, Longest)), _daemon);
        }
        catch (SocketException)
        {
        }
    }

    public void Dispose() => _socket.Dispose();
}
