using System.Security.Authentication;
using Cistern.Server.Transport.Tls;

namespace Cistern.Server.Tests.Transport.Tls;

public sealed class TlsPriorityTests
{
    [Theory]
    [InlineData("NORMAL", SslProtocols.Tls12 | SslProtocols.Tls13)]
    [InlineData("NORMAL:-VERS-ALL:+VERS-TLS1.3", SslProtocols.Tls13)]
    [InlineData("NORMAL:-VERS-TLS1.3", SslProtocols.Tls12)]
    [InlineData("NORMAL:!VERS-TLS1.2", SslProtocols.Tls13)]
    [InlineData("NORMAL:-VERS-TLS1.0:-VERS-TLS1.1", SslProtocols.Tls12 | SslProtocols.Tls13)]
    public void Versions_are_taken(string priority, SslProtocols expected) => Assert.Equal(expected, TlsPriority.Parse(priority));

    [Theory]
    [InlineData("", "''")]
    [InlineData("SECURE256", "'SECURE256'")]
    [InlineData("NORMAL:", "''")]
    [InlineData("NORMAL:-AES-128-CBC", "'-AES-128-CBC'")]
    [InlineData("NORMAL:%SERVER_PRECEDENCE", "'%SERVER_PRECEDENCE'")]
    [InlineData("NORMAL:-VERS-ALL", "no version")]
    [InlineData("NORMAL:-VERS-ALL:+VERS-TLS1.1", "no version")]
    public void What_cannot_be_applied_is_named(string priority, string named) =>
        Assert.Contains(named, Assert.Throws<FormatException>(() => TlsPriority.Parse(priority)).Message, StringComparison.Ordinal);
}
