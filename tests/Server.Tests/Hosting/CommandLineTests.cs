using System.Net;
using Cistern.Server.Auth;
using Cistern.Server.Hosting;
using Microsoft.Extensions.Logging;

namespace Cistern.Server.Tests.Hosting;

public sealed class CommandLineTests
{
    [Fact]
    public void Without_arguments_the_instance_is_the_users_own_with_a_default_pool_and_the_standard_port()
    {
        var options = Options();
        Assert.Equal(new IPEndPoint(IPAddress.Loopback, 16509), options.Tcp);
        Assert.True(options.AnyPortWhenTaken);
        Assert.True(options.DefaultPool);
        Assert.Equal("/home/u/.config/cistern/storage", options.Folders.PoolDefinitions);
        Assert.Equal(LogLevel.Information, options.LogLevel);
    }

    [Fact]
    public void A_root_keeps_everything_below_it_and_listens_on_tcp_only_when_told()
    {
        var options = Options("--root", "/srv/c");
        Assert.Equal(new InstanceFolders("/srv/c/config", "/srv/c/run", "/srv/c/run", "/srv/c/images"), options.Folders);
        Assert.Null(options.Tcp);
        Assert.False(options.DefaultPool);
    }

    [Theory]
    [InlineData("127.0.0.1:0", "127.0.0.1", 0)]
    [InlineData("localhost:7", "127.0.0.1", 7)]
    [InlineData("[::1]:16509", "::1", 16509)]
    public void A_tcp_address_is_taken_exactly(string text, string address, int port)
    {
        var options = Options("--root", "/r", $"--tcp={text}");
        Assert.Equal(new IPEndPoint(IPAddress.Parse(address), port), options.Tcp);
        Assert.False(options.AnyPortWhenTaken);
    }

    [Fact]
    public void Tls_and_what_the_file_says_are_listened_for_when_asked()
    {
        var options = Options("--tls", "0.0.0.0:0");
        Assert.Equal(new IPEndPoint(IPAddress.Any, 0), options.Tls);
        Assert.False(options.AnyPortWhenTaken || options.ListensAsConfigured);

        options = Options("--listen");
        Assert.True(options.ListensAsConfigured);
        Assert.Null(options.Tcp);
        Assert.True(options.Network is { ListensForTls: true, ListensForTcp: false, TlsPort: 16514, TcpPort: 16509, Address: null });
    }

    [Fact]
    public void A_socket_folder_changes_only_where_the_sockets_are()
    {
        var folders = Options("--root", "/r", "--socket-dir", "/s").Folders;
        Assert.Equal(("/s/libvirt-sock", "/s/libvirt-sock-ro", "/r/run/storage"), (folders.Socket, folders.ReadOnlySocket, folders.PoolStates));
    }

    [Fact]
    public void A_system_instance_has_libvirts_places_and_asks_polkit()
    {
        var options = Options("--system");
        Assert.Equal(("/run/libvirt/libvirt-sock", "/run/libvirt/libvirt-sock-ro", "/run/libvirt/libvirt-admin-sock"),
            (options.Folders.Socket, options.Folders.ReadOnlySocket, options.Folders.AdminSocket));
        Assert.Equal(("/etc/libvirt/storage", "/run/libvirt/common/system.token"), (options.Folders.PoolDefinitions, options.Folders.SystemToken));
        Assert.Equal((AuthScheme.Polkit, AuthScheme.Polkit), (options.Auth.UnixReadWrite, options.Auth.UnixReadOnly));
        Assert.Null(options.Tcp);
        Assert.False(options.DefaultPool);
    }

    [Fact]
    public void A_session_is_where_libvirts_clients_look_for_it()
    {
        var options = CommandLine.Parse(["--session"], name => name == "XDG_RUNTIME_DIR" ? "/run/user/7" : Environment(name)).Options!;
        Assert.Equal("/run/user/7/libvirt/libvirt-sock", options.Folders.Socket);
        Assert.Equal("/home/u/.config/libvirt/storage", options.Folders.PoolDefinitions);
        Assert.Equal(AuthScheme.None, options.Auth.UnixReadWrite);
        Assert.Null(options.Tcp);
    }

