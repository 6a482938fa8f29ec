using Cistern.Storage.Commands;

namespace Cistern.Storage.Errors;

/// <summary>The only place where error texts are written. One factory a kind of failure; each names what was wrong.</summary>
public static partial class StorageErrors
{
    public static StorageException NoPoolWithUuid(Guid uuid, string name) =>
        New(StorageErrorCode.NoStoragePool, $"no storage pool with matching uuid '{uuid}'{(name.Length == 0 ? "" : $" ({name})")}");

    public static StorageException NoPoolWithName(string name) =>
        New(StorageErrorCode.NoStoragePool, $"no storage pool with matching name '{name}'");

    public static StorageException NoVolume(string name) =>
        New(StorageErrorCode.NoStorageVolume, $"no storage vol with matching name '{name}'");

    public static StorageException PoolNotActive(string name) =>
        New(StorageErrorCode.OperationInvalid, $"storage pool '{name}' is not active");

    public static StorageException UnsupportedFlags(uint flags, string operation) =>
        new(StorageErrorCode.InvalidArgument, StorageErrorDomain.Storage, $"unsupported flags (0x{flags:x}) in function {operation}") { Argument = "flags" };

    public static StorageException Xml(string detail) =>
        New(StorageErrorCode.XmlError, detail);

    public static StorageException XmlNotWellFormed(string detail, StorageErrorDomain domain = StorageErrorDomain.Storage) =>
        New(StorageErrorCode.XmlNotWellFormed, $"cannot read the XML document: {detail}", domain);

    public static StorageException XmlLineBreak(string element) =>
        New(StorageErrorCode.XmlNotWellFormed, $"element '{element}' must not contain a line break", StorageErrorDomain.Xml);

    public static StorageException XmlWrongRoot(string expected, string actual) =>
        New(StorageErrorCode.XmlError, $"expected a document with root element '{expected}', not '{actual}'", StorageErrorDomain.Xml);

    public static StorageException XmlMissingElement(string element) =>
        New(StorageErrorCode.XmlError, $"element '{element}' is missing");

    public static StorageException XmlMissingAttribute(string attribute, string element) =>
        New(StorageErrorCode.XmlError, $"attribute '{attribute}' of element '{element}' is missing", StorageErrorDomain.Xml);

    public static StorageException XmlInvalidAttribute(string attribute, string element, string value, string expected) =>
        New(StorageErrorCode.XmlError, $"attribute '{attribute}' of element '{element}' must be {expected}, not '{value}'", StorageErrorDomain.Xml);

    public static StorageException XmlInvalidElement(
        string element, string value, string expected, StorageErrorDomain domain = StorageErrorDomain.Storage) =>
        New(StorageErrorCode.XmlError, $"element '{element}' must be {expected}, not '{value}'", domain);

    /// <summary>The document does not follow the schema.</summary>
    public static StorageException XmlInvalidSchema(string detail) =>
        New(StorageErrorCode.XmlInvalidSchema, $"the XML document is not valid: {detail}", StorageErrorDomain.Xml);

    /// <summary>The document asks for something that is not known or not possible.</summary>
    public static StorageException ConfigUnsupported(string detail) =>
        New(StorageErrorCode.ConfigUnsupported, detail);

    public static StorageException SecretCount(int count) =>
        New(StorageErrorCode.InvalidArgument, $"element 'encryption' must have exactly one element 'secret', not {count}");

    public static StorageException UnknownPoolFormat(string format, string pool) =>
        ConfigUnsupported($"unknown format '{format}' for a pool of type '{pool}'");

    public static StorageException UnknownVolumeFormat(string format, string pool) =>
        ConfigUnsupported($"unknown volume format '{format}' for a pool of type '{pool}'");

    public static StorageException CowNotSupported(string pool) =>
        New(StorageErrorCode.NoSupport, $"feature 'cow' cannot be set for a pool of type '{pool}'");

    public static StorageException InvalidSecretReference(string detail) =>
        New(StorageErrorCode.XmlError, detail, StorageErrorDomain.None);

    public static StorageException InvalidPciAddress(string detail) =>
        New(StorageErrorCode.XmlError, $"invalid PCI address: {detail}", StorageErrorDomain.None);

    public static StorageException InvalidWorldWideName(string attribute, string value) =>
        New(StorageErrorCode.InternalError, $"attribute '{attribute}' must be a world wide name of 16 hexadecimal digits, not '{value}'", StorageErrorDomain.None);

    public static StorageException UnknownUnit(string unit) =>
        New(StorageErrorCode.InvalidArgument, $"unknown unit '{unit}'", StorageErrorDomain.None);

    public static StorageException SizeTooLarge(ulong value, string? unit, ulong limit) =>
        New(StorageErrorCode.Overflow, $"size {value} {unit} is larger than {limit} bytes", StorageErrorDomain.None);

    public static StorageException System(int errno, string detail, StorageErrorDomain domain = StorageErrorDomain.Storage) =>
        new(StorageErrorCode.SystemError, domain, $"{detail}: {Describe(errno)}", errno);

    public static StorageException ToolMissing(string tool, string folders) =>
        New(StorageErrorCode.InternalError, $"cannot find '{tool}' in {folders}: it is not installed");

    /// <summary>The text names all that a person needs to run it again: command line, status, what it complained of.</summary>
    public static StorageException CommandFailed(string command, CommandResult result) =>
        New(
            StorageErrorCode.InternalError,
            $"Child process ({command}) unexpected {(result.ExitCode < 0 ? $"fatal signal {-result.ExitCode}" : $"exit status {result.ExitCode}")}: {result.Error.Trim()}",
            StorageErrorDomain.None);

    public static StorageException CommandTimedOut(string command, TimeSpan limit) =>
        New(StorageErrorCode.OperationTimeout, $"'{command}' did not end within {limit.TotalSeconds:0.###} s and was killed");

    public static StorageException CommandSaidTooMuch(string command, int limit) =>
        New(StorageErrorCode.InternalError, $"'{command}' wrote more than {limit} bytes and was killed");

    private static StorageException New(StorageErrorCode code, string detail, StorageErrorDomain domain = StorageErrorDomain.Storage) =>
        new(code, domain, detail);

    private static string Describe(int errno) => global::System.Runtime.InteropServices.Marshal.GetPInvokeErrorMessage(errno);
}
