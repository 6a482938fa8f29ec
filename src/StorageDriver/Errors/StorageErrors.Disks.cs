using Cistern.Storage.Commands;
using Cistern.Storage.Host;

namespace Cistern.Storage.Errors;

public static partial class StorageErrors
{
    public static StorageException DevicePathMissing(string device) =>
        New(StorageErrorCode.InvalidArgument, $"device path '{device}' does not exist");

    /// <summary>What libblkid says of a disk with another content than the pool's label.</summary>
    public static StorageException OtherContent(string device, string label, string found) =>
        New(StorageErrorCode.OperationInvalid, $"device '{device}' has '{found}', not a label of type '{label}'");

    /// <summary>As <see cref="OtherContent"/>, said by parted.</summary>
    public static StorageException OtherLabelForParted(string device, string label, string found) =>
        New(StorageErrorCode.OperationFailed, $"device '{device}' has a label of type '{found}', not '{label}'; only a build with overwrite may replace it");

    public static StorageException NoLabelForParted(string device, string label) =>
        New(StorageErrorCode.OperationFailed, $"device '{device}' has no label that is known; a build makes one of type '{label}'");

    public static StorageException AlreadyLabelled(string device, string label) =>
        New(StorageErrorCode.OperationInvalid, $"device '{device}' has a label of type '{label}' already");

    public static StorageException LabelNotRead(string device, CommandResult result) =>
        New(StorageErrorCode.OperationFailed, $"cannot read the label of device '{device}': {result.Error.Trim()}");

    internal static StorageException DiskHeld(string device, string part, FileHolder holder) =>
        New(StorageErrorCode.OperationInvalid, $"the partition table of '{device}' cannot be changed: '{part}' is still in use, {Describe(holder)}");

    /// <param name="message">What the tool says of it.</param>
    public static StorageException PartitionBusy(string volume, string message) =>
        New(StorageErrorCode.OperationInvalid, $"volume '{volume}' is still in use: {message.Trim()}");

    public static StorageException SecondExtendedPartition() =>
        New(StorageErrorCode.InternalError, "the disk has an extended partition already");

    public static StorageException NoPrimaryPartitionLeft() =>
        New(StorageErrorCode.InternalError, "the disk has four primary partitions, and none of them is extended");

    public static StorageException NoFreeExtent(ulong size) =>
        New(StorageErrorCode.InternalError, $"no free extent is large enough for {size} bytes, aligned as the label needs it");

    public static StorageException PartitionNameWrong(string name, string right) =>
        New(StorageErrorCode.InvalidArgument, $"invalid partition name '{name}': the next partition of this disk is '{right}'");

    /// <summary>parted said that all is well, but no new partition is there.</summary>
    public static StorageException PartitionNotMade(string device) =>
        New(StorageErrorCode.InternalError, $"no new partition appeared on '{device}'");

    public static StorageException PartitionWithoutDevice(string node, string label) =>
        New(StorageErrorCode.InternalError, $"the kernel made no device '{node}' of the new partition; not every kernel knows labels of type '{label}'");

    public static StorageException ExtendedNotWiped(string path) =>
        New(StorageErrorCode.NoSupport, $"cannot wipe extended partition '{path}'");
}
