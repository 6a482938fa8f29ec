using Cistern.RemoteProtocol.Programs;
using Cistern.RemoteProtocol.Remote;
using Cistern.RemoteProtocol.Tests.Codecs;
using Cistern.RemoteProtocol.Xdr;

namespace Cistern.RemoteProtocol.Tests.Programs;

public class RemoteProgramTests
{
    private readonly FakeAuth _auth = new();
    private readonly FakeCall _call = new();
    private readonly RpcProgram<FakeCall> _program;

    public RemoteProgramTests() => _program =
        RemoteProgram.Create<FakeCall>(null!, null!, null!, _auth, null!, null!, null!, null!, null!);

    [Fact]
    public void A_call_is_decoded_answered_and_replied_to_at_once()
    {
        var pending = Invoke(RemoteProcedure.AuthSaslStep, CodecBytes.Write(new AuthSaslStepArgs(1, [5, 6])));
        Assert.True(pending.IsCompletedSuccessfully);
        var reply = Assert.IsType<AuthSaslStepRet>(_call.Reply);
        Assert.Equal([5, 6], reply.Data);
    }

    [Fact]
    public async Task A_reply_that_takes_its_time_is_sent_when_it_is_there()
    {
        var pending = Invoke(RemoteProcedure.AuthSaslInit, []);
        Assert.False(pending.IsCompleted);
        Assert.Null(_call.Reply);
        _auth.Mechanisms.SetResult(new AuthSaslInitRet("SCRAM-SHA-256"));
        await pending;
        Assert.Equal(new AuthSaslInitRet("SCRAM-SHA-256"), _call.Reply);
    }

    [Fact]
    public async Task What_a_service_throws_later_flows_out_and_nothing_is_replied()
    {
        var pending = Invoke(RemoteProcedure.AuthSaslInit, []);
        _auth.Mechanisms.SetException(new InvalidOperationException("no"));
        await Assert.ThrowsAsync<InvalidOperationException>(() => pending);
        Assert.Null(_call.Reply);
    }

    [Fact]
    public void Undecodable_arguments_flow_out_before_the_service_is_asked()
    {
        Assert.IsType<XdrFormatException>(Record.Exception(() => IsDone(Find(RemoteProcedure.AuthSaslStep).Invoke([0, 0, 0], _call))));
        Assert.Equal(0, _auth.Calls);
    }

    [Fact]
    public void The_payload_of_a_call_without_arguments_is_ignored()
    {
        Assert.True(Invoke(RemoteProcedure.AuthList, [1, 2, 3]).IsCompletedSuccessfully);
        Assert.IsType<AuthListRet>(_call.Reply);
    }

    [Fact]
    public void Dispatching_a_call_allocates_nothing()
    {
        _call.KeepsReply = false;
        var procedure = Find(RemoteProcedure.AuthList);
        for (var i = 0; i < 100; i++)
        {
            Assert.True(IsDone(procedure.Invoke([], _call)));
        }

        var done = true;
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++)
        {
            done &= IsDone(procedure.Invoke([], _call));
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.True(done);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(int.MinValue)]
    [InlineData(int.MaxValue)]
    [InlineData(8)]
    [InlineData(437)]
    [InlineData((int)RemoteProcedure.StoragePoolEventLifecycle)]
    public void A_number_that_is_not_served_is_not_found(int procedure) => Assert.False(_program.TryGet(procedure, out _));

    [Fact]
    public void Every_procedure_is_found_under_its_number()
    {
        Assert.Equal(RemoteProgram.Procedures, _program.Procedures);
        Assert.All(RemoteProgram.Procedures, info =>
        {
            Assert.True(_program.TryGet(info.Number, out var procedure));
            Assert.Same(info, procedure.Info);
        });
    }

    [Fact]
    public void Only_authentication_is_allowed_before_authentication() =>
        Assert.Equal([66, 67, 68, 69, 70], RemoteProgram.Procedures.Where(info => info.BeforeAuthentication).Select(info => info.Number));

    [Fact]
    public void Only_opening_closing_and_what_comes_before_are_allowed_before_opening() =>
        Assert.Equal([1, 2, 60, 66, 67, 68, 69, 70], RemoteProgram.Procedures.Where(info => info.BeforeOpen).Select(info => info.Number));

    [Fact]
    public void Administrators_open_nothing() => Assert.All(Admin.AdminProgram.Procedures, info => Assert.True(info.BeforeOpen));

    [Fact]
    public void Upload_and_download_open_streams() => Assert.Equal(
        [(208, StreamDirection.Write), (209, StreamDirection.Read)],
        RemoteProgram.Procedures.Where(info => info.Stream != StreamDirection.None).Select(info => (info.Number, info.Stream)));

    private static bool IsDone(ValueTask pending) => pending.IsCompletedSuccessfully;

    private Task Invoke(RemoteProcedure number, byte[] payload) => Find(number).Invoke(payload, _call).AsTask();

    private Procedure<FakeCall> Find(RemoteProcedure number)
    {
        Assert.True(_program.TryGet((int)number, out var procedure));
        return procedure;
    }

    private sealed class FakeCall : ICallContext
    {
        public object? Reply { get; private set; }

        public bool KeepsReply { get; set; } = true;

        public CancellationToken Aborted => CancellationToken.None;

        void ICallContext.Reply<T>(in T body)
        {
            if (KeepsReply)
            {
                Assert.Null(Reply);
                Reply = body;
            }
        }
    }

    private sealed class FakeAuth : IAuthProcedures<FakeCall>
    {
        private readonly AuthListRet _types = new([AuthType.None]);

        public int Calls { get; private set; }

        public TaskCompletionSource<AuthSaslInitRet> Mechanisms { get; } = new();

        public ValueTask<AuthListRet> AuthListAsync(FakeCall context, CancellationToken cancellation) => new(_types);

        public ValueTask<AuthSaslInitRet> AuthSaslInitAsync(FakeCall context, CancellationToken cancellation) => new(Mechanisms.Task);

        public ValueTask<AuthSaslStartRet> AuthSaslStartAsync(AuthSaslStartArgs args, FakeCall context, CancellationToken cancellation) =>
            throw new NotSupportedException();

        public ValueTask<AuthSaslStepRet> AuthSaslStepAsync(AuthSaslStepArgs args, FakeCall context, CancellationToken cancellation)
        {
            Calls++;
            return new(new AuthSaslStepRet(1, args.Nil, args.Data));
        }

        public ValueTask<AuthPolkitRet> AuthPolkitAsync(FakeCall context, CancellationToken cancellation) => throw new NotSupportedException();
    }
}
