using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;

namespace Cistern.StorageDriver.Tests.Definitions;

/// <summary>Paths, uuids and sizes as clients may write them.</summary>
public class TextFormTests
{
    [Theory]
    [InlineData("/a/b", "/a/b")]
    [InlineData("/a//b///c/", "/a/b/c")]
    [InlineData("/", "/")]
    [InlineData("//", "//")]
    [InlineData("///", "/")]
    [InlineData("//a//b/", "//a/b")]
    [InlineData("///a", "/a")]
    [InlineData("./a/../b/", "./a/../b")]
    [InlineData("nbd://x//y", "nbd://x//y")]
    [InlineData("/a/://b//", "/a/:/b")]
    [InlineData("", "")]
    public void A_path_takes_its_normal_form(string path, string clean)
    {
        Assert.Equal(clean, PathSanitizer.Sanitize(path));
        Assert.Equal(clean, PathSanitizer.Sanitize(clean));
    }

    [Theory]
    [InlineData("3E3FCE45-4F53-4fa7-bb32-11f34168b82b")]
    [InlineData("3e3fce454f534fa7bb3211f34168b82b")]
    [InlineData("  3e3fce45 4f534fa7 bb32-11f34168b82b \n")]
    public void A_uuid_may_be_spelt_in_libvirts_ways(string text)
    {
        Assert.True(UuidText.TryParse(text, out var uuid));
        Assert.Equal("3e3fce45-4f53-4fa7-bb32-11f34168b82b", uuid.ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("x")]
    [InlineData("3e3fce45-4f53-4fa7-bb32-11f34168b82")]
    [InlineData("3e3fce45-4f53-4fa7-bb32-11f34168b82bb")]
    [InlineData("3-e3fce454f534fa7bb3211f34168b82b")]
    [InlineData("3e3fce454f534fa7bb3211f34168b82b-")]
    public void Anything_else_is_no_uuid(string text) => Assert.False(UuidText.TryParse(text, out _));

    [Theory]
    [InlineData(7, null, 7)]
    [InlineData(7, "", 7)]
    [InlineData(7, "Bytes", 7)]
    [InlineData(7, "k", 7 * 1024)]
    [InlineData(7, "KiB", 7 * 1024)]
    [InlineData(7, "kB", 7000)]
    [InlineData(7, "MB", 7_000_000)]
    [InlineData(3, "t", 3L << 40)]
    [InlineData(7, "EiB", 7L << 60)]
    [InlineData(9, "EB", 9_000_000_000_000_000_000)]
    [InlineData(long.MaxValue, "B", long.MaxValue)]
    public void A_size_is_scaled_by_its_unit(ulong value, string? unit, ulong bytes) => Assert.Equal(bytes, Units.Scale(value, unit));

    [Theory]
    [InlineData("x")]
    [InlineData("Kx")]
    [InlineData("ki")]
    [InlineData("KBB")]
    [InlineData("bit")]
    [InlineData(" k")]
    public void An_unknown_unit_is_named(string unit)
    {
        var error = Assert.Throws<StorageException>(() => Units.Scale(1, unit));
        Assert.Equal((StorageErrorCode.InvalidArgument, StorageErrorDomain.None), (error.Code, error.Domain));
        Assert.Contains(unit, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(8, "E")]
    [InlineData(10, "EB")]
    [InlineData(ulong.MaxValue, null)]
    [InlineData(1UL << 63, null)]
    public void A_size_beyond_a_files_is_refused(ulong value, string? unit)
    {
        var error = Assert.Throws<StorageException>(() => Units.Scale(value, unit));
        Assert.Equal((StorageErrorCode.Overflow, StorageErrorDomain.None), (error.Code, error.Domain));
    }

    [Fact]
    public void A_point_in_time_has_nine_digits_or_none()
    {
        Assert.Equal("12.000000345", new FileTime(12, 345).ToString());
        Assert.Equal("12", new FileTime(12, 0).ToString());
    }
}
