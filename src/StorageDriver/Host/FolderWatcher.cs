using System.Buffers.Binary;
using Microsoft.Win32.SafeHandles;

namespace Cistern.Storage.Host;

/// <summary>
/// Tells of changes in folders, all of them through one inotify instance, of which a user has few. One thread reads it, as long as anything is
/// watched. Writing into files is not watched: a guest that uses its disk would never be done telling.
/// </summary>
internal sealed class FolderWatcher : IDisposable
{
    private const FolderEvents Names =
        FolderEvents.Created | FolderEvents.Deleted | FolderEvents.MovedFrom | FolderEvents.MovedTo | FolderEvents.CloseWrite | FolderEvents.Attributes;

    private const FolderEvents Ends = FolderEvents.DeletedSelf | FolderEvents.MovedSelf | FolderEvents.Unmounted;
    private const int BufferSize = 64 * 1024;
    private const int HeaderSize = 16;
    private static readonly TimeSpan BurstTime = TimeSpan.FromMilliseconds(5);

    private readonly Lock _lock = new();

    /// <summary>Whom to tell, by watch. Two pools may watch one folder by two paths: that is one watch.</summary>
    private readonly Dictionary<int, IFolderListener[]> _listeners = [];
    private SafeFileHandle? _inotify;
    private bool _disposed;

    /// <summary>Begins to tell of a folder, until <see cref="Remove"/>.</summary>
    /// <param name="folder">Open; may be closed afterwards.</param>
    /// <returns>The watch's number, or a negated error number: among others when the limits of the user or the machine are reached.</returns>
    public int Add(SafeFileHandle folder, IFolderListener listener)
    {
        lock (_lock)
        {
            if (_disposed)
            {
                return -Errno.NotSupported;
            }

            if (_inotify is { } inotify)
            {
                return AddWatch(inotify, folder, listener);
            }

            int result = InotifyCalls.Open(out inotify);
            if (inotify is null)
            {
                return result;
            }

            result = AddWatch(inotify, folder, listener);
            if (result < 0)
            {
                inotify.Dispose();
                return result;
            }

            _inotify = inotify;
            new Thread(() => Run(inotify)) { IsBackground = true, Name = "folder watcher" }.Start();
            return result;
        }
    }

    /// <summary>Ends what <see cref="Add"/> began; the listener may still hear of what happened before.</summary>
    public void Remove(int watch, IFolderListener listener)
    {
        lock (_lock)
        {
            // A watch that ended by itself is out of the table, and its number may be that of another.
            if (!_listeners.TryGetValue(watch, out var listeners) || !listeners.Contains(listener))
            {
                return;
            }

            if (listeners.Length > 1)
            {
                _listeners[watch] = [.. listeners.Where(other => other != listener)];
            }
            else
            {
                _listeners.Remove(watch);
                _ = InotifyCalls.Remove(_inotify!, watch);
            }
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _disposed = true;
            foreach (int watch in _listeners.Keys)
            {
                _ = InotifyCalls.Remove(_inotify!, watch);
            }

            _listeners.Clear();
        }
    }

    private int AddWatch(SafeFileHandle inotify, SafeFileHandle folder, IFolderListener listener)
    {
        // By descriptor, so that nothing on the way to the folder can hold up the lock, and the folder watched is the one that was looked at.
        using OpenDescriptor open = new(folder);
        int watch = InotifyCalls.Add(inotify, string.Create(null, $"/proc/self/fd/{open.Number}"), Names | Ends | FolderEvents.OnlyFolder);
        if (watch >= 0)
        {
            _listeners[watch] = [.. _listeners.GetValueOrDefault(watch, []), listener];
        }

        return watch;
    }

    private void Run(SafeFileHandle inotify)
    {
        byte[] buffer = GC.AllocateUninitializedArray<byte>(BufferSize, pinned: true);
        do
        {
            long read = InotifyCalls.Read(inotify, buffer);
            if (read > 0)
            {
                Tell(buffer.AsSpan(0, (int)read));
            }

            // Changes come in bursts: a wake-up for each would cost more than all the rest. The kernel keeps thousands.
            Thread.Sleep(BurstTime);
        }
        while (IsNeeded(inotify));
    }

    /// <summary>The end of the last watch is told by the kernel too, so the thread wakes to find that nothing is watched.</summary>
    private bool IsNeeded(SafeFileHandle inotify)
    {
        lock (_lock)
        {
            if (_listeners.Count > 0)
            {
                return true;
            }

            _inotify = null;
            inotify.Dispose();
            return false;
        }
    }

    private void Tell(ReadOnlySpan<byte> records)
    {
        while (!records.IsEmpty)
        {
            int watch = BinaryPrimitives.ReadInt32LittleEndian(records);
            var events = (FolderEvents)BinaryPrimitives.ReadUInt32LittleEndian(records[4..]);
            int length = BinaryPrimitives.ReadInt32LittleEndian(records[12..]);
            foreach (var listener in Listeners(watch, events))
            {
                Tell(listener, events, records.Slice(HeaderSize, length).TrimEnd((byte)0));
            }

            records = records[(HeaderSize + length)..];
        }
    }

    private static void Tell(IFolderListener listener, FolderEvents events, ReadOnlySpan<byte> name)
    {
        if ((events & (Ends | FolderEvents.Ignored)) != 0)
        {
            listener.Gone();
        }
        else if (name.IsEmpty)
        {
            listener.Missed();
        }
        else
        {
            listener.Changed(name);
        }
    }

    private IFolderListener[] Listeners(int watch, FolderEvents events)
    {
        lock (_lock)
        {
            if (events.HasFlag(FolderEvents.Overflow))
            {
                return [.. _listeners.Values.SelectMany(listeners => listeners)];
            }

            var listeners = _listeners.GetValueOrDefault(watch, []);
            if (events.HasFlag(FolderEvents.Ignored))
            {
                _listeners.Remove(watch);
            }

            return listeners;
        }
    }
}
