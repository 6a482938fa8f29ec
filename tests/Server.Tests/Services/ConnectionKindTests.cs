using Cistern.Server.Rpc;
using Cistern.Server.Services;

namespace Cistern.Server.Tests.Services;

public sealed class ConnectionKindTests
{
    [Theory]
    [InlineData("qemu:///system")]
    [InlineData("qemu:///session")]
    [InlineData("storage:///system")]
    [InlineData("storage:///session")]
    [InlineData("qemu:///system?x=1")]
    [InlineData("qemu://host/system")]
    public void A_served_uri_is_taken(string uri) => ConnectionKind.Check(uri);

    [Theory]
    [InlineData("xen:///system", 5)]
    [InlineData("QEMU:///system", 5)]
    [InlineData("qemu+unix:///system", 5)]
    [InlineData("foo", 5)]
    [InlineData(":", 5)]
    [InlineData("qemu:///bogus", 1)]
    [InlineData("qemu:///", 1)]
    [InlineData("qemu:", 1)]
    [InlineData("qemu://host", 1)]
    [InlineData("storage:///system/", 1)]
    public void A_foreign_scheme_answers_5_and_a_wrong_path_1(string uri, int code)
    {
        var refusal = Assert.Throws<RpcException>(() => ConnectionKind.Check(uri));
        Assert.Equal((code, 0), (refusal.Error.Code, refusal.Error.Domain));
    }
}
