using Cistern.Storage.Definitions;
using Cistern.Storage.Host;
using Cistern.Storage.Pools;

namespace Cistern.Storage.Tests.Pools;

public sealed class SourceConflictsTests
{
    private static readonly PoolSource NoSource = PoolSource.Empty;
    private static readonly KernelRoots NoHosts = new("/none", "/none", "/none");

    public static TheoryData<string, PoolDefinition, PoolDefinition, bool> Cases { get; } = new()
    {
        { "dir, same target", Target(PoolType.Dir, "/a"), Target(PoolType.Dir, "/a"), true },
        { "dir, other target", Target(PoolType.Dir, "/a"), Target(PoolType.Dir, "/b"), false },
        { "dir and netfs, same target", Target(PoolType.Dir, "/a"), Target(PoolType.NetFs, "/a"), false },
        { "netfs, same dir and host", Export("h"), Export("h"), true },
        { "netfs, other host", Export("h"), Export("i"), false },
        { "netfs, other dir", Export("h"), Export("h", dir: "/other"), false },
        { "netfs, port only in the existing one", Export("h", 2049), Export("h"), true },
        { "netfs, port only in the new one", Export("h"), Export("h", 2049), false },
        { "gluster, same name, dir and host", Volume("v"), Volume("v"), true },
        { "gluster, other name", Volume("v"), Volume("w"), false },
        { "two hosts never match", TwoHosts(), TwoHosts(), false },
        { "sheepdog, same host", Pool(PoolType.Sheepdog, Host("h")), Pool(PoolType.Sheepdog, Host("h")), true },
        { "vstorage, same name", Pool(PoolType.VStorage, Name("c")), Pool(PoolType.VStorage, Name("c")), true },
        { "rbd, all the same", Pool(PoolType.Rbd, Name("c")), Pool(PoolType.Rbd, Name("c")), false },
        { "iscsi-direct, all the same", Pool(PoolType.IscsiDirect, Devices("/d")), Pool(PoolType.IscsiDirect, Devices("/d")), false },
        { "mpath, any two", Pool(PoolType.Mpath, NoSource), Pool(PoolType.Mpath, NoSource), true },
        { "fs and logical, one device shared", Pool(PoolType.Fs, Devices("/d")), Pool(PoolType.Logical, Devices("/c", "/d")), true },
        { "disk and zfs, no device shared", Pool(PoolType.Disk, Devices("/d")), Pool(PoolType.Zfs, Devices("/c")), false },
        { "iscsi and fs, device shared", Pool(PoolType.Iscsi, Devices("/d")), Pool(PoolType.Fs, Devices("/d")), false },
        { "iscsi, device shared", Pool(PoolType.Iscsi, Devices("/d")), Pool(PoolType.Iscsi, Devices("/d")), true },
        {
            "iscsi, device shared, another initiator", Pool(PoolType.Iscsi, Devices("/d")),
            Pool(PoolType.Iscsi, Devices("/d") with { InitiatorIqn = "iqn.x" }), false
        },
        { "scsi, same host in both spellings", Scsi(new ScsiHostAdapter("host5", null)), Scsi(new ScsiHostAdapter("scsi_host5", null)), true },
        { "scsi, other host", Scsi(new ScsiHostAdapter("host5", null)), Scsi(new ScsiHostAdapter("host6", null)), false },
        { "scsi, same parent", Scsi(Parent(1)), Scsi(Parent(1)), true },
        { "scsi, other unique id", Scsi(Parent(1)), Scsi(Parent(2)), false },
        { "fc, same names", Scsi(Fc("1", "2")), Scsi(Fc("1", "2")), true },
        { "fc, other port name", Scsi(Fc("1", "2")), Scsi(Fc("1", "3")), false },
        { "fc under a scsi host", Scsi(Fc("1", "2", "scsi_host5")), Scsi(new ScsiHostAdapter("scsi_host5", null)), true },
        { "scsi host over an fc", Scsi(new ScsiHostAdapter("scsi_host5", null)), Scsi(Fc("1", "2", "scsi_host5")), true },
        { "scsi host beside an fc without parent", Scsi(new ScsiHostAdapter("scsi_host5", null)), Scsi(Fc("1", "2")), false },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void Pools_conflict_by_libvirts_rules(string what, PoolDefinition existing, PoolDefinition added, bool conflict) =>
        Assert.True(conflict == SourceConflicts.Conflict(NoHosts, existing, added), what);

    private static PoolDefinition Pool(PoolType type, PoolSource source) =>
        new() { Type = type, Name = type.ToString(), Uuid = Guid.NewGuid(), Source = source };

    private static PoolDefinition Target(PoolType type, string path) => Pool(type, NoSource) with { Target = new PoolTarget(path) };

    private static PoolDefinition Export(string host, int port = 0, string dir = "/export") =>
        Pool(PoolType.NetFs, Host(host, port) with { Dir = dir });

    private static PoolDefinition Volume(string name) => Pool(PoolType.Gluster, Host("h") with { Name = name, Dir = "/" });

    private static PoolDefinition TwoHosts() =>
        Pool(PoolType.Gluster, new PoolSource { Name = "v", Dir = "/", Hosts = [new SourceHost("h"), new SourceHost("i")] });

    private static PoolDefinition Scsi(SourceAdapter adapter) => Pool(PoolType.Scsi, NoSource with { Adapter = adapter });

    private static PoolSource Host(string name, int port = 0) => new() { Hosts = [new SourceHost(name, port)] };

    private static PoolSource Name(string name) => new() { Name = name, Hosts = [new SourceHost("h")] };

    private static PoolSource Devices(params string[] paths) => new() { Devices = [.. paths.Select(path => new SourceDevice(path))] };

    private static ScsiHostAdapter Parent(uint uniqueId) => new(null, new PciParent(0, 0, 0x1f, 2, uniqueId));

    private static FcHostAdapter Fc(string wwnn, string wwpn, string? parent = null) => new(parent, null, null, null, null, wwnn, wwpn);
}
