namespace Cistern.Storage.Errors;

public static partial class StorageErrors
{
    private const int InputOutputError = 5;

    public static StorageException NoSecretWithUuid(Guid uuid) =>
        Secret(StorageErrorCode.NoSecret, $"no secret with matching uuid '{uuid}'");

    public static StorageException NoSecretWithUsage(string usageId) =>
        Secret(StorageErrorCode.NoSecret, $"no secret with matching usage '{usageId}'");

    public static StorageException SecretWithoutValue(Guid uuid) =>
        Secret(StorageErrorCode.NoSecret, $"secret '{uuid}' does not have a value");

    public static StorageException SecretIsPrivate() =>
        Secret(StorageErrorCode.InvalidSecret, "secret is private");

    /// <summary>A document names a secret that is for something else.</summary>
    public static StorageException SecretUsageWrong(Guid uuid, string usage, string expected) =>
        New(StorageErrorCode.InvalidArgument, $"secret '{uuid}' is of type '{usage}', not of the expected type '{expected}'", StorageErrorDomain.None);

    /// <summary>The daemon that keeps the host's secrets does not give one out.</summary>
    /// <param name="daemon">Where it listens.</param>
    public static StorageException SecretDaemonFailed(string daemon, string reason, Exception? inner = null) =>
        new(StorageErrorCode.InternalError, StorageErrorDomain.Secret, $"cannot ask the secret daemon at '{daemon}': {reason}", inner: inner);

    public static StorageException SecretFileNotWritten(int errno) =>
        System(errno, "cannot write the file of a secret");

    public static StorageException SecretValueEmpty() =>
        new(StorageErrorCode.InvalidArgument, StorageErrorDomain.Secret, "the value of a secret must not be empty") { Argument = "value" };

    public static StorageException SecretUsageTaken(Guid uuid, string usageId) =>
        Secret(StorageErrorCode.InternalError, $"a secret with uuid {uuid} is already defined for use with '{usageId}'");

    public static StorageException SecretPrivateFlagDropped() =>
        Secret(StorageErrorCode.InternalError, "a secret that is private must stay so");

    public static StorageException SecretUuidMalformed(string text) =>
        Secret(StorageErrorCode.InternalError, $"malformed uuid '{text}'");

    public static StorageException SecretUsageTypeMissing() =>
        Secret(StorageErrorCode.XmlError, "element 'usage' has no attribute 'type'");

    public static StorageException SecretUsageTypeUnknown(string word) =>
        Secret(StorageErrorCode.ConfigUnsupported, $"unknown secret usage type '{word}'");

    public static StorageException SecretUsageIncomplete(string type, string element) =>
        Secret(StorageErrorCode.InternalError, $"usage of type '{type}' has no element '{element}'");

    public static StorageException SecretFlagInvalid(string attribute, string value) =>
        Secret(StorageErrorCode.XmlError, $"invalid value '{value}' of '{attribute}': 'yes' or 'no' is expected");

    public static StorageException SecretFileMisnamed(string path, Guid uuid) =>
        Secret(StorageErrorCode.InternalError, $"file '{path}' does not carry the uuid of its secret {uuid}");

    public static StorageException SecretNotSaved(Guid uuid, Exception cause) =>
        new(StorageErrorCode.SystemError, StorageErrorDomain.Secret, $"cannot save secret {uuid}: {cause.Message}", InputOutputError, cause);

    public static StorageException UnsupportedSecretFlags(uint flags, string function) =>
        new(StorageErrorCode.InvalidArgument, StorageErrorDomain.Secret, $"unsupported flags (0x{flags:x}) in function {function}") { Argument = "flags" };

    private static StorageException Secret(StorageErrorCode code, string detail) => New(code, detail, StorageErrorDomain.Secret);
}
