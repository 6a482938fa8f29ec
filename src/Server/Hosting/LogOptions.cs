using System.Collections.Immutable;
using Cistern.Server.Logging;

namespace Cistern.Server.Hosting;

/// <summary>What is logged where at first.</summary>
public sealed record LogOptions
{
    /// <summary><c>log_filters</c>.</summary>
    public ImmutableArray<LogFilter> Filters { get; init; } = [];

    /// <summary><c>log_outputs</c>; none: the standard error.</summary>
    public ImmutableArray<LogOutput> Outputs { get; init; } = [];
}
