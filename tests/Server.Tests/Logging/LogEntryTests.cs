using Cistern.Server.Logging;
using Microsoft.Extensions.Logging;

namespace Cistern.Server.Tests.Logging;

public sealed class LogEntryTests
{
    [Fact]
    public void An_entry_is_one_line_whatever_a_client_put_into_it()
    {
        var entry = new LogEntry(
            new DateTimeOffset(2024, 2, 3, 4, 5, 6, 7, TimeSpan.Zero), LogLevel.Warning, "Cistern.Server.Thing", new EventId(42), "pool 'a\nb\u001b[1m'",
            new InvalidOperationException("one\ntwo"));
        Assert.Equal(@"2024-02-03T04:05:06.007Z warning Thing[42] pool 'a\nb\x1b[1m': System.InvalidOperationException: one\ntwo", entry.ToLine());
    }
}
