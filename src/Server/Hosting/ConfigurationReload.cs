using System.ComponentModel;
using Microsoft.Extensions.Logging;

namespace Cistern.Server.Hosting;

/// <summary>Reads the configuration file again for a running server.</summary>
/// <param name="commandLine">The options without the file.</param>
/// <param name="apply">Takes over what can change at run time.</param>
internal sealed class ConfigurationReload(ServerOptions commandLine, Action<ServerOptions> apply, ILogger log)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, ConfigurationSetting> _started = SettingsOf(ConfigurationFile.Read(commandLine));

    /// <summary>A file with a mistake changes nothing. What needs a restart is named, as long as it differs from what the server was started with.</summary>
    public void Run()
    {
        lock (_gate)
        {
            try
            {
                var file = ConfigurationFile.Read(commandLine);
                apply(file is var (path, text) ? ConfigurationFile.Apply(commandLine, path, text) : commandLine);
                var settings = SettingsOf(file);
                var waiting = _started.Keys.Union(settings.Keys).Where(key => !ConfigurationFile.IsReloaded(key) && Differ(key, settings)).Order().ToList();
                log.Reloaded(file?.Path ?? "the defaults");
                if (waiting.Count > 0)
                {
                    log.NeedRestart(string.Join(", ", waiting));
                }
            }
            catch (Exception bad) when (bad is FormatException or IOException or UnauthorizedAccessException or Win32Exception)
            {
                log.NotReloaded(bad.Message);
            }
        }
    }

    private static Dictionary<string, ConfigurationSetting> SettingsOf((string Path, string Text)? file) =>
        file is var (path, text) ? ConfigurationText.Parse(path, text).ToDictionary(setting => setting.Key) : [];

    private bool Differ(string key, Dictionary<string, ConfigurationSetting> settings) =>
        !_started.TryGetValue(key, out var before) || !settings.TryGetValue(key, out var after) || !before.HasValueOf(after);
}
