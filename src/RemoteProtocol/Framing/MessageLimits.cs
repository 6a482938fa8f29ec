namespace Cistern.RemoteProtocol.Framing;

/// <summary>What a peer may send.</summary>
/// <param name="MaxLength">The largest accepted length word in bytes, the word itself included.</param>
public sealed record MessageLimits(int MaxLength)
{
    /// <summary>The protocol's own limit: 32 MiB and the length word.</summary>
    public static MessageLimits Default { get; } = new(FramingConstants.MessageLenMax + FramingConstants.MessageMax);
}
