using Cistern.Storage.Definitions;
using Cistern.Storage.Host;

namespace Cistern.Storage.Backends.Files;

/// <summary>Making and comparing <see cref="FileStamp"/>s.</summary>
internal static class FileStamps
{
    private const long NanosecondsPerSecond = 1_000_000_000;
    private const long NanosecondsPerTick = 100;

    /// <summary>The stamp of a file that is not there, which stays true as long as it is not.</summary>
    public static FileStamp Missing { get; } = new(0, 0, 0, 0, default, default, 0);

    /// <summary>Stands for the stamp of a backing file that has yet to be taken.</summary>
    public static FileStamp Pending { get; } = new(0, 0, 0, 0, default, default, 0);

    /// <param name="probedAt">From <see cref="Now"/>, before the file was looked at.</param>
    public static FileStamp Take(in FileStatus status, long probedAt) =>
        new(status.Device, status.Inode, status.Size, status.Blocks, status.Modify, status.Change, probedAt) { Access = status.Access, Birth = status.Birth };

    /// <summary>Nanoseconds since 1970.</summary>
    public static long Now(TimeProvider clock) => (clock.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks * NanosecondsPerTick;

    /// <summary>
    /// Whether a file is still as it was when probed. A file that had changed within the last second of its probe may have changed again
    /// without a trace, file times being coarse, so its stamp is not trusted.
    /// </summary>
    public static bool IsUnchanged(FileStamp stamp, in FileStatus status) => HasMarks(stamp, status) && IsCertain(stamp);

    /// <summary>As <see cref="IsUnchanged(FileStamp, in FileStatus)"/>, without the guard: only what changed again within a tick of the clock is missed.</summary>
    public static bool HasMarks(FileStamp stamp, in FileStatus status) =>
        stamp.Inode == status.Inode
        && stamp.Device == status.Device
        && stamp.Size == status.Size
        && stamp.Blocks == status.Blocks
        && stamp.Modify == status.Modify
        && stamp.Change == status.Change;

    /// <summary>As <see cref="IsUnchanged(FileStamp, in FileStatus)"/>, by a stamp taken of the file since.</summary>
    public static bool IsUnchanged(FileStamp stamp, FileStamp now) =>
        (stamp.Inode, stamp.Device, stamp.Size, stamp.Blocks) == (now.Inode, now.Device, now.Size, now.Blocks)
        && stamp.Modify == now.Modify
        && stamp.Change == now.Change
        && IsCertain(stamp);

    private static bool IsCertain(FileStamp stamp) => Nanoseconds(stamp.Change) + NanosecondsPerSecond < stamp.ProbedAtNanoseconds;

    private static long Nanoseconds(FileTime time) => (time.Seconds * NanosecondsPerSecond) + time.Nanoseconds;
}
