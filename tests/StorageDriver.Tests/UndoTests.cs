using Microsoft.Extensions.Logging.Abstractions;

namespace Cistern.Storage.Tests;

public sealed class UndoTests
{
    private readonly List<int> _undone = [];

    [Fact]
    public async Task Without_commit_steps_are_taken_back_the_last_first()
    {
        await using (Undo undo = new(NullLogger.Instance))
        {
            undo.Add(() => _undone.Add(1));
            undo.Add(async () =>
            {
                await Task.Yield();
                _undone.Add(2);
            });
        }

        Assert.Equal([2, 1], _undone);
    }

    [Fact]
    public async Task After_commit_nothing_is_taken_back()
    {
        await using (Undo undo = new(NullLogger.Instance))
        {
            undo.Add(() => _undone.Add(1));
            undo.Commit();
        }

        Assert.Empty(_undone);
    }

    [Fact]
    public async Task A_step_that_fails_does_not_keep_the_others_from_running()
    {
        await using (Undo undo = new(NullLogger.Instance))
        {
            undo.Add(() => _undone.Add(1));
            undo.Add(() => throw new InvalidOperationException("cannot"));
            undo.Add(() => _undone.Add(3));
        }

        Assert.Equal([3, 1], _undone);
    }
}
