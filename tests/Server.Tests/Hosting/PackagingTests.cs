using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using Cistern.Server.Hosting;

namespace Cistern.Server.Tests.Hosting;

/// <summary>What is packaged with the server tells of all that it can be told.</summary>
public sealed partial class PackagingTests
{
    private static readonly string[] Options = [.. OptionPattern().Matches(CommandLine.Usage).Select(match => match.Value).Distinct()];
    private static readonly ServerOptions System = CommandLine.Parse(["--system"], _ => null).Options!;

    [Fact]
    public void Each_option_is_in_the_manual()
    {
        var manual = Read("man/cisternd.8").Replace("\\-", "-", StringComparison.Ordinal);
        Assert.All(Options, option => Assert.Matches($@"(?m)^\.(B|BI|BR) .*{option}\b", manual));
        Assert.All(Options, option => Assert.True(CommandLine.Parse([option], _ => null).Message?.Contains("unknown", StringComparison.Ordinal) != true));
    }

    [Fact]
    public void Each_option_is_completed() => Assert.All(Options, option => Assert.Matches($@"[\s""]{option}[\s""]", Read("bash-completion/cisternd")));

    [Fact]
    public void Each_key_is_in_the_manual_with_its_mark_if_a_reload_carries_it_out()
    {
        var manual = Read("man/cisternd.8");
        Assert.All(ConfigurationFile.AllKeys, key =>
            Assert.Contains(ConfigurationFile.IsReloaded(key) ? $".TP\n.BR {key} *\n" : $".TP\n.B {key}\n", manual, StringComparison.Ordinal));
    }

    [Fact]
    public void Keys_without_effect_are_in_the_manual()
    {
        var manual = Read("man/cisternd.8");
        Assert.All(ConfigurationFile.KeysWithoutEffect, key => Assert.Contains(key, manual, StringComparison.Ordinal));
    }

    [Fact]
    public void Each_key_is_in_the_configuration_file_once()
    {
        var keys = SettingPattern().Matches(Read("cistern.conf")).Select(match => match.Groups["key"].Value);
        Assert.Equal(ConfigurationFile.AllKeys.Order(), keys.Order());
    }

    [Fact]
    public void What_the_configuration_file_says_of_defaults_is_so()
    {
        var text = string.Join('\n', Read("cistern.conf").Split('\n').Where(line => DefaultPattern().IsMatch(line)).Select(line => line[1..]));
        var options = ConfigurationFile.Apply(System, "cistern.conf", text);
        Assert.Equal(System.Network, options.Network);
        Assert.Equal(System.Auth, options.Auth);
        Assert.Equal(System.Sasl, options.Sasl);
        Assert.Equal(System.TlsOptions, options.TlsOptions);
        Assert.Equal(System.UnixSockets, options.UnixSockets);
        Assert.Equal(System.Folders, options.Folders);
        Assert.Equal(System.Rpc, options.Rpc);
        Assert.Equal(System.Admin, options.Admin);
        Assert.Equal(System.HostIdentity, options.HostIdentity);
        Assert.Equal((System.MaxQueuedClients, System.LogLevel), (options.MaxQueuedClients, options.LogLevel));
        Assert.Equal((System.LivePools, System.DeleteGuard, 0), (options.LivePools, options.DeleteGuard, options.NotLivePools.Count));
    }

    [Fact]
    public void The_examples_in_the_configuration_file_can_be_used()
    {
        var text = string.Join('\n', SettingPattern().Matches(Read("cistern.conf")).Select(match => match.Groups["setting"].Value));
        Assert.Equal("libvirt", ConfigurationFile.Apply(System, "cistern.conf", text).UnixSockets.Group);
    }

    private static string Read(string file, [CallerFilePath] string thisFile = "") =>
        File.ReadAllText(Path.Combine(Path.GetDirectoryName(thisFile)!, "../../../packaging", file));

    [GeneratedRegex("--[a-z][a-z-]+")]
    private static partial Regex OptionPattern();

    [GeneratedRegex(@"(?m)^# ?(?<setting>(?<key>[a-z_]+) = .+)$")]
    private static partial Regex SettingPattern();

    [GeneratedRegex("^#[a-z_]+ = ")]
    private static partial Regex DefaultPattern();
}
