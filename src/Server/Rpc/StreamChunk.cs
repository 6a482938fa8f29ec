namespace Cistern.Server.Rpc;

public enum StreamChunkKind
{
    Data,
    Hole,
    End,
}

/// <summary>A piece of a download; <paramref name="Length"/> in bytes, for data at most the buffer's.</summary>
public readonly record struct StreamChunk(StreamChunkKind Kind, long Length)
{
    public static StreamChunk End => new(StreamChunkKind.End, 0);

    public static StreamChunk Data(int length) => new(StreamChunkKind.Data, length);

    public static StreamChunk Hole(long length) => new(StreamChunkKind.Hole, length);
}
