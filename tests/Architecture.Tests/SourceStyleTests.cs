using System.Text.RegularExpressions;

namespace Cistern.Architecture.Tests;

public partial class SourceStyleTests
{
    [Fact]
    public void Nothing_is_left_to_do_later()
    {
        var offenders = Lines().Where(line => Later().IsMatch(line.Text)).Select(line => line.ToString());
        Assert.Empty(offenders);
    }

    [Fact]
    public void Every_log_event_has_an_id_of_its_own()
    {
        var ids = Lines()
            .Select(line => EventId().Match(line.Text))
            .Where(match => match.Success)
            .GroupBy(match => match.Groups[1].Value)
            .Where(group => group.Count() > 1)
            .Select(group => group.Key);
        Assert.Empty(ids);
    }

    private static IEnumerable<SourceLine> Lines() =>
        from file in RepositoryRoot.SourceFiles("src")
        from line in File.ReadLines(file).Select((text, index) => new SourceLine(file, index + 1, text))
        select line;

    [GeneratedRegex(@"\b(TODO|FIXME|HACK|XXX)\b|NotImplementedException")]
    private static partial Regex Later();

    [GeneratedRegex(@"LoggerMessage\((?:EventId *= *)?(\d{4})")]
    private static partial Regex EventId();

    private sealed record SourceLine(string File, int Number, string Text);
}
