using Cistern.Storage.Errors;
using Cistern.Storage.Tests.Simulated;
using static Cistern.Storage.Tests.Simulated.SimulatedDriver;

namespace Cistern.Storage.Tests.Facade;

public sealed class VolumeJobTests
{
    [Fact]
    public async Task A_volume_under_construction_is_seen_with_what_is_allocated_so_far()
    {
        await using var driver = await OpenAsync();
        var pool = await driver.StartedAsync("p", "a");
        var parked = driver.Steps.Park(Step.Build);
        var creation = driver.CreateAsync(pool, "new");
        await parked.Reached;

        Assert.Equal(["a", "new"], driver.Names(pool));
        var info = await driver.Storage.GetVolumeInfoAsync(Volume("p", "new"), 0, default);
        Assert.Equal((1UL << 20, 1UL << 19), (info.Capacity, info.Allocation));
        Assert.Contains("<allocation unit='bytes'>524288</allocation>", await driver.Storage.GetVolumeXmlAsync(Volume("p", "new"), 0, default), StringComparison.Ordinal);
        Assert.Equal("/pools/p/new", driver.Storage.GetVolumePath(Volume("p", "new")));

        parked.Release();
        var created = await creation;

        Assert.Equal(new VolumeReference("p", "new", "/pools/p/new"), created);
        Assert.Equal(0UL, (await driver.Storage.GetVolumeInfoAsync(created, 0, default)).Allocation);
    }

    [Fact]
    public async Task While_one_volume_is_built_everything_else_goes_on()
    {
        await using var driver = await OpenAsync();
        var pool = await driver.StartedAsync("p", "a", "b");
        var parked = driver.Steps.Park(Step.Build);
        var creation = driver.CreateAsync(pool, "new");
        await parked.Reached;

        await driver.Storage.RefreshPoolAsync(pool, 0, default);
        await driver.CreateAsync(pool, "other");
        await driver.Storage.DeleteVolumeAsync(Volume("p", "a"), 0, default);
        await driver.Storage.CreateVolumeFromAsync(pool, VolumeXml("copy"), Volume("p", "b"), 0, default);
        Assert.Equal(["b", "copy", "new", "other"], driver.Names(pool));

        parked.Release();
        await creation;
        Assert.Equal(["b", "copy", "new", "other"], driver.Names(pool));
    }

    [Fact]
    public async Task A_volume_under_construction_refuses_other_work_and_its_pool_a_stop()
    {
        await using var driver = await OpenAsync();
        var pool = await driver.StartedAsync("p");
        var parked = driver.Steps.Park(Step.Build);
        var creation = driver.CreateAsync(pool, "new");
        await parked.Reached;
        var volume = Volume("p", "new");

        await Expect.FailsAsync(StorageErrorCode.OperationInvalid, () => driver.Storage.ResizeVolumeAsync(volume, 1 << 21, 0, default));
        await Expect.FailsAsync(StorageErrorCode.OperationInvalid, () => driver.Storage.WipeVolumeAsync(volume, 0, 0, default));
        await Expect.FailsAsync(StorageErrorCode.OperationInvalid, () => driver.Storage.OpenUploadAsync(volume, 0, 0, 0, default));
        await Expect.FailsAsync(StorageErrorCode.OperationInvalid, () => driver.Storage.OpenDownloadAsync(volume, 0, 0, 0, default));
        await Expect.FailsAsync(StorageErrorCode.OperationInvalid, () => driver.Storage.CreateVolumeFromAsync(pool, VolumeXml("copy"), volume, 0, default));
        await Expect.FailsAsync(StorageErrorCode.StorageVolumeExists, () => driver.Storage.CreateVolumeAsync(pool, VolumeXml("new"), 0, default));
        await Expect.FailsAsync(StorageErrorCode.InternalError, () => driver.Storage.DestroyPoolAsync(pool, default));

        parked.Release();
        await creation;
        await driver.Storage.DestroyPoolAsync(pool, default);
    }

