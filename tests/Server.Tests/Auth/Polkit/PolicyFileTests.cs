using System.Xml.Linq;
using Cistern.RemoteProtocol.Programs;
using Cistern.RemoteProtocol.Remote;
using Cistern.Server.Auth.Polkit;

namespace Cistern.Server.Tests.Auth.Polkit;

/// <summary>polkit refuses actions that no policy file declares.</summary>
public sealed class PolicyFileTests
{
    private static readonly string[] Kinds = ["connect", "storage_pool", "storage_vol", "secret"];

    [Fact]
    public void Every_right_that_is_asked_for_is_declared_and_nothing_else()
    {
        var asked = RemoteProgram.Procedures
            .SelectMany(procedure => procedure.Filter is null ? procedure.Access : procedure.Access.Add(procedure.Filter))
            .Where(rule => Kinds.Contains(rule.Object))
            .Select(PolkitAccessDriver.Action);
        var declared = XDocument.Load(PolicyFile()).Descendants("action").Select(action => action.Attribute("id")!.Value);
        Assert.Equal(
            asked.Append("org.libvirt.unix.manage").Append("org.libvirt.unix.monitor").Distinct().Order(StringComparer.Ordinal),
            declared.Order(StringComparer.Ordinal));
    }

    /// <summary>A condition in a rule would be one that nothing looks at: the right would be asked for always.</summary>
    [Fact]
    public void No_right_depends_on_a_flag() =>
        Assert.DoesNotContain(RemoteProgram.Procedures, procedure => procedure.Access.Any((AccessRule rule) => rule.Flag is not null));

    private static string PolicyFile()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "Server.sln")))
        {
            folder = Path.GetDirectoryName(folder)!;
        }

        return Path.Combine(folder, "packaging", "polkit", "cistern.policy");
    }
}
