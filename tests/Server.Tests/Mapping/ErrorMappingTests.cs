using Cistern.Server.Mapping;
using Cistern.Server.Rpc;
using Cistern.Storage.Errors;

namespace Cistern.Server.Tests.Mapping;

public sealed class ErrorMappingTests
{
    [Fact]
    public void A_text_begins_as_clients_know_it_and_the_detail_stands_alone_too() => Assert.Equal(
        new RemoteError(
            49,
            18,
            "Storage pool not found: no storage pool with matching name 'x'",
            "Storage pool not found: %s",
            "no storage pool with matching name 'x'"),
        Map(StorageErrors.NoPoolWithName("x")));

    [Fact]
    public void A_system_error_carries_its_number_and_no_beginning()
    {
        var error = Map(StorageErrors.System(2, "cannot open '/x'"));
        Assert.Equal((38, 18, 2, "%s"), (error.Code, error.Domain, error.Errno, error.Template));
        Assert.StartsWith("cannot open '/x'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Refused_flags_are_told_without_a_beginning()
    {
        var error = Map(StorageErrors.UnsupportedFlags(0x40, "storagePoolCreate"));
        Assert.Equal((8, 18, "unsupported flags (0x40) in function storagePoolCreate"), (error.Code, error.Domain, error.Message));
    }

    [Fact]
    public void Every_code_of_the_driver_has_a_beginning_or_stands_alone_on_purpose()
    {
        int[] alone = [35, 38, 90];
        Assert.All(Enum.GetValues<StorageErrorCode>(), code =>
        {
            var error = ErrorTexts.Compose((RemoteProtocol.Errors.ErrorNumber)code, RemoteProtocol.Errors.ErrorDomain.Storage, "detail");
            Assert.Equal(alone.Contains((int)code), error.Message == "detail");
            Assert.EndsWith("detail", error.Message, StringComparison.Ordinal);
            Assert.EndsWith("%s", error.Template, StringComparison.Ordinal);
        });
    }

    [Fact]
    public void What_nobody_expected_is_not_explained() => Assert.Null(new ErrorMapping().Map(new InvalidOperationException("secret detail")));

    private static RemoteError Map(Exception exception)
    {
        var error = new ErrorMapping().Map(exception);
        Assert.NotNull(error);
        return error;
    }
}
