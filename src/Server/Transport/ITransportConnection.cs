using System.IO.Pipelines;
using Cistern.Server.Auth;

namespace Cistern.Server.Transport;

/// <summary>A stream of bytes in both directions; unix, TCP and whatever wraps them look the same from here on.</summary>
public interface ITransportConnection : IAsyncDisposable
{
    ClientIdentity Peer { get; }

    /// <summary>What the peer sends. Ends, without an exception, when the peer closes or resets the connection.</summary>
    PipeReader Input { get; }

    /// <summary>The memory of what has been read and not consumed is never used again, since somebody may still look at it. For the reader of the input.</summary>
    void RetainInput();

    /// <summary>Hands all of the bytes to the system; one call at a time. Complete at once when the system takes them at once.</summary>
    /// <returns>False when the connection is gone.</returns>
    ValueTask<bool> WriteAsync(ReadOnlyMemory<byte> data);

    /// <summary>Whether what lies in a pipe can be written.</summary>
    bool TakesPipes => false;

    /// <summary>As <see cref="WriteAsync(ReadOnlyMemory{byte})"/>, for the data and then <paramref name="length"/> bytes that lie in the pipe.</summary>
    ValueTask<bool> WriteAsync(ReadOnlyMemory<byte> data, KernelPipe pipe, int length) => throw new NotSupportedException();

    /// <summary>Ends both directions, from any thread: the input ends, writes return false.</summary>
    void Abort();
}
