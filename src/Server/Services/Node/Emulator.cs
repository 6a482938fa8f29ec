namespace Cistern.Server.Services.Node;

/// <summary>An installed QEMU for the host's architecture. <paramref name="Version"/> = major * 1000000 + minor * 1000 + release.</summary>
public sealed record Emulator(string Path, ulong Version);
