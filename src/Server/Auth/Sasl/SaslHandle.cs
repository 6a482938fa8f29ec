using Microsoft.Win32.SafeHandles;

namespace Cistern.Server.Auth.Sasl;

/// <summary>A <c>sasl_conn_t</c>.</summary>
internal sealed class SaslHandle : SafeHandleZeroOrMinusOneIsInvalid
{
    public SaslHandle(nint connection)
        : base(ownsHandle: true) => SetHandle(connection);

    protected override bool ReleaseHandle()
    {
        SaslLibrary.Dispose(ref handle);
        return true;
    }
}
