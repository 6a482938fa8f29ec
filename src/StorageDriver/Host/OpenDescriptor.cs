using Microsoft.Win32.SafeHandles;

namespace Cistern.Storage.Host;

/// <summary>The descriptor of a handle, kept open until this is disposed of even if the handle is disposed of before.</summary>
internal readonly ref struct OpenDescriptor : IDisposable
{
    private readonly SafeFileHandle _handle;

    /// <exception cref="ObjectDisposedException">The handle is closed already.</exception>
    public OpenDescriptor(SafeFileHandle handle)
    {
        bool referenced = false;
        handle.DangerousAddRef(ref referenced);
        _handle = handle;
    }

    public int Number => (int)_handle.DangerousGetHandle();

    public void Dispose() => _handle.DangerousRelease();
}
