using Cistern.Storage.Errors;
using Cistern.Storage.Host;
using Cistern.Storage.Images;

namespace Cistern.Storage.Backends.Files;

/// <summary>An open file as image probes read it.</summary>
/// <param name="waits">Whether to wait for what the kernel has not in memory; else the end of the file seems to be there, and reading is begun.</param>
internal sealed class ProbeReader(int descriptor, bool waits = true) : IImageReader
{
    /// <summary>Something was not in memory: what was found means nothing.</summary>
    public bool HasMissed { get; private set; }

    /// <exception cref="StorageException">38/18: the file cannot be read.</exception>
    public int ReadAt(Span<byte> buffer, long offset)
    {
        int read = waits ? FileDataCalls.Read(descriptor, buffer, offset) : ReadCached(buffer, offset);
        return read >= 0 ? read : throw StorageErrors.System(-read, "cannot read the header of an image");
    }

    private int ReadCached(Span<byte> buffer, long offset)
    {
        int done = 0;
        while (done < buffer.Length)
        {
            int read = FileDataCalls.ReadCached(descriptor, buffer[done..], offset + done);
            if (read == -Errno.TryAgain)
            {
                FileDataCalls.StartReading(descriptor, offset + done, buffer.Length - done);
                HasMissed = true;
            }

            if (read <= 0)
            {
                return read is 0 or -Errno.TryAgain ? done : FileDataCalls.Read(descriptor, buffer, offset);
            }

            done += read;
        }

        return done;
    }
}
