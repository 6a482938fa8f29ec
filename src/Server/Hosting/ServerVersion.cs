using System.Reflection;

namespace Cistern.Server.Hosting;

/// <summary>The versions that the server states about itself.</summary>
public static class ServerVersion
{
    /// <summary>Cistern's own version, as set for the build.</summary>
    public static string Text { get; } =
        typeof(ServerVersion).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];
}
