using Cistern.Storage.Backends.Logical;
using Cistern.Storage.Errors;
using Cistern.Support;

namespace Cistern.Storage.Tests.Backends.Logical;

/// <summary>On sparse files: what is written takes blocks, as it would take space of a snapshot.</summary>
public sealed class SparseWipeTests : IDisposable
{
    private const int Block = 4096;
    private const int Size = 9 * 1024 * 1024;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Only_what_differs_from_nothing_is_overwritten()
    {
        string path = Sparse("v", (0, 1), (5 * Block, 2), (Size - Block, 1));
        long taken = Blocks(path);
        Wipe(path, null);
        Assert.All(File.ReadAllBytes(path), static value => Assert.Equal(0, value));
        Assert.Equal(taken, Blocks(path));
        Assert.Equal(Size, new FileInfo(path).Length);
    }

    [Fact]
    public void Only_what_differs_from_the_origin_is_overwritten()
    {
        string origin = Sparse("origin", (0, 4));
        byte[] before = File.ReadAllBytes(origin);
        string path = _folder["snapshot"];
        File.Copy(origin, path);
        using (FileStream file = File.OpenWrite(path))
        {
            file.Position = 2 * Block;
            file.Write(Enumerable.Repeat((byte)9, 2 * Block).ToArray());
        }

        Wipe(path, origin);
        byte[] after = File.ReadAllBytes(path);
        Assert.Equal(before[..(2 * Block)], after[..(2 * Block)]);
        Assert.All(after[(2 * Block)..], static value => Assert.Equal(0, value));
        Assert.Equal(before, File.ReadAllBytes(origin));
    }

    [Fact]
    public void An_origin_that_is_shorter_is_an_error()
    {
        string path = Sparse("v", (0, 1));
        Assert.Throws<StorageException>(() => Wipe(path, _folder.Write("origin", new byte[Block])));
    }

    [Theory]
    [InlineData(0ul, 4 << 20)]
    [InlineData(65536ul, 4 << 20)]
    [InlineData(3ul << 20, 6 << 20)]
    [InlineData(16ul << 20, 16 << 20)]
    public void A_step_is_whole_chunks(ulong chunk, int step)
    {
        using SparseWipe wipe = SparseWipe.Open(Sparse("v"), null, chunk);
        Assert.Equal(step, wipe.StepSize);
    }

    private static void Wipe(string path, string? origin)
    {
        using SparseWipe wipe = SparseWipe.Open(path, origin, 0);
        while (wipe.Overwrite())
        {
            Assert.False(wipe.TryDiscard());
        }

        Assert.Equal(Size, wipe.Position);
    }

    private static long Blocks(string path)
    {
        Assert.Equal(0, Cistern.Storage.Host.FileStatusCalls.Get(path, out Cistern.Storage.Host.FileStatus status));
        return status.Blocks;
    }

    /// <param name="data">Where there are data, in bytes, and how many blocks.</param>
    private string Sparse(string name, params (int Offset, int Blocks)[] data)
    {
        string path = _folder[name];
        using FileStream file = File.Create(path);
        file.SetLength(Size);
        foreach ((int offset, int blocks) in data)
        {
            file.Position = offset;
            file.Write(Enumerable.Repeat((byte)7, blocks * Block).ToArray());
        }

        file.Flush(flushToDisk: true);
        return path;
    }
}
