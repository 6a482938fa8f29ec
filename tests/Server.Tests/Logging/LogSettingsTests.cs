using System.ComponentModel;
using System.Net.Sockets;
using System.Text;
using Cistern.Server.Logging;
using Cistern.Support;
using Microsoft.Extensions.Logging;

namespace Cistern.Server.Tests.Logging;

public sealed class LogSettingsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly StringWriter _error = new() { NewLine = "\n" };
    private readonly LogSettings _settings;

    public LogSettingsTests()
    {
        var places = new LogPlaces(_error) { Syslog = _folder["syslog"], Journal = _folder["journal"] };
        _settings = new LogSettings(LogLevel.Information, places, new ManualClock(new DateTimeOffset(2024, 2, 3, 4, 5, 6, TimeSpan.Zero)));
    }

    public void Dispose()
    {
        _settings.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void At_first_everything_from_the_given_level_on_goes_to_the_standard_error()
    {
        Log("A.B", LogLevel.Debug, "not this");
        Log("A.B", LogLevel.Information, "this");
        Assert.Equal("2024-02-03T04:05:06.000Z info B[7] this\n", _error.ToString());
        Assert.Equal("2:stderr", string.Join(' ', _settings.Outputs));
        Assert.Empty(_settings.Filters);
    }

    [Fact]
    public void The_first_filter_that_fits_decides_for_a_logger_that_was_there_before()
    {
        var logger = _settings.CreateLogger("Cistern.Server.Rpc.RpcServer");
        Assert.False(logger.IsEnabled(LogLevel.Debug));
        _settings.SetOutputs(LogOutput.ParseAll("1:stderr"));
        _settings.SetFilters(LogFilter.ParseAll("4:storage 1:rpc 4:server"));
        Assert.True(logger.IsEnabled(LogLevel.Debug));
        Assert.False(_settings.CreateLogger("Cistern.Server.Hosting.X").IsEnabled(LogLevel.Warning));
        Assert.True(_settings.CreateLogger("Other").IsEnabled(LogLevel.Information));
        Assert.False(_settings.CreateLogger("Other").IsEnabled(LogLevel.Debug));
        Log("Cistern.Server.Rpc.RpcServer", LogLevel.Debug, "heard");
        Assert.Contains("debug RpcServer[7] heard", _error.ToString(), StringComparison.Ordinal);
        _settings.SetFilters([]);
        Assert.False(logger.IsEnabled(LogLevel.Debug));
    }

    [Fact]
    public void Each_output_takes_what_is_important_enough_for_it()
    {
        var (all, errors) = (_folder["all"], _folder["errors"]);
        File.WriteAllText(all, "before\n");
        _settings.SetOutputs(LogOutput.ParseAll($"1:file:{all} 4:file:{errors}"));
        Log("A", LogLevel.Warning, "odd");
        Log("A", LogLevel.Critical, "bad");
        Assert.Equal(["before", "2024-02-03T04:05:06.000Z warning A[7] odd", "2024-02-03T04:05:06.000Z critical A[7] bad"], File.ReadAllLines(all));
        Assert.Equal(["2024-02-03T04:05:06.000Z critical A[7] bad"], File.ReadAllLines(errors));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(errors));
        Assert.Empty(_error.ToString());
    }

    [Fact]
    public void No_outputs_are_those_of_the_beginning()
    {
        _settings.SetOutputs(LogOutput.ParseAll($"1:file:{_folder["log"]}"));
        _settings.SetOutputs([]);
        Log("A", LogLevel.Information, "back");
        Assert.Contains("back", _error.ToString(), StringComparison.Ordinal);
        Assert.Empty(File.ReadAllText(_folder["log"]));
    }

    [Fact]
    public void A_file_that_cannot_be_opened_changes_nothing()
    {
        var failure = Assert.Throws<Win32Exception>(() => _settings.SetOutputs(LogOutput.ParseAll($"1:file:{_folder["log"]} 1:file:{_folder["no/log"]}")));
        Assert.Equal(2, failure.NativeErrorCode);
        Assert.Contains(_folder["no/log"], failure.Message, StringComparison.Ordinal);
        Log("A", LogLevel.Error, "still here");
        Assert.Contains("still here", _error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_daemon_gets_a_datagram_for_each_message_in_its_own_format_as_soon_as_it_is_there()
    {
        _settings.SetOutputs(LogOutput.ParseAll("1:syslog:me 1:journald"));
        Log("A.B", LogLevel.Error, "nobody hears it");
        using var syslog = Bind("syslog");
        using var journal = Bind("journal");
        Log("A.B", LogLevel.Error, "broken\nMESSAGE=fake");
        Assert.Matches($@"^<11>Feb  3 \d\d:05:06 me\[{Environment.ProcessId}\]: B\[7\] broken\\nMESSAGE=fake$", Receive(syslog));
        Assert.Equal("PRIORITY=3\nSYSLOG_IDENTIFIER=cisternd\nCISTERN_SOURCE=A.B\nMESSAGE=B[7] broken\\nMESSAGE=fake\n", Receive(journal));
        Log("A.B", LogLevel.Information, new string('x', 100_000));
        Assert.Equal(32 * 1024, Receive(syslog).Length);
    }

    private void Log(string source, LogLevel level, string text) =>
        _settings.CreateLogger(source).Log(level, new EventId(7), text, null, (state, _) => state);

    private Socket Bind(string name)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified) { ReceiveTimeout = 60_000 };
        socket.Bind(new UnixDomainSocketEndPoint(_folder[name]));
        return socket;
    }

    private static string Receive(Socket socket)
    {
        var buffer = new byte[200_000];
        return Encoding.UTF8.GetString(buffer, 0, socket.Receive(buffer));
    }
}
