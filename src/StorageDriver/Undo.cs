using Microsoft.Extensions.Logging;

namespace Cistern.Storage;

/// <summary>
/// Takes back the steps of a change that did not succeed: disposed of without <see cref="Commit"/> it runs what was added, the last first.
/// A step that fails is logged and the others still run.
/// </summary>
public sealed partial class Undo(ILogger logger) : IAsyncDisposable
{
    private readonly Stack<Func<ValueTask>> _steps = new();

    /// <summary>Adds how to take back what was just done.</summary>
    public void Add(Func<ValueTask> step) => _steps.Push(step);

    /// <inheritdoc cref="Add(Func{ValueTask})"/>
    public void Add(Action step) => _steps.Push(() =>
    {
        step();
        return ValueTask.CompletedTask;
    });

    /// <summary>The change succeeded: nothing is taken back.</summary>
    public void Commit() => _steps.Clear();

    public async ValueTask DisposeAsync()
    {
        while (_steps.TryPop(out Func<ValueTask>? step))
        {
            try
            {
                await step().ConfigureAwait(false);
            }
#pragma warning disable CA1031 // Whatever one step throws, the others must run; the failure that led here is on its way to the caller.
            catch (Exception exception)
#pragma warning restore CA1031
            {
                LogStepFailed(exception);
            }
        }
    }

    [LoggerMessage(8001, LogLevel.Error, "Taking back a step of a failed change failed")]
    private partial void LogStepFailed(Exception exception);
}
