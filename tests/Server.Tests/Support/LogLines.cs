using System.Collections.Concurrent;
using Cistern.Server.Rpc;
using Microsoft.Extensions.Logging;

namespace Cistern.Server.Tests.Support;

/// <summary>Keeps what is logged.</summary>
internal sealed class LogLines : ILogger<RpcServer>
{
    public ConcurrentQueue<(int Id, Exception? Exception)> Lines { get; } = new();

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        Lines.Enqueue((eventId.Id, exception));
}
