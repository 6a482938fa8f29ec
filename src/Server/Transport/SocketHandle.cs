using Microsoft.Win32.SafeHandles;

namespace Cistern.Server.Transport;

/// <summary>A connected socket's file descriptor.</summary>
internal sealed class SocketHandle : SafeHandleMinusOneIsInvalid
{
    public SocketHandle()
        : base(ownsHandle: true)
    {
    }

    public SocketHandle(int descriptor)
        : base(ownsHandle: true) => SetHandle(descriptor);

    protected override bool ReleaseHandle() => LinuxSockets.Close((int)handle) == 0;
}
