using Cistern.RemoteProtocol.Errors;
using Cistern.RemoteProtocol.Framing;
using Cistern.RemoteProtocol.Programs;
using Cistern.RemoteProtocol.Xdr;
using Microsoft.Extensions.Logging;

namespace Cistern.Server.Rpc;

/// <summary>Finds the procedure of a call, refuses what may not be called now, runs the handler and answers its failures.</summary>
internal sealed class RpcDispatcher(IReadOnlyList<RpcProgram<CallContext>> programs, IErrorMapper errors, ILogger log)
{
    /// <summary>Runs a call: to its end when the handler does not wait, else until it first does.</summary>
    public void Dispatch(RpcConnection connection, in MessageFrame frame)
    {
        if (Find(frame.Header, out var procedure) is { } unknown)
        {
            Refuse(connection, frame.Header, unknown);
            return;
        }

        if (Check(connection.Client, procedure!.Info) is { } refusal)
        {
            Refuse(connection, frame.Header, refusal);
            return;
        }

        var context = new CallContext(connection, procedure.Info, frame.Header);
        ValueTask call;
        using (var payload = new ContiguousPayload(frame.Payload))
        {
            try
            {
                call = procedure.Invoke(payload.Span, context);
            }
            catch (Exception exception)
            {
                context.ReplyError(ErrorOf(exception, context));
                return;
            }
        }

        if (!call.IsCompletedSuccessfully)
        {
            connection.Calls.Enter();
            _ = AwaitAsync(connection, context, call);
        }
    }

    /// <summary>What a client is told of an exception.</summary>
    public RemoteError ErrorOf(Exception exception, ClientConnection client, ProcedureInfo procedure)
    {
        switch (exception)
        {
            case RpcException expected:
                return expected.Error;
            case XdrFormatException or MessageFramingException:
                return RpcException.Protocol(exception.Message).Error;
            case OperationCanceledException when client.Closed.IsCancellationRequested:
                return RpcException.Internal("the connection has ended").Error;
        }

        if (errors.Map(exception) is { } mapped)
        {
            return mapped;
        }

        log.UnexpectedFailure(exception, procedure.Name, client.Id);
        return RpcException.Internal($"{procedure.Name} failed unexpectedly; the server's log says more", (ErrorDomain?)procedure.ReadOnlyDenied ?? ErrorDomain.Rpc).Error;
    }

    private RemoteError ErrorOf(Exception exception, CallContext context) => ErrorOf(exception, context.Client, context.Procedure);

    private static void Refuse(RpcConnection connection, in MessageHeader call, RpcException refusal) =>
        connection.Output.Write(call with { Type = MessageType.Reply, Status = MessageStatus.Error }, refusal.Error.ToWire());

    private async Task AwaitAsync(RpcConnection connection, CallContext context, ValueTask call)
    {
        try
        {
            await call.ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            context.ReplyError(ErrorOf(exception, context));
        }

        if (connection.Calls.Exit())
        {
            connection.Unblock();
        }
    }

    private RpcException? Find(in MessageHeader call, out Procedure<CallContext>? procedure)
    {
        procedure = null;
        foreach (var program in programs)
        {
            if (program.Number == call.Program && program.Version == call.Version)
            {
                return call.Status != MessageStatus.Ok ? RpcException.Protocol($"a call with status {(int)call.Status}")
                    : !program.TryGet(call.Procedure, out procedure) ? RpcException.Protocol($"unknown procedure: {call.Procedure}")
                    : null;
            }
        }

        return RpcException.Protocol($"unknown program 0x{call.Program:x} version {call.Version}");
    }

    private static RpcException? Check(ClientConnection client, ProcedureInfo procedure)
    {
        if (!client.IsAuthenticated && !procedure.BeforeAuthentication)
        {
            return RpcException.Protocol("authentication required");
        }

        if (!client.IsOpen && !procedure.BeforeOpen)
        {
            return RpcException.Internal("connection not open");
        }

        return client.IsReadOnly && procedure.ReadOnlyDenied is { } domain
            ? RpcException.ReadOnly(FunctionName(procedure), (ErrorDomain)domain)
            : null;
    }

    /// <summary>The client library's name of a call: STORAGE_VOL_CREATE_XML is virStorageVolCreateXML.</summary>
    internal static string FunctionName(ProcedureInfo procedure) =>
        "vir" + string.Concat(procedure.Name.Split('_').Select(word => word == "XML" ? word : word[0] + word[1..].ToLowerInvariant()));
}
