using System.Collections.Concurrent;
using Cistern.RemoteProtocol.Programs;
using Cistern.RemoteProtocol.Remote;
using Cistern.RemoteProtocol.Xdr;
using Cistern.Server.Rpc;
using Cistern.Server.Transport;

namespace Cistern.Server.Tests.Support;

/// <summary>A few procedures under the remote program's number whose handlers do as a test says.</summary>
internal sealed class TestProgram
{
    public const int Open = 1;
    public const int Close = 2;
    public const int Echo = 3;
    public const int Parked = 4;
    public const int Change = 5;
    public const int Broken = 6;
    public const int Refused = 7;
    public const int KeepAliveOn = 8;
    public const int Identify = 9;
    public const int Download = 10;
    public const int Upload = 11;
    public const int NeedsWord = 12;
    public const int Long = 13;
    public const int ChangeDomain = 18;
    public const int LongReply = 64 * 1024;

    private readonly ConcurrentDictionary<uint, TaskCompletionSource> _gates = new();

    /// <summary>Numbers of the parked calls that have started.</summary>
    public ConcurrentDictionary<uint, bool> Started { get; } = new();

    public ClientConnection? LastClient { get; private set; }

    public Func<IStreamSource>? Source { get; set; }

    public Func<IStreamSink>? Sink { get; set; }

    /// <summary>What protects the connection after <see cref="Identify"/> with 2.</summary>
    public Func<ISecurityLayer>? Layer { get; set; }

    public RpcProgram<CallContext> Build() => new("remote", RemoteProgram.Number, RemoteProgram.Version, [
        Procedure(Open, "CONNECT_OPEN", (_, context) => { LastClient = context.Client; context.Client.Open("test:///", readOnly: false); }),
        Procedure(Close, "CONNECT_CLOSE", (_, context) => context.Client.CloseAfterReply()),
        Procedure(Change, "STORAGE_POOL_DEFINE_XML", (_, _) => Changes++, readOnlyDenied: ChangeDomain),
        Procedure(Broken, "BROKEN", (_, _) => throw new InvalidOperationException("a defect")),
        Procedure(Refused, "REFUSED", (_, _) => throw new ExpectedException()),
        Procedure(KeepAliveOn, "CONNECT_SUPPORTS_FEATURE", (_, context) => context.Client.EnableKeepAlive()),
        Procedure(Download, "DOWNLOAD", (_, context) => context.AttachStream(Source!())),
        Procedure(Upload, "UPLOAD", (_, context) => context.AttachStream(Sink!())),
        Procedure(Long, "LONG", (_, context) => { LongReplies++; context.UseReply(new byte[LongReply]); }),
        Procedure(NeedsWord, "NEEDS_WORD", (word, _) => Assert.NotNull(word)),
        new Procedure<CallContext>(Info(Echo, "ECHO"), (payload, context) => { context.Reply(Decode(payload)!.Value); return default; }),
        new Procedure<CallContext>(Info(Parked, "PARKED"), (payload, context) => ParkAsync(Decode(payload)!.Value.Value, context)),
        new Procedure<CallContext>(Info(Identify, "AUTH_LIST", beforeAuthentication: true), (payload, context) => AuthenticateAsync(Decode(payload)!.Value, context)),
    ]);

    public int Changes { get; private set; }

    public int LongReplies { get; private set; }

    /// <summary>Lets a parked call answer, before or after it has come.</summary>
    public void Release(uint number) => Gate(number).TrySetResult();

    private TaskCompletionSource Gate(uint number) =>
        _gates.GetOrAdd(number, _ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));

    private async ValueTask ParkAsync(uint number, CallContext context)
    {
        Started[number] = true;
        await Gate(number).Task;
        context.Reply(new Word(number));
    }

    private async ValueTask AuthenticateAsync(Word word, CallContext context)
    {
        if (word.Value == 1)
        {
            context.Client.CompleteAuthentication();
        }
        else if (word.Value == 2)
        {
            await Gate(word.Value).Task;
            context.Client.CompleteAuthentication("somebody", Layer!());
        }

        context.Reply(word);
    }

    private static Word? Decode(ReadOnlySpan<byte> payload)
    {
        var reader = new XdrReader(payload);
        return payload.IsEmpty ? null : Word.Read(ref reader);
    }

    private static ProcedureInfo Info(int number, string name, int? readOnlyDenied = null, bool beforeAuthentication = false) =>
        new(number, name, "Test", CallPriority.High, readOnlyDenied, beforeAuthentication, beforeAuthentication || name.StartsWith("CONNECT_", StringComparison.Ordinal), StreamDirection.None, [], null);

    private static Procedure<CallContext> Procedure(int number, string name, Action<Word?, CallContext> run, int? readOnlyDenied = null) =>
        new(Info(number, name, readOnlyDenied), (payload, context) =>
        {
            run(Decode(payload), context);
            context.Reply(default(XdrVoid));
            return default;
        });
}
