using Cistern.Server.Logging;

namespace Cistern.Server.Tests.Logging;

public sealed class LogFilterTests
{
    [Theory]
    [InlineData("", "")]
    [InlineData("1:rpc", "1:*rpc*")]
    [InlineData("  4:+a.b   2:x?y*z ", "4:*a.b* 2:*x?y*z*")]
    public void Filters_are_told_as_libvirt_tells_them(string text, string told) => Assert.Equal(told, string.Join(' ', LogFilter.ParseAll(text)));

    [Theory]
    [InlineData("rpc", true)]
    [InlineData("Server.Rpc", true)]
    [InlineData("rpc*server", true)]
    [InlineData("r?c", true)]
    [InlineData("storage", false)]
    [InlineData("rpc?server", false)]
    public void A_pattern_may_stand_anywhere_in_a_sources_name(string pattern, bool fits) =>
        Assert.Equal(fits, new LogFilter(1, pattern).Match("cistern.server.rpc.dispatch.server"));

    [Theory]
    [InlineData("rpc", "'rpc' is not priority:pattern")]
    [InlineData("1:a 1", "'1' is not priority:pattern")]
    [InlineData("1:a:b", "'1:a:b' is not priority:pattern")]
    [InlineData("0:rpc", "'0' in '0:rpc' is no log priority")]
    [InlineData("5:rpc", "'5' in '5:rpc' is no log priority")]
    [InlineData("+1:rpc", "'+1' in '+1:rpc' is no log priority")]
    [InlineData("1:", "'1:' has no pattern")]
    [InlineData("1:+", "'1:+' has no pattern")]
    public void A_mistake_is_named(string text, string says) =>
        Assert.Contains(says, Assert.Throws<FormatException>(() => LogFilter.ParseAll(text)).Message, StringComparison.Ordinal);
}
