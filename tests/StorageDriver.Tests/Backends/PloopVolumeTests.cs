using Cistern.Storage.Backends.Capabilities;
using Cistern.Storage.Commands;
using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;
using Cistern.Storage.Images;
using Cistern.Storage.Pools;
using Cistern.Support;

namespace Cistern.Storage.Tests.Backends;

/// <summary>Ploop volumes, made by a tool that does what the real one does to files.</summary>
public sealed class PloopVolumeTests : IDisposable
{
    private const ulong MiB = 1 << 20;

    /// <summary>The header is <c>WithouFreSpacExt</c> with the sectors at 36.</summary>
    private const string Tool = """
        #!/bin/sh
        [ "$3" = 1000M ] && { echo "no space for $3" >&2; exit 3; }
        size=$((${3%M} * 2048))
        case $1 in
            init) image=$6; echo descriptor > "${image%/*}/DiskDescriptor.xml";;
            resize) image=${4%/*}/root.hds;;
        esac
        { printf 'WithouFreSpacExt'; head -c 20 /dev/zero; printf "\\$(printf %o $((size & 255)))\\$(printf %o $((size >> 8 & 255)))"; head -c 4058 /dev/zero; } > "$image"
        """;

    private readonly TemporaryFolder _tools = new();
    private readonly TestPool _pool;

    public PloopVolumeTests()
    {
        string tool = _tools.Write("ploop", System.Text.Encoding.ASCII.GetBytes(Tool));
        File.SetUnixFileMode(tool, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        _pool = new TestPool { RealCommands = true, Tools = new HostTools([_tools.Path]) };
    }

    public void Dispose()
    {
        _pool.Dispose();
        _tools.Dispose();
    }

    [Fact]
    public void Command_lines_are_libvirts()
    {
        Assert.Equal("init -s 2M -t ext4 /p/v/root.hds", string.Join(' ', Ploop.Create("/p/v", MiB + 1).Arguments));
        Assert.Equal("resize -s 3M /p/v/DiskDescriptor.xml", string.Join(' ', Ploop.Resize("/p/v", 3 * MiB).Arguments));
    }

    [Fact]
    public async Task A_volume_is_made_resized_copied_and_deleted()
    {
        VolumeDefinition volume = await _pool.CreateAsync(Request("disk", 4 * MiB));
        Assert.Equal(["disk"], _pool.Entries());
        Assert.Empty(_pool.Journal);
        VolumeDefinition found = (await _pool.ScanAsync())["disk"].Definition;
        Assert.Equal((VolumeKind.Ploop, "ploop", 4 * MiB), (found.Kind, found.Target.Format, found.Capacity));

        await _pool.Backend.ResizeAsync(_pool.Context, found, 6 * MiB, 0, CancellationToken.None);
        found = (await _pool.ScanAsync())["disk"].Definition;
        Assert.Equal(6 * MiB, found.Capacity);

        VolumeDefinition copy = (await _pool.Backend.AllocateAsync(_pool.Context, Request("copy", 0), 0, CancellationToken.None)).Volume!;
        await CloneAsync(found, copy);
        Assert.Equal(6 * MiB, (await _pool.ScanAsync())["copy"].Definition.Capacity);
        Assert.Equal(File.ReadAllBytes(_pool.Folder["disk/root.hds"]), File.ReadAllBytes(_pool.Folder["copy/root.hds"]));

        await _pool.Backend.DeleteAsync(_pool.Context, volume, 0, CancellationToken.None);
        await _pool.Backend.DeleteAsync(_pool.Context, copy, 0, CancellationToken.None);
        Assert.Empty(_pool.Entries());
    }

    [Fact]
    public async Task A_tool_that_fails_leaves_nothing()
    {
        StorageException error = await Assert.ThrowsAsync<StorageException>(() => _pool.CreateAsync(Request("disk", 1000 * MiB)));
        Assert.EndsWith("unexpected exit status 3: no space for 1000M", error.Message, StringComparison.Ordinal);
        Assert.Empty(_pool.Entries());
        Assert.Empty(_pool.Journal);
    }

    [Fact]
    public async Task Without_the_tool_it_is_named_and_nothing_is_made()
    {
        using TestPool pool = new() { RealCommands = true, Tools = new HostTools([]) };
        StorageException error = await Assert.ThrowsAsync<StorageException>(() => pool.CreateAsync(Request("disk", MiB)));
        Assert.Equal((StorageErrorCode.InternalError, StorageErrorDomain.Storage), (error.Code, error.Domain));
        Assert.Contains("'ploop'", error.Message, StringComparison.Ordinal);
        Assert.Empty(pool.Entries());
    }

    [Fact]
    public async Task What_a_ploop_volume_cannot_be_is_refused()
    {
        VolumeDefinition request = Request("disk", MiB);
        await AssertRefusedAsync(StorageErrorCode.InvalidArgument, request, 1);
        await AssertRefusedAsync(StorageErrorCode.ConfigUnsupported, request with { BackingStore = new BackingStore("/x", "raw") });
        await AssertRefusedAsync(
            StorageErrorCode.ConfigUnsupported, request with { Target = request.Target with { Encryption = new VolumeEncryption("luks") } });
        VolumeDefinition raw = await _pool.CreateAsync(TestPool.Raw("raw", MiB));
        VolumeDefinition copy = (await _pool.Backend.AllocateAsync(_pool.Context, request, 0, CancellationToken.None)).Volume!;
        Assert.Equal(StorageErrorCode.InternalError, (await Assert.ThrowsAsync<StorageException>(() => CloneAsync(raw, copy))).Code);
    }

    private static VolumeDefinition Request(string name, ulong capacity) =>
        TestPool.Raw(name, capacity) with { Target = new VolumeTarget { Format = "ploop" } };

    private Task CloneAsync(VolumeDefinition source, VolumeDefinition copy) =>
        _pool.Backend.BuildFromAsync(
            _pool.Context, copy, new VolumeSource(_pool.Backend, _pool.Context, source), 0, new JobProgress(), CancellationToken.None).AsTask();

    private async Task AssertRefusedAsync(StorageErrorCode code, VolumeDefinition request, uint flags = 0) =>
        Assert.Equal(code, (await Assert.ThrowsAsync<StorageException>(() => _pool.CreateAsync(request, flags))).Code);
}
