using Cistern.Server.Auth;
using Cistern.Support;

namespace Cistern.Server.Tests.Auth;

public sealed class SystemTokenTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData("secret", "secret", true)]
    [InlineData("secret", "Secret", false)]
    [InlineData("secret", "secre", false)]
    [InlineData("secret", "", false)]
    [InlineData("", "", false)]
    public async Task Only_the_whole_secret_is_it(string written, string told, bool expected)
    {
        await File.WriteAllTextAsync(_folder["token"], written);
        Assert.Equal(expected, await new SystemToken(_folder["token"]).IsAsync(told, default));
    }

    [Fact]
    public async Task Without_a_file_nothing_is_it() => Assert.False(await new SystemToken(_folder["none"]).IsAsync("", default));

    public void Dispose() => _folder.Dispose();
}
