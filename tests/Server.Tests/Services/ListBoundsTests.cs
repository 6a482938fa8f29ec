using Cistern.Server.Rpc;
using Cistern.Server.Services;

namespace Cistern.Server.Tests.Services;

public sealed class ListBoundsTests
{
    [Theory]
    [InlineData(-1)]
    [InlineData(16385)]
    public void Asking_for_fewer_than_none_or_more_than_the_limit_answers_39(int asked)
    {
        var refusal = Assert.Throws<RpcException>(() => ListBounds.CheckAsked(asked, 16384, "maxnames"));
        Assert.Equal((39, 7), (refusal.Error.Code, refusal.Error.Domain));
    }

    [Fact]
    public void The_bounds_themselves_are_fine()
    {
        ListBounds.CheckAsked(0, 16384, "maxnames");
        ListBounds.CheckAsked(16384, 16384, "maxnames");
        ListBounds.CheckResult(16384, 16384, "storage_vols");
    }

    [Fact]
    public void A_list_that_does_not_fit_is_refused_with_both_numbers()
    {
        var refusal = Assert.Throws<RpcException>(() => ListBounds.CheckResult(16385, 16384, "storage_vols"));
        Assert.Equal("internal error: Too many storage_vols '16385' for limit '16384'", refusal.Error.Message);
    }
}
