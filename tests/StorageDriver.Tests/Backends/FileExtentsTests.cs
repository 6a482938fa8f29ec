using System.IO.Pipes;
using Cistern.Storage.Backends;
using Cistern.Storage.Backends.Files;
using Cistern.Storage.Definitions;

namespace Cistern.Storage.Tests.Backends;

public sealed class FileExtentsTests : IDisposable
{
    private readonly TestPool _pool = new();

    public void Dispose() => _pool.Dispose();

    [Fact]
    public async Task Data_are_moved_into_a_pipe_from_any_offset_up_to_the_end()
    {
        byte[] content = [.. Enumerable.Range(0, 10_000).Select(value => (byte)(value * 7))];
        string path = _pool.Folder["volume"];
        await File.WriteAllBytesAsync(path, content);
        VolumeDefinition volume = new() { Name = "volume", Target = new VolumeTarget { Path = path } };
        await using var extents = (IPipedExtents)await FileExtents.OpenAsync(_pool.Context, volume, FileAccess.Read, default);
        using AnonymousPipeServerStream output = new(PipeDirection.In);

        Assert.Equal(5_000, await extents.MoveAtAsync(4_099, output.ClientSafePipeHandle, 5_000, default));
        Assert.Equal(901, await extents.MoveAtAsync(9_099, output.ClientSafePipeHandle, 5_000, default));
        Assert.Equal(0, await extents.MoveAtAsync(10_000, output.ClientSafePipeHandle, 5_000, default));

        byte[] moved = new byte[5_901];
        await output.ReadExactlyAsync(moved);
        Assert.Equal(content[4_099..], moved);
    }
}
