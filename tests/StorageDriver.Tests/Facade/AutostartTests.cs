using Cistern.Storage.Errors;
using Cistern.Storage.Pools;
using Cistern.Storage.Tests.Simulated;
using static Cistern.Storage.Tests.Simulated.SimulatedDriver;

namespace Cistern.Storage.Tests.Facade;

public sealed class AutostartTests : IAsyncLifetime
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private readonly ManualClock _clock = new();
    private SimulatedDriver _driver = null!;
    private PoolReference _pool;

    /// <summary>A pool whose folder was not there when the server started for the first time.</summary>
    public async Task InitializeAsync()
    {
        _driver = await OpenAsync(clock: _clock);
        _pool = await _driver.DefineAsync("late");
        await _driver.Storage.SetPoolAutostartAsync(_pool, true, default);
        _driver.StorageOf("late").Present = false;
        await _driver.CloseAsync();
        Directory.Delete(_driver.Options.RunDirectory, recursive: true);
        await _driver.OpenStorageAsync();
    }

    public async Task DisposeAsync() => await _driver.DisposeAsync();

    [Fact]
    public async Task A_late_pool_is_tried_with_growing_waits_until_it_starts()
    {
        _clock.AdvanceUntil(() => Attempts == 2, Second);
        var second = _clock.GetUtcNow();
        _clock.AdvanceUntil(() => Attempts == 6, Second);
        Assert.InRange(_clock.GetUtcNow() - second, TimeSpan.FromSeconds(2 + 4 + 8 + 16), TimeSpan.MaxValue);
        Assert.False(_driver.Storage.IsPoolActive(_pool));

        _driver.StorageOf("late").Present = true;
        _clock.AdvanceUntil(() => _driver.Storage.IsPoolActive(_pool), Second);

        Assert.Equal([PoolEventKind.Started], _driver.EventKinds);
        await _driver.Storage.DestroyPoolAsync(_pool, default);
        await NothingStartsAsync();
    }

    [Fact]
    public async Task A_destroy_says_that_the_pool_is_not_active_and_ends_the_attempts()
    {
        await Expect.FailsAsync(StorageErrorCode.OperationInvalid, () => _driver.Storage.DestroyPoolAsync(_pool, default));
        await NothingStartsAsync();
    }

    [Fact]
    public async Task Autostart_off_ends_the_attempts()
    {
        await _driver.Storage.SetPoolAutostartAsync(_pool, false, default);
        await _driver.Storage.SetPoolAutostartAsync(_pool, true, default);
        await NothingStartsAsync();
    }

    [Fact]
    public async Task An_undefined_pool_is_not_tried_any_more()
    {
        await _driver.Storage.UndefinePoolAsync(_pool, default);
        await NothingStartsAsync();
    }

    [Fact]
    public async Task A_start_that_is_asked_for_joins_the_attempt_that_runs()
    {
        var parked = await ParkedAttemptAsync();
        var start = _driver.Storage.StartPoolAsync(_pool, 0, default).AsTask();
        var failing = _driver.Storage.StartPoolAsync(_pool, 0, default).AsTask();
        parked.Fail(StorageErrors.System(5, "broken"));
        await Expect.FailsAsync(StorageErrorCode.SystemError, async () => await start);
        await Expect.FailsAsync(StorageErrorCode.SystemError, async () => await failing);

        parked = await ParkedAttemptAsync();
        start = _driver.Storage.StartPoolAsync(_pool, 0, default).AsTask();
        _driver.StorageOf("late").Present = true;
        parked.Release();
        await start;

        Assert.True(_driver.Storage.IsPoolActive(_pool));
        Assert.Single(_driver.EventKinds, PoolEventKind.Started);
    }

    [Fact]
    public async Task A_start_between_two_attempts_is_one_of_its_own_and_the_last()
    {
        _driver.StorageOf("late").Present = true;
        await _driver.Storage.StartPoolAsync(_pool, 0, default);
        int attempts = Attempts;
        _clock.Advance(TimeSpan.FromMinutes(2));
        Assert.Equal(attempts, Attempts);
        Assert.True(_driver.Storage.IsPoolActive(_pool));
    }

    [Fact]
    public async Task A_destroy_during_an_attempt_waits_and_stops_what_came_of_it()
    {
        var parked = await ParkedAttemptAsync();
        var destroy = _driver.Storage.DestroyPoolAsync(_pool, default).AsTask();
        _driver.StorageOf("late").Present = true;
        parked.Release();
        await destroy;

        Assert.False(_driver.Storage.IsPoolActive(_pool));
        await NothingStartsAsync();
    }

    [Fact]
    public async Task A_pool_that_ran_and_is_gone_after_a_restart_is_tried_again()
    {
        _driver.StorageOf("late").Present = true;
        await _driver.Storage.StartPoolAsync(_pool, 0, default);
        await _driver.CloseAsync();
        _driver.StorageOf("late").Present = _driver.StorageOf("late").Mounted = false;
        await _driver.OpenStorageAsync();
        Assert.False(_driver.Storage.IsPoolActive(_pool));

        _driver.StorageOf("late").Present = true;
        _clock.AdvanceUntil(() => _driver.Storage.IsPoolActive(_pool), Second);
    }

    private int Attempts => _driver.Steps.Taken.Count(step => step == Step.Start);

    private async Task<Parked> ParkedAttemptAsync()
    {
        var parked = _driver.Steps.Park(Step.Start);
        int attempts = Attempts;
        _clock.AdvanceUntil(() => Attempts > attempts, Second);
        await parked.Reached;
        return parked;
    }

    private async Task NothingStartsAsync()
    {
        _driver.StorageOf("late").Present = true;
        int attempts = Attempts;
        for (int minute = 0; minute < 3; minute++)
        {
            _clock.Advance(TimeSpan.FromMinutes(1));
            await Task.Delay(5);
        }

        Assert.Equal(attempts, Attempts);
    }
}
