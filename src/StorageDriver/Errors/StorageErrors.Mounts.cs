using Cistern.Storage.Host;

namespace Cistern.Storage.Errors;

public static partial class StorageErrors
{
    public static StorageException NotMounted(string source, string target) => System(Errno.NoDevice, $"'{source}' is not mounted at '{target}'");

    public static StorageException TargetTaken(string target, string source, string other) =>
        New(StorageErrorCode.OperationInvalid, $"cannot mount '{source}' at '{target}': '{other}' is mounted there");

    public static StorageException SourceDeviceCount(string pool, int count) =>
        ConfigUnsupported($"storage pool '{pool}' must have exactly one source device, not {count}");

    public static StorageException NoSuchDevice(string pool, string device) =>
        New(StorageErrorCode.OperationInvalid, $"source device '{device}' of pool '{pool}' does not exist");

    /// <param name="content">A file system, partition table or the like, by libblkid's name.</param>
    public static StorageException DeviceNotEmpty(string device, string content) =>
        New(StorageErrorCode.StoragePoolBuilt, $"device '{device}' is not empty: it has '{content}', which only an overwrite may replace");

    public static StorageException DeviceNotProbed(string device, string why) =>
        New(StorageErrorCode.StorageProbeFailed, $"cannot find out what is on device '{device}': {why}");
}
