using System.Runtime.InteropServices;

namespace Cistern.Server.Transport;

/// <summary>A pipe (pipe(7)) that holds data on their way out as references to the kernel's own pages: nothing is copied.</summary>
public sealed class KernelPipe : IDisposable
{
    private KernelPipe(int output, int input)
    {
        Output = new SocketHandle(output);
        Input = new SocketHandle(input);
    }

    /// <summary>Where data are put in.</summary>
    public SafeHandle Input { get; }

    /// <summary>Where they are taken out.</summary>
    public SafeHandle Output { get; }

    /// <summary>Null when the system has none of that size left for this user.</summary>
    /// <param name="size">Bytes of whole pages that it is to hold.</param>
    public static unsafe KernelPipe? TryCreate(int size)
    {
        var ends = stackalloc int[2];
        if (LinuxSockets.Pipe(ends, LinuxSockets.SockCloExec) != 0)
        {
            return null;
        }

        var pipe = new KernelPipe(ends[0], ends[1]);
        if (LinuxSockets.ControlFile(pipe.Input, LinuxSockets.SetPipeSize, size) >= size)
        {
            return pipe;
        }

        pipe.Dispose();
        return null;
    }

    public void Dispose()
    {
        Input.Dispose();
        Output.Dispose();
    }
}
