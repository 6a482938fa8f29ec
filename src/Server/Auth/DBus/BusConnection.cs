using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Cistern.Server.Auth.DBus;

/// <summary>One connection to the system bus, for as long as it holds. Belongs to one thread.</summary>
internal sealed unsafe class BusConnection : IDisposable
{
    private readonly nint _bus;
    private readonly Dictionary<PendingCall, Sent> _calls = [];

    private BusConnection(nint bus) => _bus = bus;

    /// <summary>The file descriptor to wait for, its events (poll(2)), and the longest wait in milliseconds (negative: for ever).</summary>
    public (int Descriptor, short Events, int Milliseconds) Awaited
    {
        get
        {
            _ = SdBus.GetTimeout(_bus, out var until);
            return (SdBus.GetDescriptor(_bus), (short)SdBus.GetEvents(_bus), MillisecondsTo(until));
        }
    }

    /// <exception cref="BusException">The bus cannot be reached.</exception>
    public static BusConnection Open()
    {
        Check(SdBus.OpenSystem(out var bus));
        return new BusConnection(bus);
    }

    /// <summary>Sends a call; <see cref="TryProcess"/> completes it, unless it is forgotten.</summary>
    public void Start(PendingCall call)
    {
        var method = call.Method;
        nint message = 0;
        GCHandle state = default;
        try
        {
            Check(SdBus.NewCall(_bus, out message, method.Destination, method.Path, method.Interface, method.Member));
            call.Write(new BusMessage(message));
            state = GCHandle.Alloc((this, call));
            Check(SdBus.CallAsync(_bus, out var slot, message, &OnAnswer, GCHandle.ToIntPtr(state), SdBus.Forever));
            _calls.Add(call, new Sent(slot, state));
        }
        catch (BusException failure)
        {
            if (state.IsAllocated)
            {
                state.Free();
            }

            call.Fail(failure);
        }
        finally
        {
            SdBus.UnrefMessage(message);
        }
    }

    /// <summary>Does not wait for the answer any more.</summary>
    public void Forget(PendingCall call)
    {
        if (_calls.Remove(call, out var sent))
        {
            SdBus.UnrefSlot(sent.Slot);
            sent.State.Free();
        }
    }

    /// <summary>Sends and receives what can be without waiting.</summary>
    /// <returns>False when the connection has broken.</returns>
    public bool TryProcess()
    {
        int result;
        do
        {
            result = SdBus.Process(_bus, null);
        }
        while (result > 0);
        return result == 0;
    }

    /// <summary>Fails the calls that are not answered.</summary>
    public void Dispose()
    {
        foreach (var call in _calls.Keys.ToArray())
        {
            Forget(call);
            call.Fail(new BusException(BusException.Disconnected, "the connection to the system bus has ended"));
        }

        SdBus.Close(_bus);
        SdBus.Unref(_bus);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int OnAnswer(nint message, nint state, nint error)
    {
        var (connection, call) = ((BusConnection, PendingCall))GCHandle.FromIntPtr(state).Target!;
        connection.Forget(call);
        call.Complete(new BusMessage(message));
        return 0;
    }

    private static int MillisecondsTo(ulong monotonicMicroseconds)
    {
        if (monotonicMicroseconds == SdBus.Forever)
        {
            return -1;
        }

        // Stopwatch counts CLOCK_MONOTONIC, as the library does.
        var now = (ulong)(Stopwatch.GetTimestamp() / (Stopwatch.Frequency / 1_000_000));
        return monotonicMicroseconds <= now ? 0 : (int)Math.Min((monotonicMicroseconds - now + 999) / 1000, int.MaxValue);
    }

    private static void Check(int result)
    {
        if (result < 0)
        {
            throw new BusException(BusException.Disconnected, $"the system bus: {Marshal.GetPInvokeErrorMessage(-result)}");
        }
    }

    private readonly record struct Sent(nint Slot, GCHandle State);
}
