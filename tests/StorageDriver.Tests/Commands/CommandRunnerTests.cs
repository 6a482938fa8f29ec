using System.Globalization;
using Cistern.Storage.Backends;
using Cistern.Storage.Commands;
using Cistern.Storage.Errors;
using Cistern.Support;
using Microsoft.Extensions.Logging.Abstractions;

namespace Cistern.Storage.Tests.Commands;

/// <summary>The runner with real processes: shell scripts that stand in a folder of tools.</summary>
public sealed class CommandRunnerTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Output_error_and_exit_status_come_back()
    {
        CommandResult result = await RunAsync("echo out; echo err >&2; exit 3");
        Assert.Equal(new CommandResult(3, "out\n", "err\n"), result);
    }

    [Fact]
    public async Task A_process_ended_by_a_signal_has_its_negated_number_as_status() =>
        Assert.Equal(-15, (await RunAsync("kill -TERM $$")).ExitCode);

    [Fact]
    public async Task Standard_input_is_empty_and_the_environment_is_clean()
    {
        Environment.SetEnvironmentVariable("CISTERN_TEST_LEAK", "1");
        CommandResult result = await RunAsync("cat; /usr/bin/env | /usr/bin/sort");
        Assert.Equal("LC_ALL=C\nPATH=/usr/sbin:/usr/bin:/sbin:/bin\n", string.Concat(result.Output.Split('\n')
            .Where(line => line.StartsWith("LC_", StringComparison.Ordinal) || line.StartsWith("PATH=", StringComparison.Ordinal)
                || line.Contains("CISTERN", StringComparison.Ordinal))
            .Select(line => line + "\n")));
    }

    [Fact]
    public async Task Bytes_go_in_and_come_out_as_they_are()
    {
        byte[] data = new byte[3_000_000];
        new Random(1).NextBytes(data);
        CommandRunner runner = new(Make("/bin/cat"), NullLogger<CommandRunner>.Instance);
        CommandResult result = await runner.RunAsync(new Command("scrub", []) { Input = data, PrintsData = true }, CancellationToken.None);
        Assert.Equal((0, "", ""), (result.ExitCode, result.Output, result.Error));
        Assert.True(result.Data.Span.SequenceEqual(data));
    }

    [Fact]
    public async Task Input_that_is_not_read_is_no_failure()
    {
        CommandRunner runner = new(Make("exit 0"), NullLogger<CommandRunner>.Instance);
        Assert.Equal(0, (await runner.RunAsync(new Command("scrub", []) { Input = new byte[3_000_000] }, CancellationToken.None)).ExitCode);
    }

    [Fact]
    public async Task A_broken_pipe_ends_a_child_as_it_would_in_a_shell() =>
        Assert.Equal("141", (await RunAsync("/bin/bash -c '/usr/bin/yes | /usr/bin/head -1 >/dev/null; echo -n ${PIPESTATUS[0]}'")).Output);

    [Fact]
    public async Task Much_output_on_both_pipes_arrives_whole()
    {
        CommandResult result = await RunAsync("/usr/bin/head -c 3000000 /dev/zero; /usr/bin/head -c 3000000 /dev/zero >&2");
        Assert.Equal((3000000, 3000000), (result.Output.Length, result.Error.Length));
    }

    [Fact]
    public async Task A_child_that_leaves_a_background_process_behind_does_not_keep_the_caller_waiting()
    {
        CommandResult result = await RunAsync("/bin/sleep 600 & echo $!");
        using System.Diagnostics.Process left = System.Diagnostics.Process.GetProcessById(int.Parse(result.Output, CultureInfo.InvariantCulture));
        left.Kill();
    }

    [Fact]
    public async Task The_time_limit_kills_the_whole_process_group()
    {
        string pipe = MakeHoldPipe();
        Task<string> held = Task.Run(() => File.ReadAllText(pipe));
        StorageException error = await Assert.ThrowsAsync<StorageException>(
            () => Runner().RunAsync(new Command("scrub", []) { Timeout = TimeSpan.FromMilliseconds(300) }, CancellationToken.None));
        Assert.Equal(StorageErrorCode.OperationTimeout, error.Code);

        // Lets the reader go that found no writer because the time was over before there was one.
        File.OpenHandle(pipe, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite).Dispose();
        await held.WaitAsync(TimeSpan.FromSeconds(30));
    }

    [Fact]
    public async Task Cancellation_kills_the_whole_process_group()
    {
        string pipe = MakeHoldPipe();
        using CancellationTokenSource cancellation = new();
        Task<CommandResult> running = Runner().RunAsync(new Command("scrub", []), cancellation.Token);
        using StreamReader held = new(pipe);
        Assert.Equal("started", await held.ReadLineAsync());
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
        Assert.Equal("", await held.ReadToEndAsync().WaitAsync(TimeSpan.FromSeconds(30)));
    }

    [Fact]
    public async Task A_failure_is_told_with_command_line_status_and_complaint()
    {
        HostTools tools = Make("echo 'no such device' >&2; exit 5");
        HostContext host = new()
        {
            Commands = new CommandRunner(tools, NullLogger<CommandRunner>.Instance),
            Tools = tools,
            RunDirectory = _folder.Path,
            InstanceId = "test",
            Clock = TimeProvider.System,
            Loggers = NullLoggerFactory.Instance,
        };
        StorageException error = await Assert.ThrowsAsync<StorageException>(
            () => host.RunAsync(new Command("scrub", ["-p", "dod", "/dev/x"]), CancellationToken.None));
        Assert.Equal((StorageErrorCode.InternalError, StorageErrorDomain.None), (error.Code, error.Domain));
        Assert.Equal($"Child process ({_folder["scrub"]} -p dod /dev/x) unexpected exit status 5: no such device", error.Message);
    }

    [Fact]
    public async Task Limits_hold_for_the_tool()
    {
        HostTools tools = new();
        CommandResult result = await new CommandRunner(tools, NullLogger<CommandRunner>.Instance).RunAsync(
            new Command("prlimit", ["--as", "--cpu", "--noheadings", "--raw", "--output", "RESOURCE,SOFT"]) { Limits = (1L << 30, 30) },
            CancellationToken.None);
        Assert.Equal(["AS 1073741824", "CPU 30"], result.Output.Trim().Split('\n').Order(StringComparer.Ordinal));
    }

    /// <summary>Makes the tool <c>scrub</c> a shell script.</summary>
    private HostTools Make(string script)
    {
        File.SetUnixFileMode(
            _folder.Write("scrub", System.Text.Encoding.UTF8.GetBytes("#!/bin/sh\n" + script + "\n")),
            UnixFileMode.UserRead | UnixFileMode.UserExecute);
        return new HostTools([_folder.Path]);
    }

    private CommandRunner Runner() => new(new HostTools([_folder.Path]), NullLogger<CommandRunner>.Instance);

    private Task<CommandResult> RunAsync(string script) =>
        new CommandRunner(Make(script), NullLogger<CommandRunner>.Instance).RunAsync(new Command("scrub", []), CancellationToken.None);

    /// <summary>A pipe, and a tool that holds it open together with a child of its own: who reads it comes to its end when both are gone.</summary>
    private string MakeHoldPipe()
    {
        string pipe = _folder["pipe"];
        using System.Diagnostics.Process mkfifo = System.Diagnostics.Process.Start("mkfifo", pipe);
        mkfifo.WaitForExit();
        Make($"exec 9>{pipe}; /bin/sleep 600 & echo started >&9; /bin/sleep 600");
        return pipe;
    }
}