    [Fact]
    public void The_sockets_can_have_a_storage_daemons_names()
    {
        var folders = Options("--system", "--socket-prefix", "virtstoraged").Folders;
        Assert.Equal(("/run/libvirt/virtstoraged-sock", "/run/libvirt/virtstoraged-sock-ro", "/run/libvirt/virtstoraged-admin-sock"),
            (folders.Socket, folders.ReadOnlySocket, folders.AdminSocket));
    }

    [Theory]
    [InlineData("--system")]
    [InlineData("--session")]
    public void A_root_has_places_of_its_own(string place) =>
        Assert.Contains(place, CommandLine.Parse([place, "--root", "/r"], Environment).Message, StringComparison.Ordinal);

    [Fact]
    public void A_configuration_file_can_be_named()
    {
        Assert.Equal("/c/f", Options("--config", "/c/f").ConfigurationFile);
        Assert.Null(Options().ConfigurationFile);
    }

    [Fact]
    public void The_default_pool_can_be_left_out() => Assert.False(Options("--no-default-pool").DefaultPool);

    [Fact]
    public void The_log_level_is_a_word() => Assert.Equal(LogLevel.Debug, Options("--log-level", "debug").LogLevel);

    [Fact]
    public void A_server_of_the_system_can_run_in_the_background_hold_a_file_and_end_when_idle()
    {
        var request = CommandLine.Parse(["--root", "/r", "-d", "-p", "/run/p", "-t", "120", "-v"], Environment);
        Assert.True(request is { Detaches: true, ChecksOnly: false });
        Assert.True(request.Options is { PidFile: "/run/p", LogLevel: LogLevel.Debug });
        Assert.Equal(TimeSpan.FromMinutes(2), request.Options!.IdleTimeout);

        request = CommandLine.Parse(["--check-config", "-f", "/c"], Environment);
        Assert.True(request is { Detaches: false, ChecksOnly: true, Options: { ConfigurationFile: "/c", PidFile: null, IdleTimeout: null } });
    }

    [Theory]
    [InlineData("--timeout=0", "'0'")]
    [InlineData("--timeout=-1", "'-1'")]
    [InlineData("--timeout=5s", "'5s'")]
    [InlineData("--timeout=99999999", "'99999999'")]
    [InlineData("--pid-file", "--pid-file")]
    [InlineData("--daemon=1", "--daemon")]
    [InlineData("--check-config=f", "--check-config")]
    [InlineData("--bogus", "--bogus")]
    [InlineData("extra", "extra")]
    [InlineData("--root", "--root")]
    [InlineData("--root=", "--root")]
    [InlineData("--config", "--config")]
    [InlineData("--tcp=host:1", "host")]
    [InlineData("--tcp=127.0.0.1", "127.0.0.1")]
    [InlineData("--tcp=127.0.0.1:65536", "65536")]
    [InlineData("--tcp=127.0.0.1:-1", "-1")]
    [InlineData("--tls=host:1", "--tls")]
    [InlineData("--listen=1", "--listen")]
    [InlineData("--log-level=3", "'3'")]
    [InlineData("--socket-prefix=a/b", "'a/b'")]
    [InlineData("--no-default-pool=yes", "--no-default-pool")]
    public void A_bad_argument_is_named_and_ends_with_code_2(string argument, string named)
    {
        var request = CommandLine.Parse([argument], Environment);
        Assert.Null(request.Options);
        Assert.Equal(2, request.ExitCode);
        Assert.Contains(named, request.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Help_and_version_are_printed_with_code_0()
    {
        Assert.Equal((0, CommandLine.Usage), (CommandLine.Parse(["--help"], Environment).ExitCode, CommandLine.Parse(["--help"], Environment).Message));
        Assert.Matches(@"^cisternd \d+\.\d+\.\d+", CommandLine.Parse(["--version"], Environment).Message);
    }

    private static string? Environment(string name) => name == "HOME" ? "/home/u" : null;

    private static ServerOptions Options(params string[] arguments)
    {
        var request = CommandLine.Parse(arguments, Environment);
        Assert.NotNull(request.Options);
        return request.Options;
    }
}
