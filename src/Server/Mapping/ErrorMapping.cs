using Cistern.RemoteProtocol.Errors;
using Cistern.Server.Rpc;
using Cistern.Storage.Errors;

namespace Cistern.Server.Mapping;

/// <summary>What clients are told about the exceptions of the storage driver.</summary>
public sealed class ErrorMapping : IErrorMapper
{
    public RemoteError? Map(Exception exception) => exception switch
    {
        StorageException storage => Map(storage),
        OperationCanceledException => ErrorTexts.Compose(ErrorNumber.OperationAborted, ErrorDomain.None, "the call was cancelled"),
        _ => null,
    };

    private static RemoteError Map(StorageException exception)
    {
        var (code, domain) = ((ErrorNumber)exception.Code, (ErrorDomain)exception.Domain);
        return exception.Argument is { } argument
            ? new((int)code, (int)domain, exception.Message, Template: "%s", Detail: argument)
            : ErrorTexts.Compose(code, domain, exception.Message, exception.Code == StorageErrorCode.SystemError ? exception.Errno : -1);
    }
}
