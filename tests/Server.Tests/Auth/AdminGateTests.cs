using Cistern.Server.Auth;
using Cistern.Server.Tests.Support;

namespace Cistern.Server.Tests.Auth;

public sealed class AdminGateTests
{
    [Theory]
    [InlineData(0u, true)]
    [InlineData(1000u, true)]
    [InlineData(1001u, false)]
    [InlineData(null, false)]
    public void Only_root_and_the_servers_own_user_come_in(uint? user, bool admitted)
    {
        var log = new LogLines();
        var peer = new ClientIdentity(TransportKind.Unix, "/s", UserId: user);
        Assert.Equal(admitted, new AdminGate(1000, log).Admits(peer));
        Assert.Equal(admitted ? 0 : 1, log.Lines.Count(line => line.Id == 3003));
    }
}
