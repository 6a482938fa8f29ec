namespace Cistern.Storage.Commands;

/// <summary>The table of every tool that may be run, each resolved once to an absolute path.</summary>
public sealed class HostTools;
