using System.Buffers.Binary;
using System.Net.Sockets;
using Cistern.RemoteProtocol.Framing;
using Cistern.RemoteProtocol.Remote;
using Cistern.RemoteProtocol.Xdr;
using Cistern.Server.Auth;
using Cistern.Server.HostSecrets;
using Cistern.Storage.Errors;
using Cistern.Storage.Secrets;
using Cistern.Support;
using SecretReference = Cistern.Storage.Definitions.SecretReference;

namespace Cistern.Server.Tests.HostSecrets;

/// <summary>Against a daemon that answers as it is told to.</summary>
public sealed class SecretDaemonTests : IDisposable
{
    private const string Token = "0123456789";
    private static readonly Guid Known = Guid.Parse("11111111-2222-3333-4444-555555555555");
    private static readonly SecretReference ByUsage = new(null, "disk");

    private readonly TemporaryFolder _folder = new();
    private readonly OwnSecrets _own = new();
    private readonly List<RemoteProcedure> _called = [];
    private readonly List<string?> _told = [];
    private Socket? _listener;

    /// <summary>What the daemon answers to a procedure; an exception's message becomes an error of code 66.</summary>
    private readonly Dictionary<RemoteProcedure, Func<byte[], byte[]?>> _answers;

    public SecretDaemonTests()
    {
        _folder.Write("token", System.Text.Encoding.ASCII.GetBytes(Token));
        NonnullSecret secret = new(Known, (int)SecretUsageType.Volume, "disk");
        _answers = new()
        {
            [RemoteProcedure.AuthList] = _ => Encode(new AuthListRet([AuthType.None])),
            [RemoteProcedure.AuthPolkit] = _ => Encode(new AuthPolkitRet(1)),
            [RemoteProcedure.ConnectOpen] = Open,
            [RemoteProcedure.ConnectSetIdentity] = Identify,
            [RemoteProcedure.SecretLookupByUsage] = _ => Encode(new SecretLookupByUsageRet(secret)),
            [RemoteProcedure.SecretLookupByUuid] = _ => Encode(new SecretLookupByUuidRet(secret)),
            [RemoteProcedure.SecretGetValue] = _ => Encode(new SecretGetValueRet([1, 2, 3])),
        };
    }

