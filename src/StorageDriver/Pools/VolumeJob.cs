using Cistern.Storage.Errors;

namespace Cistern.Storage.Pools;

internal enum VolumeJobKind
{
    Create,
    Clone,
    Wipe,
    Resize,
    Delete,
}

/// <summary>Long work that has one volume to itself, while the pool's gate is open for everybody else.</summary>
internal sealed class VolumeJob(VolumeJobKind kind, string volume) : IDisposable
{
    private readonly CancellationTokenSource _cancellation = new();
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public VolumeJobKind Kind { get; } = kind;

    public string Volume { get; } = volume;

    public JobProgress Progress { get; } = new();

    public CancellationToken Cancellation => _cancellation.Token;

    /// <summary>Complete when the job is done or undone, and its outcome published.</summary>
    public Task Ended => _ended.Task;

    /// <summary>Jobs for which a stop of the pool is refused, and which a deletion of the volume cancels. Others are short: one waits for them.</summary>
    public bool BlocksPool => Kind is VolumeJobKind.Create or VolumeJobKind.Clone or VolumeJobKind.Wipe;

    /// <summary>The job made a volume and failed: nothing of it is left. Set before <see cref="Ended"/>.</summary>
    public bool Undone { get; set; }

    /// <summary>Asks the job to undo what it did; its caller gets 78.</summary>
    public void Cancel() => _cancellation.Cancel();

    /// <summary>Runs a step of the job; a step ended by <see cref="Cancel"/> fails with 78.</summary>
    public async ValueTask<T> StepAsync<T>(Func<CancellationToken, ValueTask<T>> step)
    {
        try
        {
            return await step(Cancellation).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (Cancellation.IsCancellationRequested)
        {
            throw StorageErrors.VolumeJobAborted(Volume);
        }
    }

    /// <inheritdoc cref="StepAsync{T}"/>
    public async ValueTask StepAsync(Func<CancellationToken, ValueTask> step) =>
        await StepAsync<object?>(async token =>
        {
            await step(token).ConfigureAwait(false);
            return null;
        }).ConfigureAwait(false);

    public void Dispose() => _ended.TrySetResult();
}
