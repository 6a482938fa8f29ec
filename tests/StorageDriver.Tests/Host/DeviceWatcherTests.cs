using System.Text;
using Cistern.Storage.Host;

namespace Cistern.Storage.Tests.Host;

public sealed class DeviceWatcherTests
{
    [Theory]
    [InlineData("add@/devices/virtual/block/loop9\0ACTION=add\0SUBSYSTEM=block\0MAJOR=7\0", true)]
    [InlineData("change@/devices/x\0ACTION=change\0SUBSYSTEM=scsi\0", true)]
    [InlineData("libudev\0\u0001\u0002SUBSYSTEM=block\0", true)]
    [InlineData("add@/devices/virtual/net/veth1\0ACTION=add\0SUBSYSTEM=net\0", false)]
    [InlineData("add@/devices/x\0ACTION=add\0SUBSYSTEM=blocks\0", false)]
    [InlineData("", false)]
    public void Messages_about_storage_are_told_from_others(string message, bool isAboutStorage) =>
        Assert.Equal(isAboutStorage, DeviceWatcher.IsAboutStorage(Encoding.Latin1.GetBytes(message)));
}
