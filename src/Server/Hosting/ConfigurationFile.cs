using System.Collections.Frozen;
using Cistern.Server.Auth;
using Cistern.Server.Auth.Access;

namespace Cistern.Server.Hosting;

/// <summary>The configuration file: what each of its keys changes in the options.</summary>
internal static class ConfigurationFile
{
    private static readonly FrozenDictionary<string, Func<ServerOptions, ConfigurationSetting, ServerOptions>> Keys =
        new Dictionary<string, Func<ServerOptions, ConfigurationSetting, ServerOptions>>
        {
            ["live_pools"] = (options, setting) => options with { LivePools = setting.Flag },
            ["live_pools_off"] = (options, setting) => options with { NotLivePools = [.. setting.Strings] },
            ["delete_guard"] = (options, setting) => options with { DeleteGuard = setting.Flag },
            ["auth_unix_rw"] = (options, setting) => options with { Auth = options.Auth with { UnixReadWrite = UnixScheme(setting) } },
            ["auth_unix_ro"] = (options, setting) => options with { Auth = options.Auth with { UnixReadOnly = UnixScheme(setting) } },
            ["access_drivers"] = (options, setting) =>
                options with { AccessDrivers = [.. setting.SomeOf(("none", AccessDriverKind.None), ("polkit", AccessDriverKind.Polkit))] },
            ["unix_sock_dir"] = (options, setting) => options with { Folders = options.Folders with { Sockets = Path.GetFullPath(setting.Text) } },
            ["unix_sock_group"] = (options, setting) => options with { UnixSockets = options.UnixSockets with { Group = setting.Text } },
            ["unix_sock_rw_perms"] = (options, setting) => options with { UnixSockets = options.UnixSockets with { ReadWrite = setting.Permissions } },
            ["unix_sock_ro_perms"] = (options, setting) => options with { UnixSockets = options.UnixSockets with { ReadOnly = setting.Permissions } },
            ["unix_sock_admin_perms"] = (options, setting) => options with { UnixSockets = options.UnixSockets with { Admin = setting.Permissions } },
        }.ToFrozenDictionary();

    /// <summary>The options with what their file says; without a file of that name, and none asked for, as they are.</summary>
    /// <exception cref="FormatException">A mistake in the file: its name and line, and what is wrong.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static ServerOptions Apply(ServerOptions options)
    {
        var path = options.ConfigurationFile ?? options.Folders.ConfigurationFile;
        return options.ConfigurationFile is null && !File.Exists(path) ? options : Apply(options, path, File.ReadAllText(path));
    }

    /// <param name="name">Of the file, for errors.</param>
    /// <param name="text">What is in it.</param>
    public static ServerOptions Apply(ServerOptions options, string name, string text)
    {
        HashSet<string> seen = [];
        foreach (var setting in ConfigurationText.Parse(name, text))
        {
            if (!Keys.TryGetValue(setting.Key, out var apply))
            {
                throw new FormatException($"{setting.Place}: unknown key '{setting.Key}'");
            }

            options = seen.Add(setting.Key) ? apply(options, setting) : throw new FormatException($"{setting.Place}: '{setting.Key}' is set twice");
        }

        return options;
    }

    private static AuthScheme UnixScheme(ConfigurationSetting setting) => setting.OneOf(("none", AuthScheme.None), ("polkit", AuthScheme.Polkit));
}
