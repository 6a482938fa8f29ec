using Cistern.Server.Logging;

namespace Cistern.Server.Tests.Logging;

public sealed class LogOutputTests
{
    [Theory]
    [InlineData("", "")]
    [InlineData("1:stderr 2:journald 3:syslog:me 4:file:/a/../b", "1:stderr 2:journald 3:syslog:me 4:file:/b")]
    [InlineData("1:stderr 2:journald 3:stderr", "2:journald 3:stderr")]
    [InlineData("1:file:/a 2:file:/b 3:file:/a", "2:file:/b 3:file:/a")]
    public void Outputs_are_told_as_they_were_set_and_the_last_to_a_place_counts(string text, string told) =>
        Assert.Equal(told, string.Join(' ', LogOutput.ParseAll(text)));

    [Theory]
    [InlineData("stderr", "'stderr' is not priority:destination")]
    [InlineData("9:stderr", "'9' in '9:stderr' is no log priority")]
    [InlineData("1:printer", "'printer' in the log output '1:printer' is none of stderr, syslog, file, journald")]
    [InlineData("1:stderr:x", "'1:stderr:x' is not priority:stderr")]
    [InlineData("1:file", "'1:file' is not priority:file:name")]
    [InlineData("1:syslog:", "'1:syslog:' is not priority:syslog:name")]
    [InlineData("1:stderr 1:file:/a:b", "'1:file:/a:b' is not priority:file:name")]
    public void A_mistake_is_named(string text, string says) =>
        Assert.Contains(says, Assert.Throws<FormatException>(() => LogOutput.ParseAll(text)).Message, StringComparison.Ordinal);
}
