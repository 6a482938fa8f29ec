using Microsoft.Win32.SafeHandles;

namespace Cistern.Storage.Host;

/// <summary>
/// Tells that block devices of this host came, went or changed, from one socket for all pools. One thread reads it while anybody is told; it ends
/// with the first message after that, for nothing wakes it before.
/// </summary>
internal sealed class DeviceWatcher(KernelRoots kernel)
{
    private const int BufferSize = 64 * 1024;
    private const int NoBuffers = 105;
    private const string UdevControl = "/run/udev/control";

    private readonly Lock _lock = new();
    private readonly List<Action> _listeners = [];
    private SafeFileHandle? _socket;

    /// <summary>Begins to tell of changes, until <see cref="Remove"/>; where the kernel gives no such socket there is nothing to tell.</summary>
    /// <param name="listener">Called on the watcher's thread; never blocks.</param>
    public void Add(Action listener)
    {
        lock (_lock)
        {
            _listeners.Add(listener);
            uint group = File.Exists(UdevControl) ? UeventCalls.Udev : UeventCalls.Kernel;
            if (_socket is null && kernel == KernelRoots.Host && UeventCalls.Open(group, out SafeFileHandle? socket) >= 0)
            {
                _socket = socket;
                new Thread(() => Run(socket!)) { IsBackground = true, Name = "device watcher" }.Start();
            }
        }
    }

    /// <summary>Ends what <see cref="Add"/> began.</summary>
    public void Remove(Action listener)
    {
        lock (_lock)
        {
            _listeners.Remove(listener);
        }
    }

    /// <summary>Whether a message of the kernel's or udev's is about storage.</summary>
    internal static bool IsAboutStorage(ReadOnlySpan<byte> message) =>
        message.IndexOf("\0SUBSYSTEM=block\0"u8) >= 0 || message.IndexOf("\0SUBSYSTEM=scsi\0"u8) >= 0
        //// The first property of udev's messages follows a binary header.
        || (message.StartsWith("libudev\0"u8) && message.IndexOf("SUBSYSTEM=block\0"u8) >= 0);

    private void Run(SafeFileHandle socket)
    {
        byte[] buffer = GC.AllocateUninitializedArray<byte>(BufferSize, pinned: true);
        while (true)
        {
            long read = UeventCalls.Receive(socket, buffer);
            if (read is < 0 and not (-NoBuffers or -Errno.Interrupted))
            {
                End(socket);
                return;
            }

            Action[] listeners;
            lock (_lock)
            {
                if (_listeners.Count == 0)
                {
                    End(socket);
                    return;
                }

                listeners = [.. _listeners];
            }

            if (read == -NoBuffers || (read > 0 && IsAboutStorage(buffer.AsSpan(0, (int)read))))
            {
                Array.ForEach(listeners, static listener => listener());
            }
        }
    }

    private void End(SafeFileHandle socket)
    {
        lock (_lock)
        {
            _socket = null;
            socket.Dispose();
        }
    }
}
