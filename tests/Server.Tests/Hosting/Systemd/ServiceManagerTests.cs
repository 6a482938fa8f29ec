using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Cistern.Server.Hosting.Systemd;
using Cistern.Support;

namespace Cistern.Server.Tests.Hosting.Systemd;

public sealed class ServiceManagerTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly Socket _socket = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);

    [Fact]
    public void It_is_told_at_its_path_how_the_server_is()
    {
        _socket.Bind(new UnixDomainSocketEndPoint(_folder["notify"]));
        var manager = new ServiceManager(_folder["notify"]);
        manager.Ready();
        manager.Alive();
        manager.Stopping();
        Assert.Equal(["READY=1", "WATCHDOG=1", "STOPPING=1"], [Told()[0], Told()[0], Told()[0]]);
    }

    [Fact]
    public void A_reload_says_when_it_began_on_the_monotonic_clock()
    {
        var name = $"cistern-test-{Guid.NewGuid():N}";
        _socket.Bind(new UnixDomainSocketEndPoint($"\0{name}"));
        var before = Stopwatch.GetTimestamp();
        new ServiceManager($"@{name}").Reloading();
        var told = Told();
        Assert.Equal("RELOADING=1", told[0]);
        var microseconds = long.Parse(Assert.Single(told, line => line.StartsWith("MONOTONIC_USEC=", StringComparison.Ordinal)).Split('=')[1], CultureInfo.InvariantCulture);
        Assert.InRange(microseconds, Microseconds(before), Microseconds(Stopwatch.GetTimestamp()));

        static long Microseconds(long ticks) => ticks / (Stopwatch.Frequency / 1_000_000);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("@")]
    [InlineData("/nobody/listens/there")]
    [InlineData("relative")]
    public void Without_one_that_listens_nothing_is_told(string? address) => new ServiceManager(address).Ready();

    public void Dispose()
    {
        _socket.Dispose();
        _folder.Dispose();
    }

    private string[] Told()
    {
        var buffer = new byte[1000];
        Assert.True(_socket.Poll(TimeSpan.Zero, SelectMode.SelectRead));
        return Encoding.UTF8.GetString(buffer, 0, _socket.Receive(buffer)).Split('\n');
    }
}
