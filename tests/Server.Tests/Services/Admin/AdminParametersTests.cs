using Cistern.RemoteProtocol.Admin;
using Cistern.Server.Rpc;
using Cistern.Server.Services.Admin;

namespace Cistern.Server.Tests.Services.Admin;

public sealed class AdminParametersTests
{
    [Fact]
    public void Numbers_are_found_by_name_and_absent_ones_are_told_from_zero()
    {
        var numbers = AdminParameters.ReadNumbers([AdminParameters.Of("a", 0u), AdminParameters.Of("b", uint.MaxValue)], "a", "b", "c");
        Assert.Equal((0u, uint.MaxValue, null), (numbers.Find("a"), numbers.Find("b"), numbers.Find("c")));
    }

    [Fact]
    public void What_cannot_be_taken_is_named()
    {
        Refuses((74, 0), "'x'", AdminParameters.Of("x", 1u));
        Refuses((8, 0), "'a'", AdminParameters.Of("a", 1));
        Refuses((8, 0), "'a'", AdminParameters.Of("a", "1"));
        Refuses((8, 0), "'a'", AdminParameters.Of("a", 1u), AdminParameters.Of("a", 1u));
        Refuses((1, 0), new string('a', 80), AdminParameters.Of(new string('a', 80), 1u));
    }

    private static void Refuses((int, int) key, string names, params TypedParam[] parameters)
    {
        var error = Assert.Throws<RpcException>(() => AdminParameters.ReadNumbers(parameters, "a")).Error;
        Assert.Equal(key, (error.Code, error.Domain));
        Assert.Contains(names, error.Message, StringComparison.Ordinal);
    }
}
