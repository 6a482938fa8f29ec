using Cistern.Server.Hosting;
using Cistern.Support;
using Microsoft.Extensions.Logging;

namespace Cistern.Server.Tests.Hosting;

public sealed class LineLoggerTests
{
    [Fact]
    public void An_entry_is_one_line_whatever_a_client_put_into_it()
    {
        var output = new StringWriter { NewLine = "\n" };
        using var provider = new LineLoggerProvider(output, new ManualClock(new DateTimeOffset(2024, 2, 3, 4, 5, 6, 7, TimeSpan.Zero)));
        provider.CreateLogger("Cistern.Server.Thing").Log(
            LogLevel.Warning, new EventId(42), "pool 'a\nb\u001b[1m'", new InvalidOperationException("one\ntwo"), (state, _) => state);
        var line = Assert.Single(output.ToString().TrimEnd('\n').Split('\n'));
        Assert.StartsWith(@"2024-02-03T04:05:06.007Z warning Thing[42] pool 'a\nb\x1b[1m': System.InvalidOperationException: one\ntwo", line, StringComparison.Ordinal);
    }
}
