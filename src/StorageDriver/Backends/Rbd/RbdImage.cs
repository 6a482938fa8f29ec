using Cistern.Storage.Backends.Rbd.Native;
using Cistern.Storage.Host;
using Cistern.Storage.Pools;

namespace Cistern.Storage.Backends.Rbd;

/// <summary>An open image. It is closed when it is disposed of and the last call on it has ended.</summary>
internal sealed class RbdImage : IAsyncDisposable
{
    /// <summary>Longest wait for one call: the cluster's own limit, and time for the lock of an image whose holder has died.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    private readonly RadosPool _pool;
    private readonly nint _handle;
    private readonly Lock _lock = new();
    private readonly TaskCompletionSource _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _uses = 1;
    private bool _isDisposed;

    private RbdImage(RadosPool pool, nint handle)
    {
        _pool = pool;
        _handle = handle;
    }

    /// <summary>Opens an image, as it is now.</summary>
    /// <returns>0 and the image, or a negated error number and null.</returns>
    public static async Task<(int Result, RbdImage? Image)> OpenAsync(RadosPool pool, string name, bool isReadOnly)
    {
        pool.Keep();
        using NativeBuffer opened = new(nint.Size);
        long result = -1;
        try
        {
            result = await Completion.Rbd(completion => Open(pool, name, isReadOnly, opened, completion)).ConfigureAwait(false);
            return result < 0 ? ((int)result, null) : (0, new RbdImage(pool, Read(opened)));
        }
        finally
        {
            if (result < 0)
            {
                pool.DangerousRelease();
            }
        }
    }

    /// <summary>Begins a call that goes on after it returned.</summary>
    /// <param name="start">Given the image and the completion.</param>
    /// <returns>Its result, or a negated error number.</returns>
    /// <exception cref="ObjectDisposedException">The image has been disposed of.</exception>
    public async Task<long> StartAsync(Func<nint, nint, int> start)
    {
        Use();
        try
        {
            return await Completion.Rbd(completion => start(_handle, completion)).ConfigureAwait(false);
        }
        finally
        {
            Release();
        }
    }

    /// <summary>Runs a call that blocks for a short while on the pool's threads.</summary>
    /// <exception cref="Errors.StorageException">68/18.</exception>
    public Task<T> CallAsync<T>(PoolThreads threads, Func<nint, T> call, CancellationToken cancellation) =>
        threads.RunAsync(() => Call(call), cancellation);

    /// <summary>Runs a call of which nobody knows how long it takes.</summary>
    public Task<T> CallLongAsync<T>(Func<nint, T> call) => LongCall.RunAsync(() => Call(call));

    /// <summary>Waits for a call that goes on, not longer than it may take.</summary>
    /// <returns>Its result; -<see cref="Errno.TimedOut"/> when it has not ended, and owns its buffer still.</returns>
    public static async Task<long> WaitAsync(Task<long> call)
    {
        await ((Task)call).WaitAsync(Patience).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return call.IsCompleted ? await call.ConfigureAwait(false) : -Errno.TimedOut;
    }

    /// <summary>Returns when the image is closed, or after the longest time that a call may take.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (_lock)
        {
            if (_isDisposed)
            {
                return;
            }

            _isDisposed = true;
        }

        Release();
        await _closed.Task.WaitAsync(Patience).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private T Call<T>(Func<nint, T> call)
    {
        Use();
        try
        {
            return call(_handle);
        }
        finally
        {
            Release();
        }
    }

    private void Use()
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            _uses++;
        }
    }

    private void Release()
    {
        lock (_lock)
        {
            if (--_uses > 0)
            {
                return;
            }
        }

        _ = CloseAsync();
    }

    private async Task CloseAsync()
    {
        await Completion.Rbd(completion => RbdCalls.Close(_handle, completion)).ConfigureAwait(false);
        _pool.DangerousRelease();
        _closed.SetResult();
    }

    private static unsafe int Open(RadosPool pool, string name, bool isReadOnly, NativeBuffer opened, nint completion) =>
        isReadOnly
            ? RbdCalls.OpenReadOnly(pool, name, (nint*)opened.Pointer, null, completion)
            : RbdCalls.Open(pool, name, (nint*)opened.Pointer, null, completion);

    private static unsafe nint Read(NativeBuffer opened) => *(nint*)opened.Pointer;
}
