namespace Cistern.Server.Logging;

/// <summary>Kinds of places that messages go to.</summary>
public enum LogDestination
{
    Stderr,
    Syslog,
    File,
    Journald,
}
