using Cistern.Server.Rpc;
using Cistern.Storage.Errors;

namespace Cistern.Server.Mapping;

/// <summary>What clients are told about the exceptions of the storage driver.</summary>
public sealed class ErrorMapping : IErrorMapper
{
    public RemoteError? Map(Exception exception) => exception switch
    {
        StorageException storage => Map(storage),
        OperationCanceledException => ErrorTexts.Compose((int)StorageErrorCode.OperationAborted, (int)StorageErrorDomain.None, "the call was cancelled"),
        _ => null,
    };

    private static RemoteError Map(StorageException exception)
    {
        var (code, domain) = ((int)exception.Code, (int)exception.Domain);
        return exception.Argument is { } argument
            ? new(code, domain, exception.Message, Template: "%s", Detail: argument)
            : ErrorTexts.Compose(code, domain, exception.Message, exception.Code == StorageErrorCode.SystemError ? exception.Errno : -1);
    }
}
