namespace Cistern.Storage.Backends.Disk;

/// <summary>What is known of a running pool's disk.</summary>
internal sealed class DiskSession : IPoolSession
{
    private volatile KnownTable? _known;

    /// <summary>The table that was made out of the same bytes; null: parted has to be asked.</summary>
    public PartitionTable? Find(byte[] digest) => _known is { } known && known.Digest.AsSpan().SequenceEqual(digest) ? known.Table : null;

    public void Remember(byte[] digest, PartitionTable table) => _known = new KnownTable(digest, table);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private sealed record KnownTable(byte[] Digest, PartitionTable Table);
}
