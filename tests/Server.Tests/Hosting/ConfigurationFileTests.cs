using System.Security.Authentication;
using Cistern.Server.Auth;
using Cistern.Server.Auth.Access;
using Cistern.Server.Hosting;
using Cistern.Server.Logging;
using Cistern.Server.Services.Node;
using Cistern.Support;
using Microsoft.Extensions.Logging;

namespace Cistern.Server.Tests.Hosting;

public sealed class ConfigurationFileTests
{
    private static readonly ServerOptions Defaults = new() { Folders = InstanceFolders.Below("/r") };

    [Fact]
    public void Every_key_changes_its_option()
    {
        var options = Apply("live_pools = 0\nlive_pools_off = [ \"a\", 'b c' ]\ndelete_guard = 0\n");
        Assert.False(options.LivePools);
        Assert.Equal(["a", "b c"], options.NotLivePools.Order());
        Assert.False(options.DeleteGuard);

        options = Apply("live_pools = 1; delete_guard = +1");
        Assert.True(options.LivePools && options.DeleteGuard);
        Assert.Empty(options.NotLivePools);
    }

    [Fact]
    public void The_keys_of_sockets_and_authentication_change_their_options()
    {
        var options = Apply("""
            listen_tls = 0
            listen_tcp = 1
            listen_addr = "192.168.0.1"
            tls_port = "26514"
            tcp_port = 26509
            auth_unix_ro = "none"
            auth_unix_rw = "sasl"
            auth_tcp = "none"
            auth_tls = "sasl"
            tcp_min_ssf = 112
            sasl_allowed_username_list = [ "joe@EXAMPLE.COM" ]
            key_file = "/k"
            cert_file = "/c"
            ca_file = "/a"
            crl_file = "/r"
            tls_no_sanity_certificate = 1
            tls_no_verify_certificate = 1
            tls_allowed_dn_list = []
            tls_priority = "NORMAL:-VERS-TLS1.3"
            max_anonymous_clients = 7
            """);
        Assert.Equal(new NetworkOptions { ListensForTls = false, ListensForTcp = true, Address = "192.168.0.1", TlsPort = 26514, TcpPort = 26509 }, options.Network);
        Assert.Equal(new AuthOptions { UnixReadWrite = AuthScheme.Sasl, Tcp = AuthScheme.None, Tls = AuthScheme.Sasl }, options.Auth);
        Assert.Equal((112, "joe@EXAMPLE.COM"), (options.Sasl.MinimumTcpStrength, Assert.Single(options.Sasl.AllowedUserNames!)));
        Assert.True(options.TlsOptions is
        {
            KeyFile: "/k", CertificateFile: "/c", CaFile: "/a", RevocationFile: "/r", VerifiesItself: false, VerifiesClients: false, AllowedNames: [],
            Protocols: SslProtocols.Tls12,
        });
        Assert.Equal(7, options.Rpc.MaxUnauthenticatedClients);
        Assert.Equal(0, Apply("max_anonymous_clients = 0").Rpc.MaxUnauthenticatedClients);
    }

    [Fact]
    public void The_keys_of_sockets_and_access_are_libvirts()
    {
        var options = Apply("""
            auth_unix_rw = "polkit"
            auth_unix_ro = 'none'
            access_drivers = [ "polkit", "none" ]
            unix_sock_dir = "/s"
            unix_sock_group = "libvirt"
            unix_sock_rw_perms = "0770"
            unix_sock_ro_perms = "777"
            unix_sock_admin_perms = "0600"
            """);
        Assert.Equal((AuthScheme.Polkit, AuthScheme.None), (options.Auth.UnixReadWrite, options.Auth.UnixReadOnly));
        Assert.Equal([AccessDriverKind.None, AccessDriverKind.Polkit], options.AccessDrivers.Order());
        Assert.Equal("/s/libvirt-sock", options.Folders.Socket);
        Assert.Equal("libvirt", options.UnixSockets.Group);
        Assert.Equal((0x1f8, 0x1ff, 0x180), ((int)options.UnixSockets.ReadWrite!, (int)options.UnixSockets.ReadOnly!, (int)options.UnixSockets.Admin));
        Assert.Equal([AccessDriverKind.Polkit], Apply("access_drivers = 'polkit'").AccessDrivers);
    }

    [Fact]
    public void The_keys_of_limits_and_keepalive_change_their_options()
    {
        var options = Apply("""
            max_clients = 11
            max_queued_clients = 12
            max_client_requests = 13
            keepalive_interval = 14
            keepalive_count = 0
            admin_max_clients = 15
            admin_max_queued_clients = 16
            admin_max_client_requests = 17
            """);
        Assert.Equal((11, 13, TimeSpan.FromSeconds(14), 0), (options.Rpc.MaxClients, options.Rpc.MaxClientRequests, options.Rpc.KeepAliveInterval, options.Rpc.KeepAliveCount));
        Assert.Equal(12, options.MaxQueuedClients);
        Assert.Equal(new AdminOptions { MaxClients = 15, MaxQueuedClients = 16, MaxClientRequests = 17 }, options.Admin);
        Assert.True(Apply("keepalive_interval = -1").Rpc.KeepAliveInterval < TimeSpan.Zero);
        Assert.Empty(options.Warnings);
    }

