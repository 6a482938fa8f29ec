using System.IO.Pipelines;
using Cistern.Server.Auth;

namespace Cistern.Server.Transport;

/// <summary>A connection that begins in the clear and may get a layer after its authentication (SASL over plain TCP).</summary>
internal sealed class ProtectableConnection(ITransportConnection inner) : IProtectableConnection
{
    private ProtectedStream? _stream;
    private LayerInput? _input;

    public ClientIdentity Peer => inner.Peer;

    public PipeReader Input => _input?.Reader ?? inner.Input;

    public void Protect(ISecurityLayer layer)
    {
        _stream = new ProtectedStream(new ConnectionStream(inner), layer);
        _input = new LayerInput(_stream);
    }

    public void RetainInput()
    {
        _input?.Retain();
        inner.RetainInput();
    }

    public async ValueTask<bool> WriteAsync(ReadOnlyMemory<byte> data)
    {
        if (_stream is null)
        {
            return await inner.WriteAsync(data).ConfigureAwait(false);
        }

        try
        {
            await _stream.WriteAsync(data).ConfigureAwait(false);
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    public void Abort() => inner.Abort();

    public async ValueTask DisposeAsync()
    {
        inner.Abort();
        if (_input is not null)
        {
            await _input.Reader.CompleteAsync().ConfigureAwait(false);
            await _stream!.DisposeAsync().ConfigureAwait(false);
        }

        await inner.DisposeAsync().ConfigureAwait(false);
    }
}
