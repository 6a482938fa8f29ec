using System.Text;
using Cistern.Storage.Errors;
using Cistern.Storage.Host;
using Cistern.Storage.Images;
using Microsoft.Win32.SafeHandles;

namespace Cistern.Storage.Backends.Files;

/// <summary>Reads what the beginning of a file says about it.</summary>
internal static unsafe class FileHeader
{
    private const int Flags = OpenFlags.ReadOnly | OpenFlags.NonBlocking | OpenFlags.NoControllingTerminal;

    public static ImageHeader Raw { get; } = new("raw");

    /// <summary>Opens, probes and closes. Opening never waits for another process, nor reading for more than what the format needs.</summary>
    /// <param name="name">Bytes ended by a zero, relative to <paramref name="folder"/>.</param>
    /// <param name="deviceEnd">The size of a block device; 0 for a file.</param>
    /// <param name="waits">Whether to wait for the storage; else "try again" tells that what is needed is being read.</param>
    /// <returns>0, or the negated error number of what could not be done.</returns>
    public static int TryRead(int folder, byte* name, bool isDevice, out ImageHeader header, out long deviceEnd, bool waits = true)
    {
        header = Raw;
        deviceEnd = 0;
        int descriptor = FileSystemCalls.Open(folder, name, Flags | OpenFlags.NoAccessTime);
        if (descriptor == -Errno.NotPermitted)
        {
            descriptor = FileSystemCalls.Open(folder, name, Flags);
        }

        if (descriptor < 0)
        {
            return descriptor;
        }

        try
        {
            deviceEnd = isDevice ? Math.Max(FileSpaceCalls.End(descriptor), 0) : 0;
            FileDataCalls.ExpectRandomAccess(descriptor);
            ProbeReader reader = new(descriptor, waits);
            header = ImageProbe.Probe(reader);
            return reader.HasMissed ? -Errno.TryAgain : 0;
        }
        catch (StorageException exception) when (exception.Errno != 0)
        {
            return -exception.Errno;
        }
        finally
        {
            FileDataCalls.Close(descriptor);
        }
    }

    /// <summary>Probes an open file.</summary>
    /// <exception cref="StorageException">38/18: it cannot be read.</exception>
    public static ImageHeader Read(SafeFileHandle file)
    {
        using OpenDescriptor descriptor = new(file);
        return ImageProbe.Probe(new ProbeReader(descriptor.Number));
    }

    /// <summary>As <see cref="TryRead(int, byte*, bool, out ImageHeader, out long, bool)"/>, for an absolute path.</summary>
    public static int TryRead(string path, bool isDevice, out ImageHeader header, out long deviceEnd)
    {
        fixed (byte* name = Encoding.UTF8.GetBytes(path + '\0'))
        {
            return TryRead(FileSystemCalls.CurrentDirectory, name, isDevice, out header, out deviceEnd);
        }
    }
}