    [Fact]
    public void The_keys_of_the_log_and_the_host_change_their_options()
    {
        var options = Apply("""
            log_level = 1
            log_filters = "1:rpc 3:storage"
            log_outputs = "2:stderr 1:file:/l"
            host_uuid = "c7a5fdbd-edaf-9455-926a-d65c16db1809"
            host_uuid_source = "machine-id"
            """);
        Assert.Equal(LogLevel.Trace, options.LogLevel);
        Assert.Equal([new LogFilter(1, "rpc"), new LogFilter(3, "storage")], options.Log.Filters.ToArray());
        Assert.Equal([new LogOutput(2, LogDestination.Stderr), new LogOutput(1, LogDestination.File, "/l")], options.Log.Outputs.ToArray());
        Assert.Equal(new HostIdentity(Guid.Parse("c7a5fdbd-edaf-9455-926a-d65c16db1809"), IsMachineId: true), options.HostIdentity);
        Assert.Equal(Defaults.LogLevel, Apply("log_level = 0").LogLevel);
        Assert.Equal(LogLevel.Error, Apply("log_level = 4").LogLevel);
    }

    [Theory]
    [InlineData("min_workers")]
    [InlineData("max_workers")]
    [InlineData("prio_workers")]
    [InlineData("admin_min_workers")]
    [InlineData("admin_max_workers")]
    [InlineData("max_requests")]
    [InlineData("keepalive_required")]
    [InlineData("admin_keepalive_required")]
    [InlineData("admin_keepalive_interval")]
    [InlineData("admin_keepalive_count")]
    [InlineData("audit_level")]
    [InlineData("audit_logging")]
    [InlineData("ovs_timeout")]
    public void A_key_of_libvirts_that_means_nothing_here_is_taken_and_named(string key)
    {
        Assert.StartsWith($"file:2: '{key}' has no effect: ", Assert.Single(Apply($"\n{key} = 1").Warnings), StringComparison.Ordinal);
        Assert.Throws<FormatException>(() => Apply($"{key} = 'x'"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("\n\n  # only remarks\n\t#live_pools = 0")]
    [InlineData(";;\r\n;")]
    public void What_says_nothing_changes_nothing(string text) => Assert.Equal(Defaults, Apply(text));

    [Theory]
    [InlineData("live_pools_off = []")]
    [InlineData("live_pools_off = [ ] # none", new string[0])]
    [InlineData("live_pools_off=['a']", "a")]
    [InlineData("  live_pools_off\t=\t\"it's\"  ", "it's")]
    [InlineData("live_pools_off = [\n  \"a\", # the first\n  # none here\n  'say \"b\"',\n]\n", "a", "say \"b\"")]
    [InlineData("live_pools_off = \"\"\"a\nb\"\"\"", "a\nb")]
    [InlineData("live_pools_off = 'back\\slash'", "back\\slash")]
    [InlineData("live_pools_off = '#1'\r\n", "#1")]
    public void Strings_and_lists_are_taken_as_libvirt_takes_them(string text, params string[] pools) =>
        Assert.Equal(pools, Apply(text).NotLivePools.Order(StringComparer.Ordinal));

    [Theory]
    [InlineData("live_poools = 1", "file:1: unknown key 'live_poools'")]
    [InlineData("\n# c\nlive_pools_off = [\n'a'\n]\nnone = 1", "file:6: unknown key 'none'")]
    [InlineData("live_pools = 1\nlive_pools = 1", "file:2: 'live_pools' is set twice")]
    [InlineData("live_pools = 2", "file:1: 'live_pools' must be 0 or 1")]
    [InlineData("live_pools = \"1\"", "file:1: 'live_pools' must be 0 or 1")]
    [InlineData("live_pools_off = 1", "file:1: 'live_pools_off' must be a list of strings")]
    [InlineData("tls_port = 'libvirt'", "file:1: 'tls_port' must be a port's number")]
    [InlineData("tcp_port = 65536", "file:1: 'tcp_port' must be a port's number")]
    [InlineData("tcp_min_ssf = 55", "file:1: 'tcp_min_ssf' must be a number from 56 on")]
    [InlineData("auth_tcp = 'polkit'", "file:1: 'auth_tcp' must be one of none, sasl, not 'polkit'")]
    [InlineData("ca_file = 1", "file:1: 'ca_file' must be a string")]
    [InlineData("max_client_requests = 0", "file:1: 'max_client_requests' must be a number from 1 on")]
    [InlineData("log_level = 5", "file:1: 'log_level' must be 1 (debug), 2 (information), 3 (warning) or 4 (error)")]
    [InlineData("log_filters = 'x'", "file:1: 'log_filters': the log filter 'x' is not priority:pattern")]
    [InlineData("log_outputs = '1:file'", "file:1: 'log_outputs': the log output '1:file' is not priority:file:name")]
    [InlineData("host_uuid = '11111111-1111-1111-1111-111111111111'", "file:1: 'host_uuid' must be a uuid whose digits are not all the same")]
    [InlineData("host_uuid = 'x'", "file:1: 'host_uuid' must be a uuid whose digits are not all the same")]
    [InlineData("host_uuid_source = 'dice'", "file:1: 'host_uuid_source' must be one of smbios, machine-id, not 'dice'")]
    [InlineData("live_pools = yes", "file:1: a number, a quoted string or a list in brackets is expected, not 'y'")]
    [InlineData("live_pools =\n1", "file:1: a number, a quoted string or a list in brackets is expected, not 'the end of the line'")]
    [InlineData("live_pools", "file:1: '=' is expected after 'live_pools', not 'the end of the file'")]
    [InlineData("= 1", "file:1: a key is expected, not '='")]
    [InlineData("1a = 1", "file:1: a key is expected, not '1'")]
    [InlineData("a.b = 1", "file:1: '=' is expected after 'a', not '.'")]
    [InlineData("live_pools = 1 delete_guard = 1", "file:1: the line should end after the value of 'live_pools'")]
    [InlineData("live_pools = 0x1", "file:1: the line should end after the value of 'live_pools'")]
    [InlineData("live_pools = -", "file:1: '-' is not a number")]
    [InlineData("live_pools = 99999999999999999999", "file:1: '99999999999999999999' is not a number")]
    [InlineData("live_pools_off = 'a", "file:1: a string has no end")]
    [InlineData("live_pools_off = 'a\nb'", "file:1: a string has no end on its line")]
    [InlineData("live_pools_off = [ 'a' 'b' ]", "file:1: ',' or ']' is expected in a list, not '''")]
    [InlineData("live_pools_off = [ 'a',\n 1 ]", "file:2: a quoted string is expected in a list, not '1'")]
    [InlineData("auth_unix_rw = 'polkitd'", "file:1: 'auth_unix_rw' must be one of none, sasl, polkit, not 'polkitd'")]
    [InlineData("access_drivers = [ 'polkit', 'selinux' ]", "file:1: 'access_drivers' must be one of none, polkit, not 'selinux'")]
    [InlineData("unix_sock_group = 5", "file:1: 'unix_sock_group' must be a string")]
    [InlineData("unix_sock_rw_perms = '0888'", "file:1: 'unix_sock_rw_perms' must be permissions in octal digits, such as \"0770\"")]
    [InlineData("unix_sock_rw_perms = '1777'", "file:1: 'unix_sock_rw_perms' must be permissions in octal digits, such as \"0770\"")]
    [InlineData("unix_sock_rw_perms = '77777777777'", "file:1: 'unix_sock_rw_perms' must be permissions in octal digits, such as \"0770\"")]
    [InlineData("unix_sock_rw_perms = ''", "file:1: 'unix_sock_rw_perms' must be permissions in octal digits, such as \"0770\"")]
    [InlineData("live_pools_off = [ 'a',", "file:1: a quoted string is expected in a list, not 'the end of the file'")]
    public void A_mistake_is_named_with_file_and_line(string text, string message) =>
        Assert.Equal(message, Assert.Throws<FormatException>(() => Apply(text)).Message);

    [Fact]
    public void The_instances_own_file_may_be_missing_and_one_that_was_named_may_not()
    {
        using var root = new TemporaryFolder();
        var options = new ServerOptions { Folders = InstanceFolders.Below(root.Path) };
        Assert.Same(options, ConfigurationFile.Apply(options));

        Directory.CreateDirectory(root["config"]);
        File.WriteAllText(root["config/cisternd.conf"], "live_pools = 0");
        Assert.False(ConfigurationFile.Apply(options).LivePools);

        File.WriteAllText(root["other"], "delete_guard = 0");
        var named = ConfigurationFile.Apply(options with { ConfigurationFile = root["other"] });
        Assert.True(named is { LivePools: true, DeleteGuard: false });
        Assert.Throws<FileNotFoundException>(() => ConfigurationFile.Apply(options with { ConfigurationFile = root["none"] }));
    }

    private static ServerOptions Apply(string text) => ConfigurationFile.Apply(Defaults, "file", text);
}
