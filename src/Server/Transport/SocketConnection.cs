using System.ComponentModel;
using System.IO.Pipelines;
using System.Runtime.InteropServices;
using Cistern.Server.Auth;

namespace Cistern.Server.Transport;

/// <summary>A connected unix or TCP socket on a <see cref="SocketPoller"/>.</summary>
internal sealed class SocketConnection : ITransportConnection, IPolledSocket
{
    /// <summary>What <see cref="Receive"/> returns when there is nothing now.</summary>
    public const int Nothing = 0;

    /// <summary>What <see cref="Receive"/> returns when there will be nothing any more.</summary>
    public const int End = -1;

    /// <summary>Bytes on their way to a client that downloads, so that it finds something whenever it looks.</summary>
    private const int LargeSendBuffer = 512 * 1024;

    /// <summary>Bytes that come at a time when they are calls.</summary>
    private const int LargestCalls = 8 * 1024;

    private readonly SocketPoller _poller;
    private readonly SocketHandle _socket;
    private readonly SocketReader _reader;
    private readonly AsyncSignal _writable = new();
    private readonly long _registration;
    private bool _watchesWrites;
    private bool _hasLargeBuffer;

    /// <summary>Bytes received since there was something to read.</summary>
    private int _received;
    private volatile bool _isAborted;

    public SocketConnection(SocketPoller poller, SocketHandle socket, ClientIdentity peer)
    {
        _poller = poller;
        _socket = socket;
        _reader = new SocketReader(this);
        Peer = peer;
        _registration = poller.Register(socket, this);
    }

    public ClientIdentity Peer { get; }

    public PipeReader Input => _reader;

    bool IPolledSocket.IsStreaming => _received > LargestCalls;

    public void RetainInput() => _reader.Retain();

    public bool TakesPipes => true;

    public ValueTask<bool> WriteAsync(ReadOnlyMemory<byte> data) => WriteAsync(new Outgoing(data));

    public ValueTask<bool> WriteAsync(ReadOnlyMemory<byte> data, KernelPipe pipe, int length)
    {
        if (!_hasLargeBuffer)
        {
            _hasLargeBuffer = true;
            EnlargeSendBuffer();
        }

        return WriteAsync(new Outgoing(data, pipe.Output, length));
    }

    public void Abort()
    {
        _isAborted = true;
        try
        {
            // The poller sees the end of both directions and wakes whoever waits.
            _ = LinuxSockets.Shutdown(_socket, LinuxSockets.ShutdownBoth);
        }
        catch (ObjectDisposedException)
        {
            // The connection has ended already.
        }
    }

    public ValueTask DisposeAsync()
    {
        _isAborted = true;
        _poller.Unregister(_socket, _registration);
        _writable.Signal();
        _reader.Complete();
        _socket.Dispose();
        return default;
    }

    void IPolledSocket.OnReady(uint events)
    {
        const uint Closed = LinuxSockets.EpollReadHangup | LinuxSockets.EpollHangup | LinuxSockets.EpollError;
        if ((events & (LinuxSockets.EpollOut | LinuxSockets.EpollHangup | LinuxSockets.EpollError)) != 0)
        {
            _writable.Signal();
        }

        if ((events & (LinuxSockets.EpollIn | Closed)) != 0)
        {
            _received = 0;
            _reader.OnReadable((events & Closed) != 0);
        }
    }

    /// <summary>Takes what has arrived, without waiting.</summary>
    /// <returns>Bytes, <see cref="Nothing"/> or <see cref="End"/> (a reset ends the input, too).</returns>
    public unsafe int Receive(Span<byte> buffer)
    {
        if (_isAborted)
        {
            return End;
        }

        fixed (byte* start = buffer)
        {
            while (true)
            {
                var count = LinuxSockets.Receive(_socket, start, buffer.Length, 0);
                if (count > 0)
                {
                    _received += (int)count;
                    return (int)count;
                }

                var error = count == 0 ? 0 : Marshal.GetLastPInvokeError();
                if (error != LinuxSockets.EINTR)
                {
                    return error == LinuxSockets.EAGAIN ? Nothing : End;
                }
            }
        }
    }

    private ValueTask<bool> WriteAsync(Outgoing outgoing)
    {
        if (!Send(ref outgoing))
        {
            return new ValueTask<bool>(false);
        }

        if (!outgoing.IsEmpty)
        {
            return WriteRestAsync(outgoing);
        }

        if (_watchesWrites)
        {
            WatchWrites(false);
        }

        return new ValueTask<bool>(true);
    }

    private async ValueTask<bool> WriteRestAsync(Outgoing outgoing)
    {
        while (true)
        {
            if (_isAborted)
            {
                return false;
            }

            if (!_watchesWrites)
            {
                WatchWrites(true);
            }

            await _writable.WaitAsync().ConfigureAwait(false);
            if (!Send(ref outgoing))
            {
                return false;
            }

            if (outgoing.IsEmpty)
            {
                return true;
            }
        }
    }

    /// <summary>Hands the system as much as it takes now.</summary>
    /// <returns>False when the connection is gone.</returns>
    private bool Send(ref Outgoing outgoing)
    {
        try
        {
            while (!_isAborted)
            {
                if (outgoing.IsEmpty)
                {
                    return true;
                }

                if (!outgoing.TrySend(_socket))
                {
                    var error = Marshal.GetLastPInvokeError();
                    if (error != LinuxSockets.EINTR)
                    {
                        return error == LinuxSockets.EAGAIN;
                    }
                }
            }
        }
        catch (ObjectDisposedException)
        {
            // The connection has ended already.
        }

        return false;
    }

    /// <summary>A unix socket's buffer stays as it is made, and by default holds less than one packet; TCP finds its size by itself.</summary>
    private unsafe void EnlargeSendBuffer()
    {
        var size = LargeSendBuffer;
        if (Peer.Transport == TransportKind.Unix
            && LinuxSockets.SetOption(_socket, LinuxSockets.SolSocket, LinuxSockets.SoSendBufferForce, &size, sizeof(int)) != 0)
        {
            _ = LinuxSockets.SetOption(_socket, LinuxSockets.SolSocket, LinuxSockets.SoSendBuffer, &size, sizeof(int));
        }
    }

    private void WatchWrites(bool watch)
    {
        try
        {
            _poller.WatchWrites(_socket, _registration, watch);
            _watchesWrites = watch;
        }
        catch (Exception exception) when (exception is ObjectDisposedException or Win32Exception)
        {
            // The connection has ended and is no longer registered: the next send says so.
            _isAborted = true;
        }
    }
}
