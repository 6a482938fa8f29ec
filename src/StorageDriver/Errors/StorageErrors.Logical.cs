using Cistern.Storage.Host;

namespace Cistern.Storage.Errors;

public static partial class StorageErrors
{
    public static StorageException NoVolumeGroup(string group) => ConfigUnsupported($"cannot find logical volume group name '{group}'");

    public static StorageException NoDeviceOfVolumeGroup(string group) =>
        ConfigUnsupported($"cannot find any matching source devices for logical volume group '{group}'");

    public static StorageException NotAVolumeGroupName(string name) =>
        New(StorageErrorCode.InvalidArgument, $"'{name}' cannot be the name of a volume group");

    public static StorageException NotALogicalVolumeName(string name) =>
        New(StorageErrorCode.InvalidArgument, $"'{name}' cannot be the name of a logical volume");

    public static StorageException CapacityRequired(string name) =>
        New(StorageErrorCode.NoSupport, $"volume '{name}' has no capacity, which this type of storage pool requires");

    public static StorageException OnlyLuks(string format) => ConfigUnsupported($"volumes of this type of storage pool can be encrypted with 'luks', not '{format}'");

    public static StorageException SnapshotNotResizable(string name) =>
        New(StorageErrorCode.NoSupport, $"volume '{name}' is a snapshot: its capacity is its origin's");

    public static StorageException SparseWipeAlgorithm(string name) =>
        New(StorageErrorCode.ArgumentUnsupported, $"volume '{name}' is sparse: it can be wiped with 'zero' or 'trim' only, others would fill it");

    /// <param name="full">The snapshot or thin pool.</param>
    public static StorageException WipeWouldOverflow(string name, string full, ulong needed, ulong available) =>
        New(StorageErrorCode.OperationFailed, $"wiping volume '{name}' could overflow '{full}': {needed} bytes needed, {available} available");

    internal static StorageException DeviceHeld(string device, FileHolder holder) =>
        New(StorageErrorCode.OperationInvalid, $"device '{device}' is in use: {Describe(holder)}");

    /// <summary>A tool printed something else than was asked for.</summary>
    public static StorageException ToolNotUnderstood(string tool, string detail) =>
        New(StorageErrorCode.InternalError, $"what '{tool}' printed cannot be understood: {detail}");
}
