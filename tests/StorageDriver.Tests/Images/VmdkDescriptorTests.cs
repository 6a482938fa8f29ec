using System.Text;
using Cistern.Storage.Images;
using Cistern.Support;

namespace Cistern.StorageDriver.Tests.Images;

public class VmdkDescriptorTests
{
    [QemuTheory]
    [InlineData("disk")]
    [InlineData("a name that is rather longer than the one that the image was written under")]
    public void An_image_names_the_file_that_it_is_in(string name)
    {
        using var folder = new TemporaryFolder();
        QemuTools.Run("qemu-img", "create", "-f", "vmdk", folder[".part"], "8M");
        Assert.Contains("\".part\"", Text(folder[".part"]), StringComparison.Ordinal);

        Rename(folder[".part"], ".part", name);
        File.Move(folder[".part"], folder[name]);

        Assert.DoesNotContain(".part", Text(folder[name]), StringComparison.Ordinal);
        Assert.Contains($"SPARSE \"{name}\"\n", Text(folder[name]), StringComparison.Ordinal);
        QemuTools.Run("qemu-io", "-f", "vmdk", "-c", "write -P 7 1M 1M", "-c", "read -P 7 1M 1M", folder[name]);
        QemuTools.Run("qemu-img", "check", "-f", "vmdk", folder[name]);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(511)]
    [InlineData(4096)]
    public void What_is_no_image_is_left_alone(int length)
    {
        using var folder = new TemporaryFolder();
        var content = new byte[length];
        content.AsSpan().Fill(0xff);
        "KDMV"u8.CopyTo(content.Length < 4 ? new byte[4] : content);
        Rename(folder.Write("file", content), "a", "b");
        Assert.Equal(content, File.ReadAllBytes(folder["file"]));
    }

    private static void Rename(string path, string from, string to)
    {
        using var file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite);
        VmdkDescriptor.Rename(file, from, to);
    }

    private static string Text(string path) => Encoding.Latin1.GetString(File.ReadAllBytes(path).AsSpan(0, 16384));
}
