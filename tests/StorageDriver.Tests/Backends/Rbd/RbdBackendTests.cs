using Cistern.Storage.Backends;
using Cistern.Storage.Backends.Rbd;
using Cistern.Storage.Definitions;
using Cistern.Storage.Errors;

namespace Cistern.Storage.Tests.Backends.Rbd;

/// <summary>What is refused or told without a cluster.</summary>
public sealed class RbdBackendTests : IDisposable
{
    private readonly TestPool _pool = new();
    private readonly RbdBackend _backend = new();

    public RbdBackendTests() => _pool.Definition = new PoolDefinition
    {
        Type = PoolType.Rbd,
        Name = "pool",
        Uuid = Guid.NewGuid(),
        Source = new PoolSource { Hosts = [new SourceHost("mon")], Name = "images" },
    };

    public void Dispose() => _pool.Dispose();

    [Fact]
    public async Task A_volume_is_named_after_pool_and_image()
    {
        var change = await _backend.AllocateAsync(_pool.Context, Request("disk"), 0, default);

        Assert.Equal((VolumeKind.Network, "images/disk", "images/disk"), (change.Volume!.Kind, change.Volume.Key, change.Volume.Target.Path));
    }

    [Theory]
    [InlineData("qcow2", 0, 1, false, StorageErrorCode.ConfigUnsupported)]
    [InlineData("raw", 1, 1, false, StorageErrorCode.InvalidArgument)]
    [InlineData("raw", 0, 0, false, StorageErrorCode.NoSupport)]
    [InlineData("raw", 0, 1, true, StorageErrorCode.ConfigUnsupported)]
    public async Task What_an_image_cannot_be_is_refused(string format, uint flags, ulong capacity, bool encrypted, StorageErrorCode code)
    {
        VolumeDefinition request = Request("disk") with
        {
            Capacity = capacity,
            Target = new VolumeTarget { Format = format, Encryption = encrypted ? new VolumeEncryption("luks") : null },
        };

        var error = await Assert.ThrowsAsync<StorageException>(() => _backend.AllocateAsync(_pool.Context, request, flags, default).AsTask());

        Assert.Equal(code, error.Code);
    }

    [Theory]
    [InlineData("a/b")]
    [InlineData("a@b")]
    [InlineData("a\u0001")]
    [InlineData(".x.cistern-host-1.part")]
    public async Task Names_that_images_cannot_have_are_refused(string name)
    {
        var error = await Assert.ThrowsAsync<StorageException>(() => _backend.AllocateAsync(_pool.Context, Request(name), 0, default).AsTask());

        Assert.Equal(StorageErrorCode.OperationInvalid, error.Code);
    }

    [Fact]
    public async Task Sources_are_looked_for_at_a_host()
    {
        foreach (PoolSource? wanted in (PoolSource?[])[null, new PoolSource { Name = "images" }])
        {
            var error = await Assert.ThrowsAsync<StorageException>(() => _backend.FindSourcesAsync(_pool.Context.Host, wanted, default).AsTask());
            Assert.Equal(StorageErrorCode.InvalidArgument, error.Code);
        }
    }

    [Fact]
    public async Task A_secret_that_is_missing_is_found_out_before_the_cluster_is_asked()
    {
        SourceAuth auth = new("ceph", "admin", new SecretReference(Guid.NewGuid(), null));
        _pool.Definition = _pool.Definition with { Source = _pool.Definition.Source with { Auth = auth } };

        var error = await Assert.ThrowsAsync<StorageException>(() => _backend.StartAsync(_pool.Context, default).AsTask());

        Assert.Equal((StorageErrorCode.NoSecret, StorageErrorDomain.Secret), (error.Code, error.Domain));
    }

    [Fact]
    public async Task Volumes_of_a_pool_that_does_not_run_are_not_to_be_had()
    {
        var error = await Assert.ThrowsAsync<StorageException>(() => _backend.RefreshAsync(_pool.Context, default).AsTask());

        Assert.Equal(StorageErrorCode.OperationInvalid, error.Code);
        Assert.False(await _backend.IsActiveAsync(_pool.Context, default));
    }

    private static VolumeDefinition Request(string name) => new() { Name = name, Capacity = 1, Target = new VolumeTarget { Format = FileFormats.Default } };
}
