namespace Cistern.RemoteProtocol.Programs;

/// <summary>A permission that a call needs.</summary>
/// <param name="Object">What it is asked of, e.g. <c>storage_pool</c>.</param>
/// <param name="Permission">E.g. <c>getattr</c>.</param>
/// <param name="Flag">The call flag that makes the permission necessary, or null when it always is.</param>
public sealed record AccessRule(string Object, string Permission, string? Flag = null);
