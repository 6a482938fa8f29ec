namespace Cistern.Storage.Backends.Rbd;

/// <summary>
/// Runs calls of which nobody knows how long they take, such as the deletion of an image of many objects, on threads of their own. Each step within
/// has the cluster's time limit of an operation, so that one on a dead cluster ends.
/// </summary>
internal static class LongCall
{
    public static Task<T> RunAsync<T>(Func<T> work) =>
        Task.Factory.StartNew(
            work, CancellationToken.None, TaskCreationOptions.LongRunning | TaskCreationOptions.DenyChildAttach, TaskScheduler.Default);
}
