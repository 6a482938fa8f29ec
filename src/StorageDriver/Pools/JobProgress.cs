namespace Cistern.Storage.Pools;

/// <summary>How far a job on a volume is; written by the job, read at info and XML time.</summary>
public sealed class JobProgress
{
    private long _allocated;

    /// <summary>Bytes allocated so far.</summary>
    public ulong Allocated
    {
        get => (ulong)Volatile.Read(ref _allocated);
        set => Volatile.Write(ref _allocated, (long)value);
    }
}
