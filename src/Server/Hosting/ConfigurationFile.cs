using System.Collections.Frozen;
using Cistern.Server.Auth;
using Cistern.Server.Auth.Access;
using Cistern.Server.Auth.Sasl;
using Cistern.Server.Logging;
using Cistern.Server.Transport.Tls;

namespace Cistern.Server.Hosting;

/// <summary>The configuration file: what each of its keys changes in the options.</summary>
internal static class ConfigurationFile
{
    private const string NoWorkers = "there is no pool of workers, each call runs by itself";
    private const string AllServed = "clients that know no keepalive are served, too";
    private const string NotAsked = "administrators' clients ask the server whether it lives, and cannot say that they would answer";
    private const string NoGuests = "libvirt's audit records are about guests, and this server has none";

    private static readonly FrozenDictionary<string, Func<ServerOptions, ConfigurationSetting, ServerOptions>> Keys =
        new Dictionary<string, Func<ServerOptions, ConfigurationSetting, ServerOptions>>
        {
            ["live_pools"] = (options, setting) => options with { LivePools = setting.Flag },
            ["live_pools_off"] = (options, setting) => options with { NotLivePools = [.. setting.Strings] },
            ["delete_guard"] = (options, setting) => options with { DeleteGuard = setting.Flag },
            ["secret_socket"] = (options, setting) => options with { SecretSocket = setting.Text },
            ["auth_unix_rw"] = (options, setting) => options with { Auth = options.Auth with { UnixReadWrite = UnixScheme(setting) } },
            ["auth_unix_ro"] = (options, setting) => options with { Auth = options.Auth with { UnixReadOnly = UnixScheme(setting) } },
            ["access_drivers"] = (options, setting) =>
                options with { AccessDrivers = [.. setting.SomeOf(("none", AccessDriverKind.None), ("polkit", AccessDriverKind.Polkit))] },
            ["unix_sock_dir"] = (options, setting) => options with { Folders = options.Folders with { Sockets = Path.GetFullPath(setting.Text) } },
            ["unix_sock_group"] = (options, setting) => options with { UnixSockets = options.UnixSockets with { Group = setting.Text } },
            ["unix_sock_rw_perms"] = (options, setting) => options with { UnixSockets = options.UnixSockets with { ReadWrite = setting.Permissions } },
            ["unix_sock_ro_perms"] = (options, setting) => options with { UnixSockets = options.UnixSockets with { ReadOnly = setting.Permissions } },
            ["unix_sock_admin_perms"] = (options, setting) => options with { UnixSockets = options.UnixSockets with { Admin = setting.Permissions } },
            ["listen_tls"] = (options, setting) => options with { Network = options.Network with { ListensForTls = setting.Flag } },
            ["listen_tcp"] = (options, setting) => options with { Network = options.Network with { ListensForTcp = setting.Flag } },
            ["listen_addr"] = (options, setting) => options with { Network = options.Network with { Address = setting.Text } },
            ["tls_port"] = (options, setting) => options with { Network = options.Network with { TlsPort = setting.Port } },
            ["tcp_port"] = (options, setting) => options with { Network = options.Network with { TcpPort = setting.Port } },
            ["auth_tcp"] = (options, setting) => options with { Auth = options.Auth with { Tcp = NetworkScheme(setting) } },
            ["auth_tls"] = (options, setting) => options with { Auth = options.Auth with { Tls = NetworkScheme(setting) } },
            ["tcp_min_ssf"] = (options, setting) => options with
            {
                Sasl = options.Sasl with { MinimumTcpStrength = setting.Number(SaslOptions.LeastStrength) },
            },
            ["sasl_allowed_username_list"] = (options, setting) => options with { Sasl = options.Sasl with { AllowedUserNames = setting.Strings } },
            ["key_file"] = (options, setting) => options with { TlsOptions = options.TlsOptions with { KeyFile = setting.Text } },
            ["cert_file"] = (options, setting) => options with { TlsOptions = options.TlsOptions with { CertificateFile = setting.Text } },
            ["ca_file"] = (options, setting) => options with { TlsOptions = options.TlsOptions with { CaFile = setting.Text } },
            ["crl_file"] = (options, setting) => options with { TlsOptions = options.TlsOptions with { RevocationFile = setting.Text } },
            ["tls_no_sanity_certificate"] = (options, setting) => options with
            {
                TlsOptions = options.TlsOptions with { VerifiesItself = !setting.Flag },
            },
            ["tls_no_verify_certificate"] = (options, setting) => options with
            {
                TlsOptions = options.TlsOptions with { VerifiesClients = !setting.Flag },
            },
            ["tls_allowed_dn_list"] = (options, setting) => options with { TlsOptions = options.TlsOptions with { AllowedNames = setting.Strings } },
            ["tls_priority"] = (options, setting) => options with { TlsOptions = options.TlsOptions with { Protocols = TlsPriority.Parse(setting.Text) } },
            ["max_anonymous_clients"] = (options, setting) => options with { Rpc = options.Rpc with { MaxUnauthenticatedClients = setting.Number() } },
            ["max_clients"] = (options, setting) => options with { Rpc = options.Rpc with { MaxClients = setting.Number() } },
            ["max_queued_clients"] = (options, setting) => options with { MaxQueuedClients = setting.Number() },
            ["max_client_requests"] = (options, setting) => options with { Rpc = options.Rpc with { MaxClientRequests = setting.Number(1) } },
            ["keepalive_interval"] = (options, setting) => options with
            {
                Rpc = options.Rpc with { KeepAliveInterval = TimeSpan.FromSeconds(setting.Number(-1)) },
            },
            ["keepalive_count"] = (options, setting) => options with { Rpc = options.Rpc with { KeepAliveCount = setting.Number() } },
            ["admin_max_clients"] = (options, setting) => options with { Admin = options.Admin with { MaxClients = setting.Number() } },
            ["admin_max_queued_clients"] = (options, setting) => options with { Admin = options.Admin with { MaxQueuedClients = setting.Number() } },
            ["admin_max_client_requests"] = (options, setting) => options with { Admin = options.Admin with { MaxClientRequests = setting.Number(1) } },
            ["log_level"] = (options, setting) => setting.Number() switch
            {
                0 => options,
                var priority and <= LogPriority.Error => options with { LogLevel = LogPriority.ToLevel(priority) },
                _ => throw setting.Bad("1 (debug), 2 (information), 3 (warning) or 4 (error)"),
            },
            ["log_filters"] = (options, setting) => options with { Log = options.Log with { Filters = setting.Parsed(LogFilter.ParseAll) } },
            ["log_outputs"] = (options, setting) => options with { Log = options.Log with { Outputs = setting.Parsed(LogOutput.ParseAll) } },
            ["host_uuid"] = (options, setting) => options with { HostIdentity = options.HostIdentity with { Uuid = setting.Uuid } },
            ["host_uuid_source"] = (options, setting) => options with
            {
                HostIdentity = options.HostIdentity with { IsMachineId = setting.OneOf(("smbios", false), ("machine-id", true)) },
            },
        }.ToFrozenDictionary();

