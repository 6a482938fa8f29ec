using Cistern.Storage.Backends.Iscsi;
using Cistern.Storage.Commands;
using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;
using Cistern.Storage.Tests.Transcripts;

namespace Cistern.Storage.Tests.Backends.Iscsi;

public sealed class IscsiCommandsTests
{
    private const string Target = "iqn.2026-01.test:plain";
    private const string Node = "--mode node --portal 192.0.2.1:3260,1 --targetname " + Target;

    private static readonly SourceHost Host = new("192.0.2.1");

    [Theory]
    [InlineData("192.0.2.1", 0, "192.0.2.1:3260,1")]
    [InlineData("storage", 3261, "storage:3261,1")]
    [InlineData("2001:db8::1", 0, "[2001:db8::1]:3260,1")]
    public void A_portal_has_port_and_group(string name, int port, string portal) =>
        Assert.Equal(portal, IscsiCommands.Portal(new SourceHost(name) { Port = port }));

    [Fact]
    public void Commands_are_those_of_libvirt_without_any_secret()
    {
        Assert.Equal(Node + " --op new", Line(IscsiCommands.NewRecord(Host, Target, null)));
        Assert.Equal(Node + " --op delete", Line(IscsiCommands.DeleteRecord(Host, Target, null)));
        Assert.Equal(Node + " --login", Line(IscsiCommands.Login(Host, Target, null)));
        Assert.Equal(Node + " --logout --interface mine", Line(IscsiCommands.Logout(Host, Target, "mine")));
        Assert.Equal("--mode session -r 3 -R", Line(IscsiCommands.Rescan("3")));
        Assert.Equal("--mode iface --interface mine --op new", Line(IscsiCommands.NewInterface("mine")));
        Assert.Equal(
            "--mode iface --interface mine --op update --name iface.initiatorname --value iqn.2026-01.test:me",
            Line(IscsiCommands.NameInitiator("mine", "iqn.2026-01.test:me")));
        Assert.Equal(
            "--mode discovery --type sendtargets --portal 192.0.2.1:3260,1 --op nonpersistent --interface mine", Line(IscsiCommands.Discover(Host, "mine")));
    }

    [Fact]
    public void Every_command_is_bounded_in_time() =>
        Assert.All(
            [IscsiCommands.Discover(Host, null), IscsiCommands.ListInterfaces, IscsiCommands.Login(Host, Target, null), IscsiCommands.Rescan("1")],
            command => Assert.NotNull(command.Timeout));

    [Fact]
    public void A_discovery_names_each_target_once()
    {
        string output = Transcript.Read("iscsi/discovery").Output;
        string[] targets = ["iqn.2026-01.test:plain", "iqn.2026-01.test:chap", "iqn.2026-01.test:named"];

        Assert.Equal(targets, IscsiOutput.Targets(output));
        Assert.Equal(targets, IscsiOutput.Targets(output + output.Replace("127.0.0.1", "192.0.2.1", StringComparison.Ordinal)));
        Assert.Empty(IscsiOutput.Targets(Transcript.Read("iscsi/discovery-refused").Output));
    }

    [Fact]
    public void An_interface_is_known_by_the_initiators_name()
    {
        string output = Transcript.Read("iscsi/interfaces").Output;

        Assert.Equal("cistern-93ed9ac5", IscsiOutput.FindInterface(output, "iqn.2026-01.test:me"));
        Assert.Null(IscsiOutput.FindInterface(output, "iqn.2026-01.test:other"));
    }

    [Theory]
    [InlineData("../../etc")]
    [InlineData("/dev/sda")]
    [InlineData("--logout")]
    [InlineData("iqn.2026-01.test: x")]
    public void What_is_no_target_gets_into_no_command(string target)
    {
        PoolDefinition pool = new()
        {
            Type = PoolType.Iscsi,
            Name = "pool",
            Uuid = Guid.NewGuid(),
            Source = new PoolSource { Hosts = [Host], Devices = [new SourceDevice(target)] },
        };

        var error = Assert.Throws<StorageException>(() => IscsiSource.Require(pool));

        Assert.Equal(StorageErrorCode.InvalidArgument, error.Code);
        Assert.Contains(target, error.Message, StringComparison.Ordinal);
    }

    private static string Line(Command command)
    {
        Assert.Equal("iscsiadm", command.Tool);
        return string.Join(' ', command.Arguments);
    }
}
