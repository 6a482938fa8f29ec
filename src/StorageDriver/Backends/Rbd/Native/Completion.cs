using System.Runtime.InteropServices;

namespace Cistern.Storage.Backends.Rbd.Native;

/// <summary>
/// Calls that go on after they returned: they end on a thread of the library's, which must not be kept. What they point to must stay until then, so
/// nobody may give up waiting who owns a buffer. Each ends after the cluster's time limit of an operation at the latest.
/// </summary>
internal static unsafe class Completion
{
    /// <summary>Starts a call of librbd.</summary>
    /// <param name="start">Given the completion; a negated error number when the call was not begun.</param>
    /// <returns>The call's result, or a negated error number.</returns>
    public static Task<long> Rbd(Func<nint, int> start)
    {
        GCHandle<TaskCompletionSource<long>> handle = New<long>();
        int result = RbdCalls.CreateCompletion(GCHandle<TaskCompletionSource<long>>.ToIntPtr(handle), &RbdEnded, out nint completion);
        return Start(start, result, completion, handle, &RbdCalls.Release, error => error);
    }

    /// <summary>As <see cref="Rbd"/>, of librados.</summary>
    public static Task<RadosResult> Rados(Func<nint, int> start)
    {
        GCHandle<TaskCompletionSource<RadosResult>> handle = New<RadosResult>();
        int result = RadosCalls.CreateCompletion(GCHandle<TaskCompletionSource<RadosResult>>.ToIntPtr(handle), &RadosEnded, out nint completion);
        return Start(start, result, completion, handle, &RadosCalls.Release, error => new RadosResult(error, 0));
    }

    private static GCHandle<TaskCompletionSource<T>> New<T>() => new(new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously));

    private static Task<T> Start<T>(
        Func<nint, int> start,
        int created,
        nint completion,
        GCHandle<TaskCompletionSource<T>> handle,
        delegate*<nint, void> release,
        Func<int, T> failed)
    {
        Task<T> ended = handle.Target.Task;
        int result = created;
        if (created >= 0)
        {
            result = start(completion);
            if (result >= 0)
            {
                return ended;
            }

            release(completion);
        }

        handle.Dispose();
        return Task.FromResult(failed(result));
    }

    [UnmanagedCallersOnly]
    private static void RbdEnded(nint completion, nint argument)
    {
        long result = RbdCalls.Result(completion);
        RbdCalls.Release(completion);
        End(argument, result);
    }

    [UnmanagedCallersOnly]
    private static void RadosEnded(nint completion, nint argument)
    {
        RadosResult result = new(RadosCalls.Result(completion), RadosCalls.Version(completion));
        RadosCalls.Release(completion);
        End(argument, result);
    }

    private static void End<T>(nint argument, T result)
    {
        GCHandle<TaskCompletionSource<T>> handle = GCHandle<TaskCompletionSource<T>>.FromIntPtr(argument);
        TaskCompletionSource<T> ended = handle.Target;
        handle.Dispose();
        ended.SetResult(result);
    }
}

/// <summary>What a call of librados brought.</summary>
/// <param name="Result">Or a negated error number.</param>
/// <param name="Version">Of the object as it was found; 0 when there is none.</param>
internal readonly record struct RadosResult(int Result, ulong Version);
