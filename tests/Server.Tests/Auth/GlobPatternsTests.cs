using Cistern.Server.Auth;

namespace Cistern.Server.Tests.Auth;

public sealed class GlobPatternsTests
{
    [Theory]
    [InlineData("*", "", true)]
    [InlineData("*", "anything", true)]
    [InlineData("", "", true)]
    [InlineData("", "a", false)]
    [InlineData("a", "a", true)]
    [InlineData("a", "A", false)]
    [InlineData("?", "é", true)]
    [InlineData("?", "", false)]
    [InlineData("*@EXAMPLE.COM", "joe@EXAMPLE.COM", true)]
    [InlineData("*@EXAMPLE.COM", "joe@EXAMPLE.COM.evil", false)]
    [InlineData("C=GB,*,CN=*", "C=GB,O=Red Hat,CN=host", true)]
    [InlineData("a*b*c", "aXbXbXc", true)]
    [InlineData("a*b*c", "aXbXbX", false)]
    [InlineData("a**", "a", true)]
    [InlineData("[a]", "a", false)]
    [InlineData("[a]", "[a]", true)]
    [InlineData("a.c", "abc", false)]
    public void A_pattern_has_stars_and_question_marks(string pattern, string text, bool matches) =>
        Assert.Equal(matches, new GlobPatterns([pattern]).Match(text));

    [Fact]
    public void One_of_the_list_suffices_and_an_empty_list_has_none()
    {
        Assert.True(new GlobPatterns(["b", "a*"]).Match("abc"));
        Assert.False(new GlobPatterns([]).Match("abc"));
    }

    [Fact]
    public void Many_stars_take_no_more_than_their_time() =>
        Assert.False(new GlobPatterns([string.Concat(Enumerable.Repeat("*a", 200)) + "b"]).Match(new string('a', 2000)));
}
