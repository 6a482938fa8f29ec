using System.Runtime.InteropServices;

namespace Cistern.Server.Transport;

/// <summary>What is still to be sent: bytes, then what lies in a pipe.</summary>
internal struct Outgoing(ReadOnlyMemory<byte> bytes, SafeHandle? pipe = null, int piped = 0)
{
    private ReadOnlyMemory<byte> _bytes = bytes;
    private int _piped = piped;

    public readonly bool IsEmpty => _bytes.IsEmpty && _piped == 0;

    /// <summary>One call on the system; false when it failed, with its error number kept.</summary>
    public unsafe bool TrySend(SocketHandle socket)
    {
        nint count;
        if (_bytes.IsEmpty)
        {
            count = LinuxSockets.Splice(pipe!, null, socket, null, _piped, LinuxSockets.SpliceMove | LinuxSockets.SpliceNonBlock);
            _piped -= (int)Math.Max(count, 0);
            return count > 0;
        }

        fixed (byte* start = _bytes.Span)
        {
            count = LinuxSockets.Send(socket, start, _bytes.Length, LinuxSockets.MsgNoSignal | (_piped > 0 ? LinuxSockets.MsgMore : 0));
        }

        _bytes = _bytes[(int)Math.Max(count, 0)..];
        return count >= 0;
    }
}
