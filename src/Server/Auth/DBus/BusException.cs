namespace Cistern.Server.Auth.DBus;

/// <summary>A call over the bus that was not answered with a result.</summary>
/// <param name="name">The D-Bus name of the error.</param>
/// <param name="text">What went wrong.</param>
public sealed class BusException(string name, string text) : Exception($"{name}: {text}")
{
    /// <summary>The bus cannot be reached, or the connection to it broke.</summary>
    public const string Disconnected = "org.freedesktop.DBus.Error.Disconnected";

    /// <summary>No answer came within the time limit.</summary>
    public const string NoReply = "org.freedesktop.DBus.Error.NoReply";

    public string Name { get; } = name;
}
