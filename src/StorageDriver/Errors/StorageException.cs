namespace Cistern.Storage.Errors;

/// <summary>An expected failure that a client is told of. Made only by <see cref="StorageErrors"/>.</summary>
public sealed class StorageException : Exception
{
    internal StorageException(StorageErrorCode code, StorageErrorDomain domain, string detail, int errno = 0, Exception? inner = null)
        : base(detail, inner)
    {
        Code = code;
        Domain = domain;
        Errno = errno;
    }

    public StorageErrorCode Code { get; }

    public StorageErrorDomain Domain { get; }

    /// <summary>The system's error number where <see cref="Code"/> is <see cref="StorageErrorCode.SystemError"/>, else 0.</summary>
    public int Errno { get; }

    /// <summary>The argument of the call that is wrong, where the message stands alone: libvirt's plain checks of arguments (flags, counts).</summary>
    public string? Argument { get; internal init; }
}
