namespace Cistern.Server.Auth.DBus;

/// <summary>A method of a service on the bus.</summary>
internal sealed record BusMethod(string Destination, string Path, string Interface, string Member);
