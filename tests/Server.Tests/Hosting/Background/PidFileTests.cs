using System.Globalization;
using Cistern.Server.Hosting.Background;
using Cistern.Support;

namespace Cistern.Server.Tests.Hosting.Background;

/// <summary>That another process is kept out takes one: tests/interop/test_service.py.</summary>
public sealed class PidFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void It_holds_the_process_while_it_is_held()
    {
        File.WriteAllText(_folder["pid"], "a longer text of one that has crashed\n");
        using (PidFile.Take(_folder["pid"]))
        {
            Assert.Equal(Environment.ProcessId.ToString(CultureInfo.InvariantCulture) + "\n", File.ReadAllText(_folder["pid"]));
        }

        Assert.False(File.Exists(_folder["pid"]));
    }

    [Fact]
    public void Others_may_read_it()
    {
        using var file = PidFile.Take(_folder["pid"]);
        Assert.True((File.GetUnixFileMode(_folder["pid"]) & UnixFileMode.OtherRead) != 0);
    }

    [Fact]
    public void A_folder_that_is_not_there_is_named() =>
        Assert.Contains(_folder["no"], Assert.ThrowsAny<IOException>(() => PidFile.Take(_folder["no/pid"])).Message, StringComparison.Ordinal);
}
