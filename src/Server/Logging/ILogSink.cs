namespace Cistern.Server.Logging;

/// <summary>Takes messages, one call at a time. One that cannot be written is lost, and nobody fails for it.</summary>
internal interface ILogSink : IDisposable
{
    void Write(in LogEntry entry);
}
