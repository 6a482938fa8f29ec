using Cistern.RemoteProtocol.Xdr;

namespace Cistern.RemoteProtocol.Programs;

/// <summary>One call in progress, as the generated procedures see it.</summary>
public interface ICallContext
{
    /// <summary>Cancelled when nobody waits for the reply any more.</summary>
    CancellationToken Aborted { get; }

    /// <summary>Sends the reply; once, from any thread.</summary>
    void Reply<T>(in T body)
        where T : IXdrCodec<T>;
}
