using System.ComponentModel;
using System.Runtime.InteropServices;

namespace Cistern.Server.Transport;

/// <summary>Asks whether a poller's threads still come round to a socket that becomes ready, and the thread pool to what follows.</summary>
internal sealed class PollerProbe : IPolledSocket, IDisposable
{
    private readonly SocketPoller _poller;
    private readonly SocketHandle _event;
    private readonly long _registration;
    private TaskCompletionSource _answer = new();

    public PollerProbe(SocketPoller poller)
    {
        _poller = poller;
        _event = LinuxSockets.EventDescriptor(0, LinuxSockets.SockNonBlock | LinuxSockets.SockCloExec);
        _registration = poller.Register(_event, this);
    }

    /// <summary>Complete when a thread has come round; one question at a time.</summary>
    public unsafe Task AskAsync()
    {
        var answer = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Volatile.Write(ref _answer, answer);

        // Each write is an edge: it need not be read.
        var one = 1UL;
        return LinuxSockets.Write(_event, &one, sizeof(ulong)) == sizeof(ulong) ? answer.Task : throw new Win32Exception(Marshal.GetLastPInvokeError());
    }

    public void Dispose()
    {
        _poller.Unregister(_event, _registration);
        _event.Dispose();
    }

    void IPolledSocket.OnReady(uint events) => Volatile.Read(ref _answer).TrySetResult();
}
