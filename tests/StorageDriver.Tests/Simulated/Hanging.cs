namespace Cistern.Storage.Tests.Simulated;

/// <summary>A step that holds its thread until it is let go.</summary>
internal sealed class Hanging : IDisposable
{
    private readonly ManualResetEventSlim _released = new();
    private readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Complete when a thread hangs, so that its time runs.</summary>
    public Task Reached => _reached.Task;

    public void Set() => _released.Set();

    public void Wait()
    {
        _reached.TrySetResult();
        _released.Wait();
    }

    public void Dispose() => _released.Dispose();
}
