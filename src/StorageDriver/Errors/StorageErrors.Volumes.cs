using Cistern.Storage.Host;

namespace Cistern.Storage.Errors;

public static partial class StorageErrors
{
    private const int NoSpaceLeft = 28;

    public static StorageException NoVolumeWithKey(string key) =>
        New(StorageErrorCode.NoStorageVolume, $"no storage vol with matching key '{key}'");

    public static StorageException NoVolumeWithPath(string path) =>
        New(StorageErrorCode.NoStorageVolume, $"no storage vol with matching path '{path}'");

    public static StorageException VolumeExists(string name) =>
        New(StorageErrorCode.StorageVolumeExists, $"storage volume '{name}' exists already");

    /// <summary>What creating from another volume answers instead of <see cref="VolumeExists"/>.</summary>
    public static StorageException VolumeNameInUse(string name) =>
        New(StorageErrorCode.InternalError, $"storage volume name '{name}' is already in use");

    public static StorageException VolumeInUse(string name) =>
        New(StorageErrorCode.OperationInvalid, $"volume '{name}' is still in use");

    public static StorageException VolumeBacksAnother(string name, string other, string pool) =>
        New(StorageErrorCode.OperationInvalid, $"volume '{name}' is still in use: it is the backing file of volume '{other}' in pool '{pool}'");

    internal static StorageException VolumeHeld(string name, FileHolder holder) =>
        New(StorageErrorCode.OperationInvalid, $"volume '{name}' is still in use: {Describe(holder)}");

    public static StorageException VolumeBuilding(string name) =>
        New(StorageErrorCode.OperationInvalid, $"volume '{name}' is still being allocated");

    public static StorageException ShrinkBelowAllocation(ulong capacity, ulong allocation) =>
        New(StorageErrorCode.InvalidArgument, $"capacity {capacity} is below the existing allocation {allocation}");

    public static StorageException ShrinkNotAsked(ulong capacity, ulong current) =>
        New(StorageErrorCode.InvalidArgument, $"capacity {capacity} is below the current capacity {current} and the shrink flag is not set");

    public static StorageException NotEnoughSpace(string pool, ulong needed, ulong available) =>
        New(StorageErrorCode.OperationFailed, $"not enough space left in storage pool '{pool}': {needed} bytes needed, {available} available");

    public static StorageException UnknownWipeAlgorithm(uint algorithm) =>
        New(StorageErrorCode.InvalidArgument, $"wiping algorithm {algorithm} is not supported");

    /// <summary>Work on the volume was ended from outside: the volume deleted, the pool stopped, the server going down.</summary>
    public static StorageException VolumeJobAborted(string name) =>
        New(StorageErrorCode.OperationAborted, $"the operation on volume '{name}' was aborted");

    public static StorageException StreamBeyondLength(string name) =>
        System(NoSpaceLeft, $"cannot write to volume '{name}' beyond the length asked for", StorageErrorDomain.Streams);

    public static StorageException SizeTooLarge(string what, ulong value) =>
        New(StorageErrorCode.Overflow, $"{what} {value} is too large");

    private static string Describe(FileHolder holder) => holder.Kind switch
    {
        FileHolderKind.Lock when holder.ProcessId is { } id => $"process {id}{(holder.Name is null ? "" : $" ({holder.Name})")} holds a lock on it",
        FileHolderKind.Lock => "a process holds a lock on it",
        FileHolderKind.Process => $"process {holder.ProcessId}{(holder.Name is null ? "" : $" ({holder.Name})")} has it open",
        FileHolderKind.LoopDevice => $"loop device '{holder.Name}' stands on it",
        FileHolderKind.Device => $"device '{holder.Name}' stands on it",
        _ => $"it is mounted at '{holder.Name}'",
    };
}