    [Fact]
    public async Task A_failed_creation_leaves_its_name_free()
    {
        await using var driver = await OpenAsync();
        var pool = await driver.StartedAsync("p");
        driver.Steps.Fail(Step.Build, StorageErrors.System(28, "full"));

        await Expect.FailsAsync(StorageErrorCode.SystemError, () => driver.Storage.CreateVolumeAsync(pool, VolumeXml("new"), 0, default));

        Assert.Empty(driver.Names(pool));
        await Expect.FailsAsync(StorageErrorCode.NoStorageVolume, () => driver.Storage.LookupVolumeByKeyAsync("/pools/p/new", default));
        driver.Steps.Succeed(Step.Build);
        await driver.CreateAsync(pool, "new");
    }

    [Fact]
    public async Task Deleting_a_volume_under_construction_cancels_its_creation_with_78()
    {
        await using var driver = await OpenAsync();
        var pool = await driver.StartedAsync("p");
        var parked = driver.Steps.Park(Step.Build);
        var creation = driver.CreateAsync(pool, "new");
        await parked.Reached;

        await driver.Storage.DeleteVolumeAsync(Volume("p", "new"), 0, default);

        Assert.Empty(driver.Names(pool));
        Assert.DoesNotContain(Step.Delete, driver.Steps.Taken);
        await Expect.FailsAsync(StorageErrorCode.OperationAborted, async () => _ = await creation);
        await driver.CreateAsync(pool, "new");
    }

    [Fact]
    public async Task The_driver_is_busy_while_a_job_runs_and_not_with_pools_that_are_up()
    {
        await using var driver = await OpenAsync();
        Assert.False(driver.Storage.IsBusy);
        await driver.StartedAsync("p", "a");
        Assert.False(driver.Storage.IsBusy);
        var parked = driver.Steps.Park(Step.Wipe);
        var wipe = driver.Storage.WipeVolumeAsync(Volume("p", "a"), 0, 0, default).AsTask();
        await parked.Reached;
        Assert.True(driver.Storage.IsBusy);
        parked.Release();
        await wipe;
        Assert.False(driver.Storage.IsBusy);
    }

    [Fact]
    public async Task Deleting_a_volume_that_is_wiped_ends_the_wipe_with_78()
    {
        await using var driver = await OpenAsync();
        var pool = await driver.StartedAsync("p", "a");
        var parked = driver.Steps.Park(Step.Wipe);
        var wipe = driver.Storage.WipeVolumeAsync(Volume("p", "a"), 0, 0, default).AsTask();
        await parked.Reached;
        await Expect.FailsAsync(StorageErrorCode.OperationInvalid, () => driver.Storage.ResizeVolumeAsync(Volume("p", "a"), 1 << 21, 0, default));
        await Expect.FailsAsync(StorageErrorCode.OperationInvalid, () => driver.Storage.OpenUploadAsync(Volume("p", "a"), 0, 0, 0, default));
        await Expect.FailsAsync(StorageErrorCode.InternalError, () => driver.Storage.DestroyPoolAsync(pool, default));

        await driver.Storage.DeleteVolumeAsync(Volume("p", "a"), 0, default);

        await Expect.FailsAsync(StorageErrorCode.OperationAborted, async () => await wipe);
        Assert.Empty(driver.Names(pool));
        Assert.Empty(driver.StorageOf("p").Files);
    }

    [Fact]
    public async Task A_creation_goes_on_when_its_caller_leaves()
    {
        await using var driver = await OpenAsync();
        var pool = await driver.StartedAsync("p");
        var parked = driver.Steps.Park(Step.Build);
        var described = driver.Steps.Park(Step.Describe);
        using var caller = new CancellationTokenSource();
        var creation = driver.Storage.CreateVolumeAsync(pool, VolumeXml("new"), 0, caller.Token).AsTask();
        await parked.Reached;

        await caller.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => creation);
        parked.Release();
        await described.Reached;

