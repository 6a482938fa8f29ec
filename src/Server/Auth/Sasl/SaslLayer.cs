using Cistern.Server.Transport;

namespace Cistern.Server.Auth.Sasl;

/// <summary>The security layer that an exchange has agreed on.</summary>
internal sealed class SaslLayer(SaslSession session) : ISecurityLayer
{
    public int MaxPlainBytes { get; } = Math.Max(1, session.MaxOutput());

    public byte[] Wrap(ReadOnlySpan<byte> plain)
    {
        try
        {
            return session.Encode(plain);
        }
        catch (SaslException exception)
        {
            throw new IOException(exception.Message, exception);
        }
    }

    public byte[] Unwrap(ReadOnlySpan<byte> wrapped)
    {
        try
        {
            return session.Decode(wrapped);
        }
        catch (SaslException exception)
        {
            throw new IOException(exception.Message, exception);
        }
    }

    public void Dispose() => session.Dispose();
}