    /// <summary>Numbers that libvirt knows and that mean nothing here, and why.</summary>
    private static readonly FrozenDictionary<string, string> WithoutEffect = new Dictionary<string, string>
    {
        ["min_workers"] = NoWorkers,
        ["max_workers"] = NoWorkers,
        ["prio_workers"] = NoWorkers,
        ["admin_min_workers"] = NoWorkers,
        ["admin_max_workers"] = NoWorkers,
        ["max_requests"] = "max_client_requests limits the calls of each client, and nothing those of all",
        ["keepalive_required"] = AllServed,
        ["admin_keepalive_required"] = AllServed,
        ["admin_keepalive_interval"] = NotAsked,
        ["admin_keepalive_count"] = NotAsked,
        ["audit_level"] = NoGuests,
        ["audit_logging"] = NoGuests,
        ["ovs_timeout"] = "this server has no networks",
    }.ToFrozenDictionary();

    /// <summary>Keys that a reload carries out; the others hold from the next start on.</summary>
    private static readonly FrozenSet<string> ReloadedKeys = new[]
    {
        "key_file", "cert_file", "ca_file", "crl_file", "tls_no_sanity_certificate", "tls_no_verify_certificate", "tls_allowed_dn_list",
        "sasl_allowed_username_list", "tcp_min_ssf", "log_filters", "log_outputs",
    }.ToFrozenSet();

    /// <summary>All keys that have an effect.</summary>
    public static IEnumerable<string> AllKeys => Keys.Keys;

    /// <summary>Keys of libvirt's that are taken and have none.</summary>
    public static IEnumerable<string> KeysWithoutEffect => WithoutEffect.Keys;

    public static bool IsReloaded(string key) => ReloadedKeys.Contains(key);

    /// <summary>The options with what their file says; without a file of that name, and none asked for, as they are.</summary>
    /// <exception cref="FormatException">A mistake in the file: its name and line, and what is wrong.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static ServerOptions Apply(ServerOptions options) => Read(options) is var (path, text) ? Apply(options, path, text) : options;

    /// <summary>Path and text of the file that the options mean; null where there need be none, and is none.</summary>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static (string Path, string Text)? Read(ServerOptions options)
    {
        var path = options.ConfigurationFile ?? options.Folders.ConfigurationFile;
        return options.ConfigurationFile is null && !File.Exists(path) ? null : (path, File.ReadAllText(path));
    }

    /// <param name="name">Of the file, for errors.</param>
    /// <param name="text">What is in it.</param>
    public static ServerOptions Apply(ServerOptions options, string name, string text)
    {
        HashSet<string> seen = [];
        return ConfigurationText.Parse(name, text).Aggregate(options, (applied, setting) => Apply(applied, setting, seen));
    }

    /// <param name="seen">The keys that were set before, and this one from now on.</param>
    /// <exception cref="FormatException">A mistake in this setting.</exception>
    public static ServerOptions Apply(ServerOptions options, ConfigurationSetting setting, HashSet<string> seen)
    {
        if (!Keys.TryGetValue(setting.Key, out var apply) && !WithoutEffect.ContainsKey(setting.Key))
        {
            throw new FormatException($"{setting.Place}: unknown key '{setting.Key}'");
        }

        return !seen.Add(setting.Key) ? throw new FormatException($"{setting.Place}: '{setting.Key}' is set twice") : (apply ?? Warn)(options, setting);
    }

    private static ServerOptions Warn(ServerOptions options, ConfigurationSetting setting)
    {
        _ = setting.Number(-1);
        return options with
        {
            Warnings = options.Warnings.Add($"{setting.Place}: '{setting.Key}' has no effect: {WithoutEffect[setting.Key]}"),
        };
    }

    private static AuthScheme UnixScheme(ConfigurationSetting setting) =>
        setting.OneOf(("none", AuthScheme.None), ("sasl", AuthScheme.Sasl), ("polkit", AuthScheme.Polkit));

    private static AuthScheme NetworkScheme(ConfigurationSetting setting) => setting.OneOf(("none", AuthScheme.None), ("sasl", AuthScheme.Sasl));
}
