namespace Cistern.Benchmarks.SideBySide.Wire;

/// <summary>A daemon answered a call or a stream with an error.</summary>
internal sealed class RemoteCallException(int code, int domain, string? message) : Exception($"{code}/{domain} {message}");
