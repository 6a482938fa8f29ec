namespace Cistern.Storage.Host;

/// <summary>A part of a file, in bytes; <paramref name="End"/> is the first byte after it.</summary>
internal readonly record struct FileRange(long Start, long End);
