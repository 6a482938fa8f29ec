using Cistern.Storage.Backends.Rbd;
using Cistern.Storage.Definitions;

namespace Cistern.Storage.Tests.Backends.Rbd;

public sealed class RbdConnectionTests
{
    private static readonly SourceAuth Auth = new("ceph", "admin", new SecretReference(Guid.NewGuid(), null));

    [Fact]
    public void Monitors_are_listed_with_their_ports_and_addresses_in_brackets()
    {
        PoolSource source = new() { Hosts = [new("mon1"), new("10.0.0.2", 6790), new("2001:db8::1", 6789), new("mon4", 3300)] };

        Assert.Equal("mon1,10.0.0.2:6790,[2001:db8::1]:6789,mon4:3300", RbdConnection.MonitorList(source));
    }

    [Fact]
    public void Waits_have_libvirts_limit_and_images_are_of_format_2()
    {
        PoolSource source = new() { Hosts = [new("m")], Auth = Auth };

        Assert.Equal(
            [
                "log_to_stderr=false", "err_to_stderr=false", "auth_supported=cephx", "mon_host=m", "client_mount_timeout=30", "rados_mon_op_timeout=30", "rados_osd_op_timeout=30",
                "rbd_default_format=2", "rbd_cache=false",
            ],
            RbdConnection.Settings(source).Select(setting => $"{setting.Key}={setting.Value}"));
        Assert.Contains(new("auth_supported", "none"), RbdConnection.Settings(source with { Auth = null }));
    }
}
