namespace Cistern.Storage.Backends.Blocks;

/// <summary>Waits for what the kernel or udev does a while after what led to it.</summary>
internal static class Patience
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(100);

    /// <summary>Looks again and again, on the pool's threads, until it is enough or the wait is over.</summary>
    /// <returns>What was seen last.</returns>
    public static async ValueTask<T> LookAsync<T>(PoolContext pool, TimeSpan wait, Func<T> look, Predicate<T> isEnough, CancellationToken cancellation)
    {
        TimeProvider clock = pool.Host.Clock;
        long begun = clock.GetTimestamp();
        while (true)
        {
            T seen = await pool.Threads.RunAsync(look, cancellation).ConfigureAwait(false);
            if (isEnough(seen) || clock.GetElapsedTime(begun) >= wait)
            {
                return seen;
            }

            await Task.Delay(LookEvery, clock, cancellation).ConfigureAwait(false);
        }
    }
}