    public void Dispose()
    {
        _listener?.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task Without_a_daemon_the_servers_own_secrets_count()
    {
        Assert.Equal([42], (await Ask().GetValueAsync(ByUsage, SecretUsageType.Volume, default)).ToArray());
        Assert.Equal(OwnSecrets.Uuid, await Ask().FindAsync(SecretUsageType.Volume, "disk", default));
        Assert.Equal([42], (await Ask(null).GetValueAsync(ByUsage, SecretUsageType.Volume, default)).ToArray());

        // A socket that a daemon left behind.
        Listen();
        _listener!.Dispose();
        Assert.Equal([42], (await Ask().GetValueAsync(ByUsage, SecretUsageType.Volume, default)).ToArray());
    }

    [Fact]
    public async Task A_daemon_is_told_the_hosts_token_and_gives_the_value()
    {
        Listen();
        Assert.Equal([1, 2, 3], (await Ask().GetValueAsync(ByUsage, SecretUsageType.Volume, default)).ToArray());
        Assert.Equal([1, 2, 3], (await Ask().GetValueAsync(new SecretReference(Known, null), SecretUsageType.Volume, default)).ToArray());
        Assert.Equal(Known, await Ask().FindAsync(SecretUsageType.Volume, "disk", default));
        Assert.Equal([Token, Token, Token], _told);
        Assert.Equal(0, _own.Asked);
    }

    [Fact]
    public async Task Polkit_lets_the_hosts_daemons_in()
    {
        _answers[RemoteProcedure.AuthList] = _ => Encode(new AuthListRet([AuthType.Polkit]));
        Listen();
        Assert.Equal(3, (await Ask().GetValueAsync(ByUsage, SecretUsageType.Volume, default)).Length);
        Assert.Contains(RemoteProcedure.AuthPolkit, _called);
    }

    [Fact]
    public async Task A_secret_that_the_daemon_does_not_have_is_named()
    {
        _answers[RemoteProcedure.SecretLookupByUsage] = _ => throw new InvalidOperationException("none");
        Listen();
        var missing = await Assert.ThrowsAsync<StorageException>(async () => await Ask().GetValueAsync(ByUsage, SecretUsageType.Volume, default));
        Assert.Equal(StorageErrorCode.NoSecret, missing.Code);
        Assert.Contains("'disk'", missing.Message, StringComparison.Ordinal);
        Assert.Null(await Ask().FindAsync(SecretUsageType.Volume, "disk", default));
        Assert.Equal(0, _own.Asked);
    }

    [Fact]
    public async Task A_secret_for_another_use_is_refused()
    {
        Listen();
        var wrong = await Assert.ThrowsAsync<StorageException>(
            async () => await Ask().GetValueAsync(new SecretReference(Known, null), SecretUsageType.Ceph, default));
        Assert.Equal(StorageErrorCode.InvalidArgument, wrong.Code);
        Assert.DoesNotContain(RemoteProcedure.SecretGetValue, _called);
    }

    [Fact]
    public async Task What_a_daemon_does_wrong_is_told_with_its_socket()
    {
        Func<byte[], byte[]?>[] faults =
        [
            _ => Encode(new AuthListRet([AuthType.Sasl])),
            _ => throw new InvalidOperationException("not today"),
            _ => null,
            _ => [0, 0, 0, 9],
        ];
        Listen();
        foreach (var fault in faults)
        {
            _answers[RemoteProcedure.AuthList] = fault;
            var failure = await Assert.ThrowsAsync<StorageException>(async () => await Ask().GetValueAsync(ByUsage, SecretUsageType.Volume, default));
            Assert.Equal((StorageErrorCode.InternalError, StorageErrorDomain.Secret), (failure.Code, failure.Domain));
            Assert.Contains(_folder["sock"], failure.Message, StringComparison.Ordinal);
        }
    }

    private SecretDaemon Ask() => Ask(_folder["sock"]);

    private SecretDaemon Ask(string? socket) => new(socket, "secret:///session", new SystemToken(_folder["token"]), _own);

    private static byte[] Open(byte[] arguments)
    {
        XdrReader reader = new(arguments);
        return ConnectOpenArgs.Read(ref reader).Name == "secret:///session" ? [] : throw new InvalidOperationException("wrong name");
    }

    private byte[]? Identify(byte[] arguments)
    {
        XdrReader reader = new(arguments);
        _told.Add(Assert.Single(ConnectSetIdentityArgs.Read(ref reader).Params).Value.S);
        return [];
    }

    private void Listen()
    {
        _listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        _listener.Bind(new UnixDomainSocketEndPoint(_folder["sock"]));
        _listener.Listen();
        _ = ServeAsync(_listener);
    }

    private async Task ServeAsync(Socket listener)
    {
        try
        {
            while (true)
            {
                using var client = await listener.AcceptAsync();
                while (await ReceiveAsync(client) is { } call && Reply(call) is { } reply)
                {
                    await client.SendAsync(reply);
                }
            }
        }
        catch (Exception end) when (end is SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private byte[]? Reply(byte[] call)
    {
        XdrReader reader = new(call);
        var header = MessageHeader.Read(ref reader);
        var procedure = (RemoteProcedure)header.Procedure;
        _called.Add(procedure);
        try
        {
            return _answers[procedure](call[(MessageFraming.PrefixSize - MessageFraming.LengthSize)..]) is { } payload
                ? Message(header with { Type = MessageType.Reply }, payload)
                : null;
        }
        catch (InvalidOperationException error)
        {
            Error told = new((int)StorageErrorCode.NoSecret, 30, error.Message, 2, null, null, null, null, -1, -1, null);
            return Message(header with { Type = MessageType.Reply, Status = MessageStatus.Error }, Encode(told));
        }
    }

    private static byte[] Message(in MessageHeader header, byte[] payload)
    {
        var message = new byte[MessageFraming.PrefixSize + payload.Length];
        MessageFraming.WriteHeader(message, header, payload.Length);
        payload.CopyTo(message, MessageFraming.PrefixSize);
        return message;
    }

    private static async Task<byte[]?> ReceiveAsync(Socket client)
    {
        var length = new byte[MessageFraming.LengthSize];
        if (await client.ReceiveAsync(length) < length.Length)
        {
            return null;
        }

        var rest = new byte[BinaryPrimitives.ReadInt32BigEndian(length) - length.Length];
        return await client.ReceiveAsync(rest) == rest.Length ? rest : null;
    }

    private static byte[] Encode<T>(in T body)
        where T : IXdrCodec<T>
    {
        var bytes = new byte[body.XdrSize];
        XdrWriter writer = new(bytes);
        body.Write(ref writer);
        return bytes;
    }

    private sealed class OwnSecrets : ISecretValues
    {
        public static Guid Uuid { get; } = Guid.NewGuid();

        public int Asked { get; private set; }

        public ValueTask<ReadOnlyMemory<byte>> GetValueAsync(SecretReference secret, SecretUsageType usage, CancellationToken cancellation)
        {
            Asked++;
            return ValueTask.FromResult<ReadOnlyMemory<byte>>(new byte[] { 42 });
        }

        public ValueTask<Guid?> FindAsync(SecretUsageType usage, string usageId, CancellationToken cancellation)
        {
            Asked++;
            return ValueTask.FromResult<Guid?>(Uuid);
        }
    }
}
