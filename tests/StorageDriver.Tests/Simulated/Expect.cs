using Cistern.Storage.Errors;

namespace Cistern.Storage.Tests.Simulated;

/// <summary>Assertions on what a client would be told.</summary>
internal static class Expect
{
    public static async Task<StorageException> FailsAsync(StorageErrorCode code, Func<ValueTask> action, StorageErrorDomain domain = StorageErrorDomain.Storage)
    {
        var error = await Assert.ThrowsAsync<StorageException>(async () => await action());
        Assert.Equal((code, domain), (error.Code, error.Domain));
        return error;
    }

    public static Task<StorageException> FailsAsync<T>(StorageErrorCode code, Func<ValueTask<T>> action, StorageErrorDomain domain = StorageErrorDomain.Storage)
    {
        Func<ValueTask> ignoringResult = async () => _ = await action();
        return FailsAsync(code, ignoringResult, domain);
    }

    public static StorageException Fails(StorageErrorCode code, Action action)
    {
        var error = Assert.Throws<StorageException>(action);
        Assert.Equal((code, StorageErrorDomain.Storage), (error.Code, error.Domain));
        return error;
    }
}
