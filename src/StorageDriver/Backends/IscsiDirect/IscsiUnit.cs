using Cistern.Storage.Errors;
using Cistern.Storage.Host;

namespace Cistern.Storage.Backends.IscsiDirect;

/// <summary>A logical unit of a target. Its calls block; safe for several threads, each of which has a connection of its own.</summary>
internal sealed unsafe class IscsiUnit
{
    private const int UnitAttention = 6;
    private const int IllegalRequest = 5;
    private const int Attempts = 20;
    private static readonly TimeSpan BetweenAttempts = TimeSpan.FromMilliseconds(100);

    private readonly IscsiSession _session;
    private readonly int _unit;

    public IscsiUnit(IscsiSession session, int unit)
    {
        _session = session;
        _unit = unit;
    }

    /// <summary>The numbers of the target's units.</summary>
    /// <exception cref="StorageException">1/18.</exception>
    public static IReadOnlyList<int> List(IscsiSession session)
    {
        const int FirstUnits = 64;
        IscsiUnit any = new(session, 0);
        int length = ScsiReplies.UnitListHeader + (FirstUnits * ScsiReplies.UnitSize);
        byte[] list = any.Ask(ScsiCommand.ReportUnits(length), "list the units");
        int whole = ScsiReplies.UnitListLength(list);
        return ScsiReplies.Units(whole > length ? any.Ask(ScsiCommand.ReportUnits(whole), "list the units") : list);
    }

    /// <summary>The unit's size; none for what is no disk, or not ready.</summary>
    /// <exception cref="StorageException">1/18: the target does not answer.</exception>
    public ScsiCapacity Capacity() =>
        Send(ScsiCommand.TestUnitReady, []).Status == IscsiCalls.Good && ScsiReplies.IsDisk(Ask(ScsiCommand.Inquiry(64), "inquire of a unit"))
            ? ScsiReplies.Capacity(Ask(ScsiCommand.ReadCapacity(), "read the capacity of a unit"))
            : default;

    public ScsiLimits Limits()
    {
        byte[] page = new byte[ScsiReplies.LimitsSize];
        ScsiTransfer transfer = Send(ScsiCommand.Inquiry(ScsiReplies.LimitsPage, ScsiReplies.LimitsSize), page);
        return transfer.Status == IscsiCalls.Good ? ScsiReplies.Limits(page.AsSpan(0, transfer.Length)) : default;
    }

    /// <summary>Sends a command; an error when the unit does not do it.</summary>
    public void Do(ScsiCommand command, Span<byte> data, string what)
    {
        ScsiTransfer transfer = Send(command, data);
        if (transfer.Status != IscsiCalls.Good)
        {
            throw Failed(transfer, what);
        }
    }

    /// <summary>As <see cref="Do"/>; false when the unit does not know the command.</summary>
    public bool TryDo(ScsiCommand command, Span<byte> data, string what)
    {
        ScsiTransfer transfer = Send(command, data);
        return transfer.Status == IscsiCalls.Good || (transfer.SenseKey == IllegalRequest ? false : throw Failed(transfer, what));
    }

    /// <summary>What the unit answers to a command; null when it does not know the command.</summary>
    public byte[]? TryAsk(ScsiCommand command, string what)
    {
        byte[] data = new byte[command.Length];
        ScsiTransfer transfer = Send(command, data);
        return transfer.Status == IscsiCalls.Good ? data[..transfer.Length]
            : transfer.SenseKey == IllegalRequest ? null
            : throw Failed(transfer, what);
    }

    /// <summary>Sends commands for parts of one buffer, all at once.</summary>
    /// <param name="buffer">Is written to by commands that read.</param>
    /// <param name="part">The command for the bytes from an offset on.</param>
    /// <param name="partSize">Bytes; a multiple of the unit's blocks.</param>
    public void Transfer(ReadOnlySpan<byte> buffer, Func<int, int, ScsiCommand> part, int partSize, string what)
    {
        ScsiTransfer[] transfers = new ScsiTransfer[(buffer.Length + partSize - 1) / partSize];
        fixed (byte* start = buffer)
        {
            for (int i = 0; i < transfers.Length; i++)
            {
                int offset = i * partSize;
                transfers[i] = new ScsiTransfer { Command = part(offset, Math.Min(partSize, buffer.Length - offset)), Data = start + offset };
            }

            Send(transfers);
        }

        foreach (ScsiTransfer transfer in transfers)
        {
            if (transfer.Status != IscsiCalls.Good)
            {
                throw Failed(transfer, what);
            }
        }
    }

    private byte[] Ask(ScsiCommand command, string what)
    {
        byte[] data = new byte[command.Length];
        ScsiTransfer transfer = Send(command, data);
        return transfer.Status == IscsiCalls.Good ? data[..transfer.Length] : throw Failed(transfer, what);
    }

    private ScsiTransfer Send(ScsiCommand command, Span<byte> data)
    {
        fixed (byte* start = data)
        {
            ScsiTransfer[] one = [new ScsiTransfer { Command = command, Data = start }];
            Send(one);
            return one[0];
        }
    }

    /// <summary>What a unit refuses because it has news, as after every login, or is busy, is sent again.</summary>
    private void Send(ScsiTransfer[] transfers) =>
        _session.Run(connection =>
        {
            for (int attempt = 1; ; attempt++)
            {
                connection.Send(_unit, transfers);
                bool isBusy = Array.Exists(transfers, IsBusy);
                if (attempt == Attempts || !(isBusy || Array.Exists(transfers, HasNews)))
                {
                    return true;
                }

                if (isBusy)
                {
                    Thread.Sleep(BetweenAttempts);
                }
            }
        });

    private static bool IsBusy(ScsiTransfer transfer) => transfer.Status is IscsiCalls.Busy or IscsiCalls.TaskSetFull;

    private static bool HasNews(ScsiTransfer transfer) => transfer is { Status: IscsiCalls.CheckCondition, SenseKey: UnitAttention };

    private StorageException Failed(in ScsiTransfer transfer, string what) =>
        StorageErrors.IscsiFailed(
            _session.Portal,
            $"{what} ({IscsiNames.Volume(_unit)})",
            transfer.Status == IscsiCalls.CheckCondition
                ? $"sense key {transfer.SenseKey}, code 0x{transfer.SenseCode:x4}"
                : $"SCSI status 0x{transfer.Status:x}");
}
