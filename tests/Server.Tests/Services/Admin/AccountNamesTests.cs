using Cistern.Server.Services.Admin;

namespace Cistern.Server.Tests.Services.Admin;

public sealed class AccountNamesTests
{
    [Fact]
    public void Accounts_go_by_their_names_and_those_without_one_by_their_numbers()
    {
        Assert.Equal(("root", "root"), (AccountNames.OfUser(0), AccountNames.OfGroup(0)));
        Assert.Equal(("4000123456", "4000123456"), (AccountNames.OfUser(4000123456), AccountNames.OfGroup(4000123456)));
    }
}
