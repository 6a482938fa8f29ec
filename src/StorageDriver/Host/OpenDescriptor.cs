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

    /// <summary>The path without links by which the kernel knows an open file; null when it cannot be told.</summary>
    public static string? PathOf(SafeFileHandle file)
    {
        using OpenDescriptor descriptor = new(file);
        return new FileInfo($"/proc/self/fd/{descriptor.Number}").LinkTarget;
    }

    public int Number => (int)_handle.DangerousGetHandle();

    public void Dispose() => _handle.DangerousRelease();
}
