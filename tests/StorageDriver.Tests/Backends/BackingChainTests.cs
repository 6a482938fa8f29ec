using System.Buffers.Binary;
using Cistern.Storage.Backends.Files;
using Cistern.Storage.Errors;
using Cistern.Storage.Images;
using Cistern.Support;
using Microsoft.Win32.SafeHandles;

namespace Cistern.Storage.Tests.Backends;

public sealed class BackingChainTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("raw")]
    [InlineData("vdi")]
    public void A_file_declared_to_be_of_a_format_without_backing_files_ends_the_chain_whatever_it_holds(string declared)
    {
        Image("guest", "/etc/shadow-of-nobody", "raw");
        Image("disk", "guest", declared);
        BackingChain.Check(_folder["guest"], declared);
        BackingChain.Check(_folder["disk"], "qcow2");
    }

    [Fact]
    public void An_undeclared_format_is_read_from_the_file()
    {
        Image("base", null, null);
        _folder.Write("raw", new byte[4096]);
        BackingChain.Check(_folder["base"], null);
        BackingChain.Check(_folder["raw"], null);
    }

    [Fact]
    public void A_loop_is_found_through_links_too()
    {
        Image("a", "b", "qcow2");
        Image("b", "link", "qcow2");
        File.CreateSymbolicLink(_folder["link"], "a");
        AssertError(StorageErrorCode.InternalError, "a", "qcow2", "is a loop");
        Image("self", "self", "qcow2");
        AssertError(StorageErrorCode.InternalError, "self", "qcow2", "is a loop");
    }

    [Fact]
    public void A_chain_may_have_so_many_images_and_no_more()
    {
        Image("0", null, null);
        for (int i = 1; i <= BackingChain.MaxDepth + 1; i++)
        {
            Image($"{i}", $"{i - 1}", "qcow2");
        }

        BackingChain.Check(_folder[$"{BackingChain.MaxDepth}"], "qcow2");
        AssertError(StorageErrorCode.InternalError, $"{BackingChain.MaxDepth + 1}", "qcow2", "more than 200");
    }

    [Fact]
    public void A_file_that_is_missing_below_is_named()
    {
        Image("middle", "nosuch", "raw");
        Image("top", "middle", "qcow2");
        StorageException error = AssertError(StorageErrorCode.SystemError, "top", "qcow2", $"{_folder["nosuch"]}: No such file");
        Assert.Equal(2, error.Errno);
    }

    [Fact]
    public void A_file_that_is_not_of_its_declared_format_is_named()
    {
        _folder.Write("raw", new byte[4096]);
        Image("top", "raw", "qcow2");
        AssertError(StorageErrorCode.ConfigUnsupported, "top", "qcow2", $"'{_folder["raw"]}' is of format 'raw', not 'qcow2'");
    }

    [Fact]
    public void A_folder_is_no_backing_file()
    {
        Image("top", ".", "raw");
        AssertError(StorageErrorCode.ConfigUnsupported, "top", "qcow2", "neither a file nor a block device");
    }

    [Theory]
    [InlineData("json:{\"driver\":\"raw\",\"file\":{\"driver\":\"file\",\"filename\":\"/no/such\"}}")]
    [InlineData("nbd://127.0.0.1:1/x")]
    public void What_only_QEMU_understands_is_left_to_it(string backing)
    {
        Image("top", backing, "raw");
        BackingChain.Check(_folder["top"], "qcow2");
    }

    [Theory]
    [InlineData("/etc/shadow-of-nobody")]
    [InlineData("json:{\"driver\":\"raw\",\"file\":{\"driver\":\"file\",\"filename\":\"/no/such\"}}")]
    public void A_layered_file_below_an_image_that_does_not_state_its_format_is_named(string backing)
    {
        Image("guest", backing, "raw");
        Image("top", "guest", null);
        AssertError(StorageErrorCode.ConfigUnsupported, "top", "qcow2", $"'{_folder["guest"]}'");
    }

    [Fact]
    public void A_file_that_stands_alone_need_not_be_stated()
    {
        Image("base", null, null);
        Image("top", "base", null);
        BackingChain.Check(_folder["top"], "qcow2");
    }

    private StorageException AssertError(StorageErrorCode code, string name, string format, string says)
    {
        StorageException error = Assert.Throws<StorageException>(() => BackingChain.Check(_folder[name], format));
        Assert.Equal((code, StorageErrorDomain.Storage), (error.Code, error.Domain));
        Assert.Contains(says, error.Message, StringComparison.Ordinal);
        return error;
    }

    private void Image(string name, string? backing, string? format)
    {
        using SafeFileHandle file = File.OpenHandle(_folder[name], FileMode.Create, FileAccess.ReadWrite);
        ImageOptions image = new() { Path = _folder[name], Format = "qcow2", Capacity = 1 << 20, BackingPath = backing, BackingFormat = format ?? "raw" };
        Qcow2Writer.Write(file, image, CancellationToken.None);
        if (backing is not null && format is null)
        {
            ForgetBackingFormat(file);
        }
    }

    /// <summary>Makes the header's extension one that nobody knows.</summary>
    private static void ForgetBackingFormat(SafeFileHandle file)
    {
        var header = new byte[512];
        RandomAccess.Read(file, header, 0);
        var type = new byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32BigEndian(type, Qcow2Header.BackingFormatExtension);
        RandomAccess.Write(file, [1, 2, 3, 4], header.AsSpan().IndexOf(type));
    }
}
