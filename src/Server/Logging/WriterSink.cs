namespace Cistern.Server.Logging;

/// <summary>Lines for a writer, which is its owner's.</summary>
internal sealed class WriterSink(TextWriter output) : ILogSink
{
    public void Write(in LogEntry entry)
    {
        output.WriteLine(entry.ToLine());
        output.Flush();
    }

    public void Dispose()
    {
    }
}
