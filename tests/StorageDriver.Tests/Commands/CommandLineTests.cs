using Cistern.Storage.Commands;
using Cistern.Storage.Errors;
using Cistern.Support;

namespace Cistern.Storage.Tests.Commands;

public sealed class CommandLineTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_plain_command_is_the_tools_absolute_path_and_its_arguments() =>
        Assert.Equal(["/T/qemu-img", "info", "/a b"], Build(new Command("qemu-img", ["info", "/a b"])));

    [Fact]
    public void Limits_are_set_by_prlimit() =>
        Assert.Equal(
            ["/T/prlimit", "--as=1073741824", "--cpu=30", "--", "/T/qemu-img", "info", "x"],
            Build(new Command("qemu-img", ["info", "x"]) { Limits = (1 << 30, 30) }));

    [Fact]
    public void Another_user_is_taken_before_the_limits() =>
        Assert.Equal(
            ["/T/setpriv", "--reuid=64055", "--regid=106", "--clear-groups", "--", "/T/prlimit", "--as=1", "--cpu=2", "--", "/T/scrub", "-f"],
            Build(new Command("scrub", ["-f"]) { RunAs = (64055, 106), Limits = (1, 2) }));

    [Fact]
    public void A_missing_tool_is_named_with_where_it_was_looked_for()
    {
        HostTools tools = new([_folder.Path]);
        StorageException error = Assert.Throws<StorageException>(() => CommandLine.Build(new Command("scrub", []), tools));
        Assert.Equal(StorageErrorCode.InternalError, error.Code);
        Assert.Equal(StorageErrorDomain.Storage, error.Domain);
        Assert.Equal($"cannot find 'scrub' in {_folder.Path}: it is not installed", error.Message);
    }

    [Fact]
    public void A_tool_outside_the_table_is_refused() =>
        Assert.Throws<ArgumentException>(() => CommandLine.Build(new Command("rm", ["-rf"]), new HostTools()));

    [Fact]
    public void A_file_that_is_not_executable_is_not_a_tool()
    {
        _folder.Write("scrub", []);
        Assert.Null(new HostTools([_folder.Path]).Find("scrub"));
    }

    [Fact]
    public void A_tool_installed_later_is_found_then()
    {
        HostTools tools = new([_folder.Path]);
        Assert.Null(tools.Find("scrub"));
        Install("scrub");
        Assert.Equal(_folder["scrub"], tools.Find("scrub"));
    }

    [Fact]
    public void The_table_is_in_alphabetical_order() => Assert.Equal(HostTools.Table.Order(StringComparer.Ordinal), HostTools.Table);

    private IEnumerable<string> Build(Command command)
    {
        foreach (string tool in HostTools.Table)
        {
            Install(tool);
        }

        return CommandLine.Build(command, new HostTools([_folder.Path])).Select(part => part.Replace(_folder.Path, "/T", StringComparison.Ordinal));
    }

    private void Install(string tool) => File.SetUnixFileMode(_folder.Write(tool, []), UnixFileMode.UserRead | UnixFileMode.UserExecute);
}
