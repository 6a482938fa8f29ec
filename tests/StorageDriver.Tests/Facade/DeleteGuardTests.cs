using Cistern.Storage.Errors;
using Cistern.Support;
using Microsoft.Extensions.Logging.Abstractions;

namespace Cistern.Storage.Tests.Facade;

/// <summary>Volumes that others use, on real folders.</summary>
public sealed class DeleteGuardTests : IAsyncLifetime, IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private StorageDriver _storage = null!;

    public Task InitializeAsync() => OpenAsync(guard: true);

    public async Task DisposeAsync() => await _storage.DisposeAsync();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_backing_file_is_kept_as_long_as_a_volume_is_layered_on_it()
    {
        PoolReference pool = await StartAsync("pool", _folder["pool"]);
        VolumeReference parent = await CreateAsync(pool, "parent");
        VolumeReference child = await CreateAsync(pool, "child", _folder["pool/parent"]);
        await AssertKeptAsync(parent, "'child'", "'pool'");
        await _storage.DeleteVolumeAsync(child, 0, default);
        await _storage.DeleteVolumeAsync(parent, 0, default);
        Assert.Empty(_storage.ListVolumes(pool, 0));
    }

    [Fact]
    public async Task A_backing_file_is_known_by_another_path_and_from_another_pool()
    {
        PoolReference pool = await StartAsync("pool", _folder["pool"]);
        VolumeReference parent = await CreateAsync(pool, "parent");
        File.CreateSymbolicLink(_folder["way"], _folder["pool"]);
        PoolReference other = await StartAsync("other", _folder["other"]);
        VolumeReference child = await CreateAsync(other, "child", _folder["way/parent"]);
        await AssertKeptAsync(parent, "'child'", "'other'");
        await _storage.DestroyPoolAsync(other, default);
        await _storage.DeleteVolumeAsync(parent, 0, default);
        Assert.Equal("child", child.Name);
    }

    [Fact]
    public async Task A_child_that_is_resized_or_found_by_a_refresh_counts_as_well()
    {
        PoolReference pool = await StartAsync("pool", _folder["pool"]);
        VolumeReference parent = await CreateAsync(pool, "parent");
        VolumeReference child = await CreateAsync(pool, "child", "parent");
        await _storage.WipeVolumeAsync(child, 0, 0, default);
        await _storage.DeleteVolumeAsync(parent, 0, default);

        parent = await CreateAsync(pool, "parent");
        File.Move(_folder["pool/child"], _folder["gone"]);
        await CreateAsync(pool, "second", "parent");
        File.Move(_folder["pool/second"], _folder["pool/third"]);
        await _storage.RefreshPoolAsync(pool, 0, default);
        await AssertKeptAsync(parent, "'third'");
    }

    [Fact]
    public async Task A_locked_volume_is_kept_and_its_holder_named()
    {
        PoolReference pool = await StartAsync("pool", _folder["pool"]);
        VolumeReference volume = await CreateAsync(pool, "disk");
        using (new FileStream(_folder["pool/disk"], FileMode.Open, FileAccess.ReadWrite, FileShare.None))
        {
            await AssertKeptAsync(volume, Environment.ProcessId.ToString(System.Globalization.CultureInfo.InvariantCulture));
        }

        await _storage.DeleteVolumeAsync(volume, 0, default);
    }

    [Fact]
    public async Task Without_the_guard_everything_is_deleted()
    {
        await _storage.DisposeAsync();
        await OpenAsync(guard: false);
        PoolReference pool = await StartAsync("pool", _folder["pool"]);
        VolumeReference parent = await CreateAsync(pool, "parent");
        await CreateAsync(pool, "child", "parent");
        using (new FileStream(_folder["pool/parent"], FileMode.Open, FileAccess.ReadWrite, FileShare.None))
        {
            await _storage.DeleteVolumeAsync(parent, 0, default);
        }

        Assert.Equal(["child"], _storage.ListVolumes(pool, 0).Select(volume => volume.Name));
    }

    private async Task OpenAsync(bool guard) =>
        _storage = await StorageDriver.OpenAsync(
            new StorageDriverOptions { ConfigDirectory = _folder["config"], RunDirectory = _folder["run"], DeleteGuard = guard },
            NullLoggerFactory.Instance,
            default);

    private async Task<PoolReference> StartAsync(string name, string path)
    {
        Directory.CreateDirectory(path);
        PoolReference pool = await _storage.DefinePoolAsync($"<pool type='dir'><name>{name}</name><target><path>{path}</path></target></pool>", 0, default);
        await _storage.StartPoolAsync(pool, 0, default);
        return pool;
    }

    private Task<VolumeReference> CreateAsync(PoolReference pool, string name, string? backing = null)
    {
        string store = backing is null ? "" : $"<backingStore><path>{backing}</path><format type='qcow2'/></backingStore>";
        string xml = $"<volume><name>{name}</name><capacity>1048576</capacity><target><format type='qcow2'/></target>{store}</volume>";
        return _storage.CreateVolumeAsync(pool, xml, 0, default).AsTask();
    }

    private async Task AssertKeptAsync(VolumeReference volume, params string[] says)
    {
        StorageException error = await Assert.ThrowsAsync<StorageException>(() => _storage.DeleteVolumeAsync(volume, 0, default).AsTask());
        Assert.Equal((StorageErrorCode.OperationInvalid, StorageErrorDomain.Storage), (error.Code, error.Domain));
        Assert.All(says, text => Assert.Contains(text, error.Message, StringComparison.Ordinal));
        Assert.True(File.Exists(_storage.GetVolumePath(volume)));
    }
}
