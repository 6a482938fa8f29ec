using Cistern.RemoteProtocol.Xdr;

namespace Cistern.RemoteProtocol.Programs;

/// <summary>Turns a service's answer into the reply: at once, without an allocation, when it is there already.</summary>
public static class CallCompletion
{
    public static ValueTask ReplyWith<TRet, TContext>(ValueTask<TRet> answer, TContext context)
        where TRet : IXdrCodec<TRet>
        where TContext : ICallContext
    {
        if (!answer.IsCompletedSuccessfully)
        {
            return ReplyLater(answer, context);
        }

        context.Reply(answer.Result);
        return ValueTask.CompletedTask;
    }

    public static ValueTask ReplyVoid<TContext>(ValueTask answer, TContext context)
        where TContext : ICallContext
    {
        if (!answer.IsCompletedSuccessfully)
        {
            return ReplyVoidLater(answer, context);
        }

        answer.GetAwaiter().GetResult();
        context.Reply(default(XdrVoid));
        return ValueTask.CompletedTask;
    }

    private static async ValueTask ReplyLater<TRet, TContext>(ValueTask<TRet> answer, TContext context)
        where TRet : IXdrCodec<TRet>
        where TContext : ICallContext =>
        context.Reply(await answer.ConfigureAwait(false));

    private static async ValueTask ReplyVoidLater<TContext>(ValueTask answer, TContext context)
        where TContext : ICallContext
    {
        await answer.ConfigureAwait(false);
        context.Reply(default(XdrVoid));
    }
}
