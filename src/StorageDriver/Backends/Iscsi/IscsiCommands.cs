using System.Collections.Immutable;
using System.Globalization;
using Cistern.Storage.Commands;
using Cistern.Storage.Definitions;

namespace Cistern.Storage.Backends.Iscsi;

/// <summary>The command lines of <c>iscsiadm</c>. Secrets go into the record that it keeps of a target (<see cref="IscsiRecord"/>), never here.</summary>
public static class IscsiCommands
{
    public const int DefaultPort = 3260;

    /// <summary>A discovery is tried six times; each attempt at a host that does not answer takes a quarter of a minute.</summary>
    private static readonly TimeSpan DiscoveryTimeout = TimeSpan.FromSeconds(45);

    /// <summary>Longer than the attempts at a login take that <see cref="IscsiRecord"/> allows.</summary>
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(60);

    /// <summary>How a host is named to the tool: with port, and the portal group that libvirt names.</summary>
    public static string Portal(SourceHost host) =>
        string.Create(CultureInfo.InvariantCulture, $"{Address(host)}:{(host.Port == 0 ? DefaultPort : host.Port)},1");

    /// <summary>What targets a host has; nothing is remembered of it.</summary>
    /// <param name="iface">A name of the tool's interfaces; null: its default.</param>
    public static Command Discover(SourceHost host, string? iface) =>
        new("iscsiadm", ["--mode", "discovery", "--type", "sendtargets", "--portal", Portal(host), "--op", "nonpersistent", .. Interface(iface)])
        {
            Timeout = DiscoveryTimeout,
        };

    /// <summary>Lists the tool's interfaces, to be read by <see cref="IscsiOutput.FindInterface"/>.</summary>
    public static Command ListInterfaces { get; } = new("iscsiadm", ["--mode", "iface"]) { Timeout = Timeout };

    public static Command NewInterface(string iface) => Run("--mode", "iface", "--interface", iface, "--op", "new");

    public static Command NameInitiator(string iface, string iqn) =>
        Run("--mode", "iface", "--interface", iface, "--op", "update", "--name", "iface.initiatorname", "--value", iqn);

    /// <summary>Makes the record of a target, without which there is no login; one that is there stays.</summary>
    public static Command NewRecord(SourceHost host, string target, string? iface) => Node(host, target, iface, "--op", "new");

    public static Command DeleteRecord(SourceHost host, string target, string? iface) => Node(host, target, iface, "--op", "delete");

    public static Command Login(SourceHost host, string target, string? iface) => Node(host, target, iface, "--login");

    public static Command Logout(SourceHost host, string target, string? iface) => Node(host, target, iface, "--logout");

    /// <summary>Looks for units that came.</summary>
    public static Command Rescan(string session) => Run("--mode", "session", "-r", session, "-R");

    private static string Address(SourceHost host) => host.Name.Contains(':', StringComparison.Ordinal) ? $"[{host.Name}]" : host.Name;

    private static Command Node(SourceHost host, string target, string? iface, params ReadOnlySpan<string> operation) =>
        Run(["--mode", "node", "--portal", Portal(host), "--targetname", target, .. operation, .. Interface(iface)]);

    private static ImmutableArray<string> Interface(string? iface) => iface is null ? [] : ["--interface", iface];

    private static Command Run(params ReadOnlySpan<string> arguments) => new("iscsiadm", [.. arguments]) { Timeout = Timeout };
}
