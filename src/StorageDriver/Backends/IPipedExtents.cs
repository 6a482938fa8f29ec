using System.Runtime.InteropServices;

namespace Cistern.Storage.Backends;

/// <summary>An open volume whose data the kernel can move into a pipe without copying them.</summary>
public interface IPipedExtents : IVolumeExtents
{
    /// <summary>Moves up to <paramref name="length"/> bytes into a pipe that has room for them; 0 at the end.</summary>
    /// <returns>Bytes; null where the storage cannot.</returns>
    ValueTask<int?> MoveAtAsync(long offset, SafeHandle pipe, int length, CancellationToken cancellation);
}