        Assert.Equal(["new"], driver.Names(pool));
        Assert.True(driver.StorageOf("p").Files.ContainsKey("new"));
        described.Release();
    }

    [Fact]
    public async Task A_volume_being_copied_can_be_read_but_not_changed()
    {
        await using var driver = await OpenAsync();
        var source = await driver.StartedAsync("source", "a");
        var target = await driver.StartedAsync("target");
        var parked = driver.Steps.Park(Step.Build);
        var copy = driver.Storage.CreateVolumeFromAsync(target, VolumeXml("copy", 1024), Volume("source", "a"), 0, default).AsTask();
        await parked.Reached;
        var volume = Volume("source", "a");

        await Expect.FailsAsync(StorageErrorCode.OperationInvalid, () => driver.Storage.DeleteVolumeAsync(volume, 0, default));
        await Expect.FailsAsync(StorageErrorCode.OperationInvalid, () => driver.Storage.ResizeVolumeAsync(volume, 1 << 21, 0, default));
        await Expect.FailsAsync(StorageErrorCode.OperationInvalid, () => driver.Storage.WipeVolumeAsync(volume, 0, 0, default));
        await Expect.FailsAsync(StorageErrorCode.OperationInvalid, () => driver.Storage.OpenUploadAsync(volume, 0, 0, 0, default));
        await Expect.FailsAsync(StorageErrorCode.InternalError, () => driver.Storage.DestroyPoolAsync(source, default));
        await Expect.FailsAsync(StorageErrorCode.InternalError, () => driver.Storage.DestroyPoolAsync(target, default));
        await (await driver.Storage.OpenDownloadAsync(volume, 0, 0, 0, default)).DisposeAsync();
        await driver.Storage.CreateVolumeFromAsync(source, VolumeXml("second"), volume, 0, default);

        parked.Release();
        await copy;
        Assert.Equal(1UL << 20, (await driver.Storage.GetVolumeInfoAsync(Volume("target", "copy"), 0, default)).Capacity);
        await driver.Storage.DeleteVolumeAsync(volume, 0, default);
        await driver.Storage.DestroyPoolAsync(source, default);
    }

    [Fact]
    public async Task Deleting_a_copy_under_construction_frees_its_source()
    {
        await using var driver = await OpenAsync();
        var source = await driver.StartedAsync("source", "a");
        var target = await driver.StartedAsync("target");
        var parked = driver.Steps.Park(Step.Build);
        var copy = driver.Storage.CreateVolumeFromAsync(target, VolumeXml("copy"), Volume("source", "a"), 0, default).AsTask();
        await parked.Reached;

        await driver.Storage.DeleteVolumeAsync(Volume("target", "copy"), 0, default);
        await driver.Storage.DeleteVolumeAsync(Volume("source", "a"), 0, default);

        await Expect.FailsAsync(StorageErrorCode.OperationAborted, async () => _ = await copy);
        await driver.Storage.DestroyPoolAsync(source, default);
        Assert.Empty(driver.Names(target));
    }

    [Fact]
    public async Task Copies_between_two_pools_in_both_directions_end()
    {
        await using var driver = await OpenAsync();
        var one = await driver.StartedAsync("one", "a");
        var two = await driver.StartedAsync("two", "b");

        var copies = Enumerable.Range(0, 50).SelectMany(number => new[]
        {
            Task.Run(() => driver.Storage.CreateVolumeFromAsync(two, VolumeXml($"a{number}"), Volume("one", "a"), 0, default).AsTask()),
            Task.Run(() => driver.Storage.CreateVolumeFromAsync(one, VolumeXml($"b{number}"), Volume("two", "b"), 0, default).AsTask()),
        });
        await Task.WhenAll(copies).WaitAsync(TimeSpan.FromSeconds(30));

        Assert.Equal(51, driver.Storage.CountVolumes(one));
        Assert.Equal(51, driver.Storage.CountVolumes(two));
    }

    [Fact]
    public async Task Resizes_follow_the_rules_and_wait_for_one_another()
    {
        await using var driver = await OpenAsync();
        await driver.StartedAsync("p", "a");
        var volume = Volume("p", "a");
        var parked = driver.Steps.Park(Step.Resize);
        var first = driver.Storage.ResizeVolumeAsync(volume, 2 << 20, 0, default).AsTask();
        await parked.Reached;
        var second = driver.Storage.ResizeVolumeAsync(volume, 1 << 20, 2, default).AsTask();
        Assert.False(second.IsCompleted);
        parked.Release();
        await Task.WhenAll(first, second);

        Assert.Equal(3UL << 20, (await driver.Storage.GetVolumeInfoAsync(volume, 0, default)).Capacity);
        await Expect.FailsAsync(StorageErrorCode.InvalidArgument, () => driver.Storage.ResizeVolumeAsync(volume, 1 << 20, 0, default));
        await Expect.FailsAsync(StorageErrorCode.InvalidArgument, () => driver.Storage.ResizeVolumeAsync(volume, 1024, 4, default));
        await Expect.FailsAsync(StorageErrorCode.OperationFailed, () => driver.Storage.ResizeVolumeAsync(volume, 1UL << 50, 1, default));
        await Expect.FailsAsync(StorageErrorCode.InvalidArgument, () => driver.Storage.ResizeVolumeAsync(volume, 1, 8, default));
        await driver.Storage.ResizeVolumeAsync(volume, 1 << 20, 6, default);
        Assert.Equal(2UL << 20, (await driver.Storage.GetVolumeInfoAsync(volume, 0, default)).Capacity);
    }

    [Fact]
    public async Task A_resize_to_the_same_size_does_nothing()
    {
        await using var driver = await OpenAsync();
        await driver.StartedAsync("p", "a");
        await driver.Storage.ResizeVolumeAsync(Volume("p", "a"), 1 << 20, 0, default);
        Assert.DoesNotContain(Step.Resize, driver.Steps.Taken);
    }

    [Fact]
    public async Task A_second_deletion_waits_for_the_first_and_finds_nothing()
    {
        await using var driver = await OpenAsync();
        await driver.StartedAsync("p", "a");
        var parked = driver.Steps.Park(Step.Delete);
        var first = driver.Storage.DeleteVolumeAsync(Volume("p", "a"), 0, default).AsTask();
        await parked.Reached;
        var second = driver.Storage.DeleteVolumeAsync(Volume("p", "a"), 0, default).AsTask();
        Assert.False(second.IsCompleted);

        parked.Release();
        await first;
        await Expect.FailsAsync(StorageErrorCode.NoStorageVolume, async () => await second);
    }

    [Fact]
    public async Task Ending_the_driver_undoes_what_is_not_finished()
    {
        await using var driver = await OpenAsync();
        var pool = await driver.StartedAsync("p");
        var parked = driver.Steps.Park(Step.Build);
        var creation = driver.CreateAsync(pool, "new");
        await parked.Reached;

        await driver.RestartAsync();

        await Expect.FailsAsync(StorageErrorCode.OperationAborted, async () => _ = await creation);
        Assert.True(driver.Storage.IsPoolActive(pool));
        Assert.Empty(driver.Names(pool));
    }

    [Fact]
    public async Task A_document_is_read_for_its_name_only_before_its_sender_was_found_to_have_the_right()
    {
        await using var driver = await OpenAsync();
        var pool = await driver.StartedAsync("p", "a");
        List<string> asked = [];

        ValueTask Deny(PoolReference of, VolumeReference volume)
        {
            asked.Add($"{of.Name}/{volume.Name}");
            throw new InvalidOperationException("denied");
        }

        ValueTask DenyPool(PoolReference of)
        {
            asked.Add(of.Name);
            throw new InvalidOperationException("denied");
        }

        const string Volume = "<volume><other><name>not this</name></other><name>new</name>";
        const string Pool = "<pool type='none'><uuid>11111111-2222-3333-4444-555555555511</uuid><name>new</name>";
        foreach (var rest in new[] { "", "<", string.Concat(Enumerable.Repeat("<a>", 1000)), "<capacity>x</capacity></volume>", "</pool>" })
        {
            await Assert.ThrowsAsync<InvalidOperationException>(() => driver.Storage.CreateVolumeAsync(pool, Volume + rest, 0, Deny, default).AsTask());
            await Assert.ThrowsAsync<InvalidOperationException>(() => driver.Storage.DefinePoolAsync(Pool + rest, 0, DenyPool, default).AsTask());
            await Assert.ThrowsAsync<InvalidOperationException>(() => driver.Storage.CreatePoolAsync(Pool + rest, 0, DenyPool, default).AsTask());
        }

        Assert.Equal(["new", "p/new"], asked.Distinct().Order());
        await Expect.FailsAsync(StorageErrorCode.XmlError, () => driver.Storage.CreateVolumeAsync(pool, "<volume/>", 0, Deny, default));
        await Expect.FailsAsync(StorageErrorCode.XmlNotWellFormed, () => driver.Storage.CreateVolumeAsync(pool, "<volume>", 0, Deny, default));
    }

    [Fact]
    public async Task A_definition_without_uuid_gets_the_one_that_its_sender_was_found_to_have_the_right_to()
    {
        await using var driver = await OpenAsync();
        PoolReference? asked = null;
        var xml = $"<pool type='dir'><source><name>not this</name></source><name>new</name><target><path>/new</path></target></pool>";
        var defined = await driver.Storage.DefinePoolAsync(xml, 0, of => { asked = of; return default; }, default);
        Assert.Equal(asked, defined);
        Assert.Equal("new", defined.Name);
    }

    [Fact]
    public async Task Errors_name_what_is_missing_in_libvirts_order()
    {
        await using var driver = await OpenAsync();
        var inactive = await driver.DefineAsync("inactive");
        var pool = await driver.StartedAsync("p", "a");

        await Expect.FailsAsync(StorageErrorCode.NoStoragePool, () => driver.Storage.DeleteVolumeAsync(Volume("none", "a"), 0, default));
        await Expect.FailsAsync(StorageErrorCode.OperationInvalid, () => driver.Storage.DeleteVolumeAsync(Volume("inactive", "a"), 0, default));
        await Expect.FailsAsync(StorageErrorCode.NoStorageVolume, () => driver.Storage.DeleteVolumeAsync(Volume("p", "none"), 0, default));
        await Expect.FailsAsync(StorageErrorCode.OperationInvalid, () => driver.Storage.CreateVolumeAsync(inactive, "not xml", 0, default));
        await Expect.FailsAsync(StorageErrorCode.InvalidArgument, () => driver.Storage.CreateVolumeAsync(inactive, "not xml", 2, default));
        await Expect.FailsAsync(StorageErrorCode.InternalError, () => driver.Storage.CreateVolumeFromAsync(pool, VolumeXml("a"), Volume("p", "a"), 0, default));
        await Expect.FailsAsync(StorageErrorCode.NoStoragePool, () => driver.Storage.CreateVolumeFromAsync(pool, VolumeXml("b"), Volume("none", "a"), 0, default));
        await Expect.FailsAsync(StorageErrorCode.InvalidArgument, () => driver.Storage.WipeVolumeAsync(Volume("none", "a"), 10, 0, default));
        await Expect.FailsAsync(StorageErrorCode.NoStoragePool, () => driver.Storage.WipeVolumeAsync(Volume("none", "a"), 9, 0, default));
    }
}
