using System.Buffers;
using Cistern.RemoteProtocol.Framing;
using Cistern.RemoteProtocol.Programs;
using Cistern.RemoteProtocol.Streams;
using Cistern.RemoteProtocol.Xdr;

namespace Cistern.Server.Rpc;

/// <summary>Hands a client's data to a sink. A packet stays in the input until the sink has taken it, so a slow disk stops the reading of its connection, and nothing else.</summary>
internal sealed class UploadStream(RpcConnection connection, in MessageHeader call, ProcedureInfo procedure, IStreamSink sink)
    : ServerStream(connection, call, procedure, sink, sink.Aborted)
{
    /// <summary>The packet at the head of the input is with the sink, or has been taken by it.</summary>
    private enum HeadPacket
    {
        New,
        Running,
        Taken,
        Failed,
    }

    private volatile HeadPacket _head;
    private Task _operation = Task.CompletedTask;

    public override Task WhenDataReleased => _operation;

    public override bool TryTakeData(in ReadOnlySequence<byte> data)
    {
        if (_head == HeadPacket.New && !data.IsEmpty && TryUse())
        {
            Hand(WriteAsync(data));
        }

        return IsTaken();
    }

    public override bool TryTakeHole(in ReadOnlySequence<byte> payload)
    {
        if (!sink.Sparse)
        {
            throw new MessageFramingException("a hole on a stream without holes");
        }

        if (_head == HeadPacket.New)
        {
            var hole = Decode(payload);
            if (hole.Length < 0 || hole.Flags != 0)
            {
                Fail(RpcException.InvalidStreamArgument($"a hole of {hole.Length} bytes with flags 0x{hole.Flags:x}"));
            }
            else if (TryUse())
            {
                Hand(SkipAsync(hole.Length));
            }
        }

        return IsTaken();
    }

    public override void Finish()
    {
        if (TryUse())
        {
            _ = FinishAsync();
        }
    }

    private static StreamHole Decode(in ReadOnlySequence<byte> payload)
    {
        using var bytes = new ContiguousPayload(payload);
        try
        {
            var reader = new XdrReader(bytes.Span);
            return StreamHole.Read(ref reader);
        }
        catch (XdrFormatException exception)
        {
            throw new MessageFramingException(exception.Message);
        }
    }

    private bool IsTaken()
    {
        if (_head == HeadPacket.Running)
        {
            return false;
        }

        if (_head == HeadPacket.Failed)
        {
            Connection.RetainInput();
        }

        _head = HeadPacket.New;
        return true;
    }

    private async ValueTask WriteAsync(ReadOnlySequence<byte> data) => await sink.WriteAsync(data, Stopped).ConfigureAwait(false);

    private async ValueTask SkipAsync(long length) => await sink.SkipAsync(length, Stopped).ConfigureAwait(false);

    private void Hand(ValueTask operation)
    {
        if (operation.IsCompletedSuccessfully)
        {
            EndUse();
            return;
        }

        _head = HeadPacket.Running;
        _operation = AwaitAsync(operation);
    }

    private async Task AwaitAsync(ValueTask operation)
    {
        var outcome = HeadPacket.Taken;
        try
        {
            await operation.ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            outcome = HeadPacket.Failed;
            Fail(exception);
        }

        EndUse();
        _head = outcome;
        Connection.Unblock();
    }

    private async Task FinishAsync()
    {
        try
        {
            await sink.FinishAsync(Stopped).ConfigureAwait(false);
            End(StreamPacket.Finish(Call), default(XdrVoid));
        }
        catch (Exception exception)
        {
            Fail(exception);
        }
        finally
        {
            EndUse();
        }
    }
}
