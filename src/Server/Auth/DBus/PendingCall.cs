namespace Cistern.Server.Auth.DBus;

/// <summary>A call whose answer has not come yet.</summary>
internal abstract class PendingCall(BusMethod method)
{
    public BusMethod Method { get; } = method;

    /// <summary>Writes the arguments.</summary>
    public abstract void Write(BusMessage message);

    /// <summary>Takes the answer, or the error that it is.</summary>
    public abstract void Complete(BusMessage answer);

    public abstract void Fail(BusException failure);
}

/// <param name="write">Writes the arguments.</param>
/// <param name="read">Reads the result.</param>
internal sealed class PendingCall<T>(BusMethod method, Action<BusMessage> write, Func<BusMessage, T> read) : PendingCall(method)
{
    private readonly TaskCompletionSource<T> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task<T> Answer => _answer.Task;

    public override void Write(BusMessage message) => write(message);

    public override void Complete(BusMessage answer)
    {
        try
        {
            if (answer.Error() is { } error)
            {
                Fail(error);
            }
            else
            {
                _answer.TrySetResult(read(answer));
            }
        }
        catch (BusException unreadable)
        {
            Fail(unreadable);
        }
    }

    public override void Fail(BusException failure)
    {
        if (_answer.TrySetException(failure))
        {
            // Its caller may have given up: then nobody looks.
            _ = _answer.Task.Exception;
        }
    }
}
